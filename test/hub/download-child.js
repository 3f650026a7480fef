// Downloads one repository in a process of its own and prints the commit; for tests that kill it, or run two at once.
const [hub, endpoint, cacheDir, id] = /** @type {[string, string, string, string]} */ (process.argv.slice(2));
const { openHubRepository } = /** @type {typeof import("../../src/hub/index.ts")} */ (await import(hub));
const { commit, files } = await openHubRepository(id, { endpoint, cacheDir, token: null, retryDelay: 0.001 });
await files.close?.();
process.stdout.write(commit);
