import { cp, mkdir, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recognised } from "../../src/catalogue/catalogue-entries.ts";
import { formatSafetensors } from "../../src/checkpoint/index.ts";
import { findCheckpoint } from "../../src/entries/hub.ts";
import { AudioTokenizer, inspectModel, IntegrityError, LicenseError, pullModel } from "../../src/index.ts";
import type { CatalogueEntry } from "../../src/entries/hub.ts";
import type { HubModelOptions } from "../../src/index.ts";
import { goldenTensors } from "../checkpoint/fixtures.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";
import { hubFixture, mini24Folder, tinyFolder } from "../hub/hub-fixture.ts";
import type { HubFixture } from "../hub/hub-fixture.ts";
import { commitOf, sha256Of } from "../hub/hub-server.ts";

const weights = await readFile(join(mini24Folder, "model.safetensors"));
const config = await readFile(join(mini24Folder, "config.json"));

/** Weights that differ from them in a bit, so that nobody knows them. */
const unknown = Uint8Array.from(weights, (byte, index) => (index === weights.length - 1 ? byte ^ 1 : byte));

/** The shards of the same weights. */
const tensors = [...(await goldenTensors("mini-24khz"))];
const shards = [tensors.slice(0, 100), tensors.slice(100)].map((part) => formatSafetensors(new Map(part)));

// For these tests, the small checkpoint and its shards are catalogued as facebook/encodec_32khz is: under CC-BY-NC-4.0, settled.
const official = findCheckpoint("facebook/encodec_32khz")!;
(recognised as CatalogueEntry[]).push({
  ...official,
  id: "known/codec",
  aliases: [],
  revision: null,
  files: [weights, ...shards].map((bytes, index) => ({
    path: `${index}`,
    size: bytes.length,
    sha256: sha256Of(bytes),
    confidence: "confirmed",
  })),
  license: { ...official.license, subject: "known/codec", revision: null },
});

const mit = "---\nlicense: mit\n---\n# Free for all\n";
const contested = { effective: "CC-BY-NC-4.0 AND MIT", status: "contested" } as const;

function reach({ server, cacheDir }: HubFixture): HubModelOptions {
  return { endpoint: server.endpoint, cacheDir, token: null };
}

/** How loading under a policy that wants free weights ends. */
async function refusal(source: string, options: HubModelOptions = {}): Promise<LicenseError> {
  const error = await AudioTokenizer.fromPretrained(source, { licensePolicy: "commercial", threads: 1, ...options }).then(
    (tokenizer) => tokenizer.dispose(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LicenseError);
  return error as LicenseError;
}

describe("weights on disk keep their license", () => {
  test.each<readonly [string, Readonly<Record<string, Uint8Array | string>>, string]>([
    ["in a folder whose card says MIT", { "a/config.json": config, "a/model.safetensors": weights, "a/README.md": mit }, "a"],
    ["in a file of another name", { "a/config.json": config, "a/mine.bin": weights, "a/README.md": mit }, "a/mine.bin"],
    ["in shards", { "a/config.json": config, "a/README.md": mit, ...shardFiles("a") }, "a"],
  ])("%s", async (_, files, name) => {
    const folder = await temporaryFolder();
    await writeTree(folder, files);
    const { record } = await refusal(join(folder, name));
    expect(record).toMatchObject({ ...contested, subject: join(folder, name) });
    expect(record.evidence).toContainEqual(
      expect.objectContaining({ source: "known/codec", fact: expect.stringContaining("asks for less than CC-BY-NC-4.0") }),
    );
    expect(await inspectModel(join(folder, name))).toMatchObject({ license: contested });
  });

  test("behind a link, and with the digest in every file of codes", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "a/config.json": config, "a/README.md": mit, b: weights });
    await symlink(join(folder, "b"), join(folder, "a/model.safetensors"));
    await refusal(join(folder, "a"));
    await using tokenizer = await AudioTokenizer.fromPretrained(join(folder, "a"), { threads: 1 });
    const { provenance } = await tokenizer.encode({ channelData: [new Float32Array(320)], sampleRate: 24_000 });
    expect(provenance).toMatchObject({ digest: sha256Of(weights), license: contested.effective, licenseStatus: "contested" });
  });

  test("without a card, where they are as sure as the catalogue is", async () => {
    const { license } = await inspectModel(mini24Folder);
    expect(license).toMatchObject({ effective: "CC-BY-NC-4.0", status: "settled" });
  });

  test("and weights that nobody knows have what their card says", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "a/config.json": config, "a/model.safetensors": unknown, "a/README.md": mit });
    const { license, provenance } = await inspectModel(join(folder, "a"), { licensePolicy: "commercial" });
    expect({ license, provenance }).toMatchObject({
      license: { effective: "MIT", status: "settled" },
      provenance: { digest: sha256Of(unknown) },
    });
  });

  test("the embedded checkpoint has the same digest by path as by name", async () => {
    const [named, byPath] = await Promise.all(["tiny", tinyFolder].map((source) => inspectModel(source)));
    expect(byPath!.provenance.digest).toBe(named!.provenance.digest);
  });
});

describe("weights in the cache of the Hub keep their license", () => {
  const files = { "config.json": config, "model.safetensors": weights, "README.md": Buffer.from(mit) };
  const repository = { files, lfs: ["model.safetensors"], cardData: { license: "mit" }, tags: ["license:mit"] };
  const blobs = "models--org--copy/blobs";

  test("as the Hub lists them", async () => {
    await using hub = await hubFixture({ "org/copy": repository });
    expect((await refusal("org/copy", reach(hub))).record).toMatchObject(contested);
    expect(hub.server.paths("storage")).toEqual([]);
  });

  test.each([
    ["offline", { offline: true }],
    ["by their commit", { revision: commitOf(repository) }],
  ])("%s, as links and as copies", async (_, options) => {
    await using hub = await hubFixture({ "org/copy": repository });
    const { path } = await pullModel("org/copy", reach(hub));
    const pointer = join(path, "model.safetensors");
    const toCopy = async (): Promise<void> => {
      await rm(pointer);
      await writeFile(pointer, weights);
    };
    for (const change of [async () => {}, toCopy]) {
      await change();
      hub.server.requests.length = 0;
      expect((await refusal("org/copy", { ...reach(hub), ...options })).record).toMatchObject(contested);
      expect(hub.server.requests).toEqual([]);
    }
  });

  test("also without what the Hub once said of them, as Python leaves a cache of copies", async () => {
    await using hub = await hubFixture();
    const commit = "1".repeat(40);
    const folder = join(hub.cacheDir, "models--org--copy");
    await mkdir(join(folder, "refs"), { recursive: true });
    await writeFile(join(folder, "refs/main"), commit);
    await cp(mini24Folder, join(folder, "snapshots", commit), { recursive: true });
    await writeFile(join(folder, "snapshots", commit, "README.md"), mit);
    expect((await refusal("org/copy", { ...reach(hub), offline: true })).record).toMatchObject(contested);
  });

  test("under a name that is another digest, which is refused", async () => {
    await using hub = await hubFixture({ "org/copy": repository });
    const { path } = await pullModel("org/copy", reach(hub));
    const pointer = join(path, "model.safetensors");
    const blob = await realpath(pointer);
    const forged = join(hub.cacheDir, blobs, "a".repeat(64));
    await rename(blob, forged);
    await rm(pointer);
    await symlink(forged, pointer);
    const error = await AudioTokenizer.fromPretrained("org/copy", { ...reach(hub), offline: true }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(IntegrityError);
    expect((error as Error).message).toContain(
      `has digest ${sha256Of(weights)}, expected ${"a".repeat(64)}; remove it with \`encodec-tokenizer cache remove org/copy\``,
    );
  });

  test("where the listing has no SHA-256, once they are there, before anything is read of them", async () => {
    await using hub = await hubFixture({ "org/copy": { ...repository, lfs: [] } });
    for (const load of [
      () => refusal("org/copy", reach(hub)),
      () => pullModel("org/copy", { ...reach(hub), licensePolicy: "commercial" }).catch((error: unknown) => error as LicenseError),
    ]) {
      const error = await load();
      expect(error).toBeInstanceOf(LicenseError);
      expect((error as LicenseError).record).toMatchObject(contested);
    }
  });

  test("at a commit that the catalogue has as another's", async () => {
    const { id, revision } = findCheckpoint("24khz")!;
    const commit = revision!;
    await using hub = await hubFixture({ [id]: { ...repository, commit } });
    const model = await inspectModel(id, reach(hub));
    expect(model.provenance).toMatchObject({ model: id, revision: commit, digest: sha256Of(weights) });
    expect(model.license.evidence.map(({ source }) => source)).toContain("known/codec");
    // Other weights there, which nobody knows, have the record of the commit.
    await using other = await hubFixture({ [id]: { ...repository, commit, files: { ...files, "model.safetensors": unknown } } });
    expect((await inspectModel(id, reach(other))).license).toBe(findCheckpoint(id)!.license);
  });

  test("behind a base model of which the cache has copies only", async () => {
    await using hub = await hubFixture();
    const commit = "2".repeat(40);
    for (const [id, card] of [
      ["org--copy", mit],
      ["org--fine", "---\nlicense: mit\nbase_model: org/copy\n---\n"],
    ] as const) {
      const folder = join(hub.cacheDir, `models--${id}`);
      await mkdir(join(folder, "refs"), { recursive: true });
      await writeFile(join(folder, "refs/main"), commit);
      await cp(id === "org--copy" ? mini24Folder : tinyFolder, join(folder, "snapshots", commit), { recursive: true });
      await writeFile(join(folder, "snapshots", commit, "README.md"), card);
    }
    expect((await refusal("org/fine", { ...reach(hub), offline: true })).record).toMatchObject(contested);
  });
});

function shardFiles(folder: string): Readonly<Record<string, Uint8Array | string>> {
  const names = shards.map((_, index) => `model-0000${index + 1}-of-00002.safetensors`);
  const weightMap = Object.fromEntries(tensors.map(([name], index) => [name, names[index < 100 ? 0 : 1]!]));
  return {
    [`${folder}/model.safetensors.index.json`]: JSON.stringify({ weight_map: weightMap }),
    ...Object.fromEntries(names.map((name, index) => [`${folder}/${name}`, shards[index]!])),
  };
}
