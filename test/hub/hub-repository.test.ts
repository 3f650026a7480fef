import { readFileSync } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { openHub, openHubRepository } from "../../src/hub/hub.ts";
import { filesBelow, hubFixture, mini16Folder, mini24Folder, tinyFolder, tinyId } from "./hub-fixture.ts";
import { commitOf, folderRepository, gitOidOf, sha256Of } from "./hub-server.ts";

const hashed = vi.hoisted(() => ({ bytes: 0 }));
vi.mock("../../src/hub/file-digest.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/hub/file-digest.ts")>();
  const createHasher: typeof original.createHasher = (...args) => {
    const hasher = original.createHasher(...args);
    return {
      ...hasher,
      update(bytes) {
        hashed.bytes += bytes.length;
        return hasher.update(bytes);
      },
      hex: () => hasher.hex(),
    };
  };
  return { ...original, createHasher };
});

const tinyWeights = new Uint8Array(readFileSync(join(tinyFolder, "model.safetensors")));

test("a repository is downloaded, verified and opened as a checkpoint", async () => {
  await using hub = await hubFixture();
  const commit = commitOf(hub.server.repositories.get(tinyId)!);
  const repository = await openHubRepository(tinyId, hub.options);
  expect(repository).toMatchObject({ id: tinyId, revision: "main", commit, from: "hub" });
  expect(repository.sha256).toEqual(new Map([["model.safetensors", sha256Of(tinyWeights)]]));
  expect(repository.cardText).toBe(await readFile(join(tinyFolder, "README.md"), "utf8"));
  const checkpoint = await openCheckpoint(repository.files);
  expect(checkpoint.config.samplingRate).toBe(24_000);
  expect(checkpoint.info.files).toEqual(["config.json", "model.safetensors"].map((name) => join(repository.snapshotPath, name)));
  await checkpoint.close();
});

test("the cache has the folders that Python's client makes: blobs by digest, relative links by commit, refs by branch", async () => {
  await using hub = await hubFixture();
  const repository = hub.server.repositories.get(tinyId)!;
  const commit = commitOf(repository);
  await openHubRepository(tinyId, hub.options);
  const digests = Object.entries(repository.files).map(([name, bytes]) =>
    name === "model.safetensors" ? sha256Of(bytes) : gitOidOf(bytes),
  );
  expect(await filesBelow(hub.cacheDir)).toEqual(
    [
      ...digests.map((digest) => `models--org--tiny/blobs/${digest}`),
      `models--org--tiny/.codec/${commit}.json`,
      "models--org--tiny/refs/main",
      ...Object.keys(repository.files).map((name) => `models--org--tiny/snapshots/${commit}/${name}`),
    ].toSorted(),
  );
  expect(await readFile(join(hub.cacheDir, "models--org--tiny/refs/main"), "utf8")).toBe(commit);
  expect(await readlink(join(hub.cacheDir, `models--org--tiny/snapshots/${commit}/model.safetensors`))).toBe(
    `../../blobs/${sha256Of(tinyWeights)}`,
  );
  const blob = join(hub.cacheDir, "models--org--tiny/blobs", sha256Of(tinyWeights));
  expect((await lstat(blob)).isFile()).toBe(true);
  expect(sha256Of(await readFile(blob))).toBe(sha256Of(tinyWeights));
});

test("only the files that the codec needs are downloaded", async () => {
  const { files, lfs } = folderRepository(mini24Folder);
  const extra = { "pytorch_model.bin": Uint8Array.of(1), "state_dict.bin": Uint8Array.of(2), "assets.zip": Uint8Array.of(3) };
  await using hub = await hubFixture({ "org/mini": { files: { ...files, ...extra }, lfs: [...lfs, ...Object.keys(extra)] } });
  const { files: folder } = await openHubRepository("org/mini", hub.options);
  expect(await folder.list()).toEqual(["config.json", "preprocessor_config.json", "model.safetensors"]);
  const asked = new Set(
    hub.server
      .paths("hub")
      .filter((path) => path.includes("/resolve/"))
      .map((path) => path.split("/").at(-1)),
  );
  expect(asked).toEqual(new Set(["config.json", "preprocessor_config.json", "model.safetensors"]));
});

test("a repository of audiocraft is opened from its compression_state_dict.bin", async () => {
  await using hub = await hubFixture({ "org/audiogen": folderRepository(mini16Folder) });
  const { files } = await openHubRepository("org/audiogen", hub.options);
  const checkpoint = await openCheckpoint(files);
  expect(checkpoint.config.samplingRate).toBe(16_000);
  await checkpoint.close();
});

test("a description is had without touching the weights", async () => {
  await using hub = await hubFixture({
    [tinyId]: folderRepository(tinyFolder, { cardData: { license: "mit" }, tags: ["license:mit", "encodec"] }),
  });
  const description = await openHub(hub.options).describe(tinyId);
  expect(description.info).toEqual({ id: tinyId, cardData: { license: "mit" }, tags: ["license:mit", "encodec"], gated: false });
  expect(description.weights).toEqual([
    { name: "model.safetensors", bytes: tinyWeights.byteLength, digest: { algorithm: "sha256", hex: sha256Of(tinyWeights) } },
  ]);
  expect(hub.server.paths("storage")).toEqual([]);
  const repository = await description.fetch();
  expect(await (await repository.files.open("model.safetensors"))!.read(0, 8)).toEqual(tinyWeights.subarray(0, 8));
  await repository.files.close?.();
});

test("a second load downloads nothing", async () => {
  await using hub = await hubFixture();
  await openHubRepository(tinyId, hub.options);
  hub.server.requests.length = 0;
  await openHubRepository(tinyId, hub.options);
  const commit = commitOf(hub.server.repositories.get(tinyId)!);
  expect(hub.server.paths("hub")).toEqual([`/api/models/${tinyId}/revision/main`, `/api/models/${tinyId}/tree/${commit}`]);
});

test("a whole commit that is cached needs no server at all", async () => {
  await using hub = await hubFixture();
  const { commit, info } = await openHubRepository(tinyId, hub.options);
  hub.server.requests.length = 0;
  hashed.bytes = 0;
  const repository = await openHubRepository(tinyId, { ...hub.options, revision: commit });
  expect(repository).toMatchObject({ commit, from: "cache", info });
  expect(hashed.bytes).toBe(tinyWeights.length);
  expect(repository.sha256).toEqual(new Map([["model.safetensors", sha256Of(tinyWeights)]]));
  expect(hub.server.requests).toEqual([]);
});

test("progress counts the bytes of the weights and ends at their length", async () => {
  await using hub = await hubFixture();
  const seen: number[] = [];
  await openHubRepository(tinyId, {
    ...hub.options,
    onProgress({ file, done, total }) {
      expect({ file, total }).toEqual({ file: "model.safetensors", total: tinyWeights.byteLength });
      seen.push(done);
    },
  });
  expect(seen.at(0)).toBe(0);
  expect(seen.at(-1)).toBe(tinyWeights.byteLength);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test("a file that the Hub offers by its chunk protocol is read by plain HTTP all the same", async () => {
  await using hub = await hubFixture();
  const links = ["xet-auth", "xet-reconstruction-info"].map((rel) => `<${hub.server.storage}/${rel}>; rel="${rel}"`).join(", ");
  const headers = {
    "content-type": "application/vnd.xet-fileinfo+json",
    "x-xet-hash": "e".repeat(64),
    "x-linked-size": String(tinyWeights.byteLength),
    "x-linked-etag": `"${sha256Of(tinyWeights)}"`,
    link: links,
  };
  hub.server.spoil(/hub .*model\.safetensors/u, { status: 200, headers, body: "{}", ignoresRange: true }, 1);
  await openHubRepository(tinyId, hub.options);
  expect(hub.server.paths("storage")).toEqual([`/${sha256Of(tinyWeights)}`]);
});

test("a fetch of one's own sends every request", async () => {
  await using hub = await hubFixture();
  let sent = 0;
  const fetch: typeof globalThis.fetch = (input, init) => {
    sent++;
    return globalThis.fetch(input, init);
  };
  await openHubRepository(tinyId, { ...hub.options, fetch });
  expect(sent).toBe(hub.server.requests.length);
});

test("a Hub stays what options and environment said when it was opened", async () => {
  await using hub = await hubFixture();
  const { cacheDir } = hub;
  const { cacheDir: _, ...options } = hub.options;
  const env: Record<string, string> = { HF_HUB_CACHE: cacheDir };
  const opened = openHub({ ...options, env });
  env["HF_HUB_CACHE"] = join(cacheDir, "other");
  env["HF_HUB_OFFLINE"] = "1";
  const { files, snapshotPath } = await (await opened.describe(tinyId)).fetch();
  await files.close?.();
  expect(snapshotPath).toContain(cacheDir);
  expect(await readdir(cacheDir)).not.toContain("other");
});
