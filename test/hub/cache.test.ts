import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scanCacheDir } from "@huggingface/hub";
import { expect, test } from "vitest";
import { listCache, removeCached, verifyCached } from "../../src/hub/cache.ts";
import { openHubRepository } from "../../src/hub/hub.ts";
import { filesBelow, hubFixture, mini16Folder, mini24Folder, tinyFolder, tinyId } from "./hub-fixture.ts";
import type { HubFixture } from "./hub-fixture.ts";
import { commitOf, folderRepository, sha256Of } from "./hub-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const tiny = folderRepository(tinyFolder);
const sizeOf = (files: Readonly<Record<string, Uint8Array>>): number =>
  Object.values(files).reduce((sum, bytes) => sum + bytes.byteLength, 0);
const weightsDigest = sha256Of(tiny.files["model.safetensors"]!);

/** Length of what is kept of the Hub's answers about a repository, or about one commit of it. */
async function keptBytes(hub: HubFixture, commit = ""): Promise<number> {
  const folder = join(hub.cacheDir, "models--org--tiny", ".codec");
  const names = (await filesBelow(folder)).filter((name) => name.startsWith(commit));
  return (await Promise.all(names.map((name) => stat(join(folder, name))))).reduce((sum, { size }) => sum + size, 0);
}

/** Two commits of one repository, which differ in their cards only. */
async function twoCommits(hub: HubFixture): Promise<{ first: string; second: string }> {
  const { commit: first } = await openHubRepository(tinyId, hub.options);
  const card = new TextEncoder().encode("---\nlicense: mit\n---\n");
  hub.server.repositories.set(tinyId, { ...tiny, files: { ...tiny.files, "README.md": card }, branches: ["main", "v2"] });
  await openHubRepository(tinyId, { ...hub.options, revision: "v2" });
  return { first, second: commitOf(hub.server.repositories.get(tinyId)!) };
}

test("the cache lists repositories with commits, branches and bytes, and leaves out what is no codec", async () => {
  await using hub = await hubFixture({ [tinyId]: tiny, "org/mini": folderRepository(mini24Folder) });
  const { first, second } = await twoCommits(hub);
  await openHubRepository("org/mini", hub.options);
  for (const folder of ["models--org--text/snapshots", "datasets--org--speech/snapshots", ".locks", "models--..--x", "models--a"]) {
    await mkdir(join(hub.cacheDir, folder), { recursive: true });
  }
  const listed = await listCache(hub.options);
  expect(listed.map(({ id }) => id)).toEqual(["org/mini", tinyId]);
  const names = ["README.md", "config.json", "model.safetensors", "preprocessor_config.json"];
  expect(listed[1]!.commits).toEqual(
    [
      { commit: first, refs: ["main"], files: names, bytes: sizeOf(tiny.files) },
      { commit: second, refs: ["v2"], files: names, bytes: sizeOf(tiny.files) - tiny.files["README.md"]!.byteLength + 21 },
    ].toSorted((a, b) => (a.commit < b.commit ? -1 : 1)),
  );
  // Shared files lie on the disk once; the two refs take 40 bytes each.
  expect(listed[1]!.bytes).toBe(sizeOf(tiny.files) + 21 + 2 * 40 + (await keptBytes(hub)));
});

test("the client of @huggingface/hub reads the same cache", async () => {
  await using hub = await hubFixture();
  const { commit } = await openHubRepository(tinyId, hub.options);
  const { repos, warnings } = await scanCacheDir(hub.cacheDir);
  expect(warnings).toEqual([]);
  expect(repos).toMatchObject([
    { id: { name: tinyId, type: "model" }, size: sizeOf(tiny.files), revisions: [{ commitOid: commit, refs: ["main"] }] },
  ]);
});

test("an empty or missing cache has nothing in it", async () => {
  await using hub = await hubFixture();
  expect(await listCache(hub.options)).toEqual([]);
  expect(await listCache({ ...hub.options, cacheDir: join(hub.cacheDir, "none") })).toEqual([]);
  expect(await removeCached(tinyId, hub.options)).toBe(0);
  expect(await verifyCached(tinyId, hub.options)).toEqual([]);
});

test("verifying hashes every file anew and names those that changed, which it leaves alone", async () => {
  await using hub = await hubFixture();
  const { snapshotPath, commit } = await openHubRepository(tinyId, hub.options);
  expect((await verifyCached(tinyId, hub.options)).map(({ file, isRight }) => [file, isRight])).toEqual([
    ["README.md", true],
    ["config.json", true],
    ["model.safetensors", true],
    ["preprocessor_config.json", true],
  ]);
  const bytes = await readFile(join(snapshotPath, "model.safetensors"));
  bytes[1_000_000]! ^= 1;
  await writeFile(join(snapshotPath, "model.safetensors"), bytes);
  const wrong = (await verifyCached(tinyId, hub.options)).filter(({ isRight }) => isRight !== true);
  expect(wrong).toEqual([{ commit, file: "model.safetensors", expected: weightsDigest, actual: sha256Of(bytes), isRight: false }]);
  expect((await stat(join(snapshotPath, "model.safetensors"))).size).toBe(bytes.byteLength);
});

test("removing a revision keeps the bytes that another one uses", async () => {
  await using hub = await hubFixture();
  const { first, second } = await twoCommits(hub);
  const [firstKept, secondKept] = [await keptBytes(hub, first), await keptBytes(hub, second)];
  expect(await removeCached(tinyId, { ...hub.options, revision: "v2" })).toBe(21 + 40 + secondKept);
  expect((await listCache(hub.options))[0]!.commits.map(({ commit }) => commit)).toEqual([first]);
  expect((await verifyCached(tinyId, hub.options)).every(({ isRight }) => isRight === true)).toBe(true);
  expect(await removeCached(tinyId, { ...hub.options, revision: second })).toBe(0);
  expect(await removeCached(tinyId, { ...hub.options, revision: first })).toBe(sizeOf(tiny.files) + 40 + firstKept);
  expect(await filesBelow(hub.cacheDir)).toEqual([]);
});

test("removing a repository takes all of it and nothing else", async () => {
  await using hub = await hubFixture({ [tinyId]: tiny, "org/mini": folderRepository(mini24Folder) });
  await openHubRepository(tinyId, hub.options);
  await openHubRepository("org/mini", hub.options);
  const kept = await keptBytes(hub);
  expect(await removeCached(tinyId, hub.options)).toBe(sizeOf(tiny.files) + 40 + kept);
  expect((await listCache(hub.options)).map(({ id }) => id)).toEqual(["org/mini"]);
});

test("a download that did not finish is listed, and can be removed", async () => {
  await using hub = await hubFixture({ "org/audiogen": folderRepository(mini16Folder) });
  hub.server.spoil(/^storage/u, {}, 1); // the first request asks where the bytes are
  hub.server.spoil(/^storage/u, { cutAfter: 700_000 });
  await expect(openHubRepository("org/audiogen", { ...hub.options, maxRetries: 0 })).rejects.toMatchObject({ code: "HUB_INTERRUPTED" });
  const blobs = join(hub.cacheDir, "models--org--text", "blobs"); // Python's own unfinished download of who knows what
  await mkdir(blobs, { recursive: true });
  await writeFile(join(blobs, `${weightsDigest}.incomplete`), "1");
  expect((await listCache(hub.options)).map(({ id }) => id)).toEqual(["org/audiogen"]);
  expect(await removeCached("org/audiogen", hub.options)).toBeGreaterThan(1000);
  expect(await listCache(hub.options)).toEqual([]);
});

test("removing never leaves the cache folder, whatever links or names say", async () => {
  await using hub = await hubFixture();
  const outside = await temporaryFolder();
  await writeFile(join(outside, "precious"), "1");
  const { snapshotPath, commit } = await openHubRepository(tinyId, hub.options);
  await symlink(join(outside, "precious"), join(snapshotPath, "precious"));
  await symlink(outside, join(hub.cacheDir, "models--org--linked"));
  expect(await removeCached("org/linked", hub.options)).toBe(0);
  await removeCached(tinyId, { ...hub.options, revision: commit });
  await removeCached(tinyId, hub.options);
  for (const id of ["..", "../outside", "a/../../b", "/"]) await expect(removeCached(id, hub.options)).rejects.toBeInstanceOf(TypeError);
  expect(await removeCached(tinyId, { ...hub.options, revision: "../../x" })).toBe(0);
  expect(await readFile(join(outside, "precious"), "utf8")).toBe("1");
});
