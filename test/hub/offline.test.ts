import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { openHubRepository } from "../../src/hub/hub.ts";
import { hubErrorOf, hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import { commitOf, folderRepository, gitOidOf, sha256Of } from "./hub-server.ts";

test("what was loaded once opens offline by branch name, and says which commit it is", async () => {
  await using hub = await hubFixture();
  const online = await openHubRepository(tinyId, hub.options);
  hub.server.requests.length = 0;
  const offline = await openHubRepository(tinyId, { ...hub.options, offline: true });
  expect(offline).toMatchObject({ commit: online.commit, revision: "main", from: "cache", info: online.info, cardText: online.cardText });
  expect(offline.sha256).toEqual(online.sha256);
  expect(hub.server.requests).toEqual([]);
  const checkpoint = await openCheckpoint(offline.files);
  expect(checkpoint.config.samplingRate).toBe(24_000);
  await checkpoint.close();
});

test("a branch is offline the commit that it was when last asked for", async () => {
  await using hub = await hubFixture();
  const { commit: first } = await openHubRepository(tinyId, hub.options);
  const changed = folderRepository(tinyFolder);
  hub.server.repositories.set(tinyId, { ...changed, files: { ...changed.files, "README.md": new TextEncoder().encode("new") } });
  expect((await openHubRepository(tinyId, { ...hub.options, offline: true })).commit).toBe(first);
  const { commit: second } = await openHubRepository(tinyId, hub.options);
  expect(second).not.toBe(first);
  expect((await openHubRepository(tinyId, { ...hub.options, offline: true })).commit).toBe(second);
  const pinned = await openHubRepository(tinyId, { ...hub.options, offline: true, revision: first });
  expect(pinned.cardText).toBe(await readFile(join(tinyFolder, "README.md"), "utf8"));
});

test("a tag, a branch with slashes and a shortened commit are remembered as well", async () => {
  const branches = ["main", "v1.0", "refs/pr/3"];
  await using hub = await hubFixture({ [tinyId]: folderRepository(tinyFolder, { branches }) });
  const commit = commitOf(hub.server.repositories.get(tinyId)!);
  for (const revision of ["v1.0", "refs/pr/3", commit.slice(0, 7)]) {
    await openHubRepository(tinyId, { ...hub.options, revision });
    expect(await openHubRepository(tinyId, { ...hub.options, revision, offline: true })).toMatchObject({ commit, revision });
  }
  expect(await readFile(join(hub.cacheDir, "models--org--tiny", "refs", "refs", "pr", "3"), "utf8")).toBe(commit);
});

test("with the network down, what is cached opens without being told to be offline", async () => {
  await using hub = await hubFixture();
  const { commit } = await openHubRepository(tinyId, hub.options);
  hub.server.spoil(/./u, { status: 503 });
  expect(await openHubRepository(tinyId, { ...hub.options, maxRetries: 0 })).toMatchObject({ commit, from: "cache" });
  await hub.server[Symbol.asyncDispose]();
  expect(await openHubRepository(tinyId, hub.options)).toMatchObject({ commit, from: "cache" });
});

test("a refusal is not taken for an outage: the cache does not answer for a repository that is gone", async () => {
  await using hub = await hubFixture();
  await openHubRepository(tinyId, hub.options);
  hub.server.repositories.delete(tinyId);
  expect(await hubErrorOf(openHubRepository(tinyId, hub.options))).toMatchObject({ code: "HUB_NOT_FOUND" });
});

test("offline and not cached says what is missing and where it was looked for", async () => {
  await using hub = await hubFixture();
  const options = { ...hub.options, offline: true };
  const never = await hubErrorOf(openHubRepository(tinyId, options));
  expect(never.code).toBe("HUB_OFFLINE");
  expect(never.message).toContain(`revision main of ${tinyId} is not in the cache ${hub.cacheDir}`);

  const { commit, snapshotPath } = await openHubRepository(tinyId, hub.options);
  await rm(join(snapshotPath, "model.safetensors"));
  const incomplete = await hubErrorOf(openHubRepository(tinyId, options));
  expect(incomplete.code).toBe("HUB_OFFLINE");
  expect(incomplete.message).toContain(`commit ${commit} with all its weights`);
});

test("what Python's client downloaded is used without being downloaded again", async () => {
  await using hub = await hubFixture();
  const { files } = hub.server.repositories.get(tinyId)!;
  const commit = commitOf(hub.server.repositories.get(tinyId)!);
  const root = join(hub.cacheDir, "models--org--tiny");
  await mkdir(join(root, "blobs"), { recursive: true });
  await mkdir(join(root, "snapshots", commit), { recursive: true });
  await mkdir(join(root, "refs"));
  await writeFile(join(root, "refs", "main"), commit);
  for (const [name, bytes] of Object.entries(files)) {
    const digest = name === "model.safetensors" ? sha256Of(bytes) : gitOidOf(bytes);
    await writeFile(join(root, "blobs", digest), bytes);
    await symlink(join("..", "..", "blobs", digest), join(root, "snapshots", commit, name));
  }
  expect(await openHubRepository(tinyId, { ...hub.options, offline: true })).toMatchObject({ commit, from: "cache" });
  expect(await openHubRepository(tinyId, hub.options)).toMatchObject({ commit, from: "hub" });
  expect(hub.server.paths("hub").filter((path) => path.includes("/resolve/"))).toEqual([]);
});
