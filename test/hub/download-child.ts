// Downloads one repository in a process of its own and prints the commit; for tests that kill it, or run two at once.
import { openHubRepository } from "../../src/hub/index.ts";

const [endpoint = "", cacheDir = "", id = ""] = process.argv.slice(2);
const { commit, files } = await openHubRepository(id, { endpoint, cacheDir, token: null, retryDelay: 0.001 });
await files.close?.();
process.stdout.write(commit);
