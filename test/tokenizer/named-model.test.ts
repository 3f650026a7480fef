import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findCheckpoint } from "../../src/entries/hub.ts";
import { AudioTokenizer, CheckpointError, IntegrityError, optionsForNamed, pullModel } from "../../src/index.ts";
import type { HubModelOptions } from "../../src/index.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { hubFixture, mini24Folder, tinyFolder } from "../hub/hub-fixture.ts";
import type { HubFixture } from "../hub/hub-fixture.ts";
import { commitOf, folderRepository } from "../hub/hub-server.ts";

const official = findCheckpoint("24khz")!;
const foreign = "f".repeat(40);
const digest = "d".repeat(64);

function reach({ server, cacheDir }: HubFixture): HubModelOptions {
  return { endpoint: server.endpoint, cacheDir, token: null };
}

/** Why a name is not followed. */
async function refusal(
  model: string,
  rest: { readonly revision?: string | null; readonly digest?: string | null } = {},
  cacheDir = "/nonexistent",
): Promise<string> {
  const error = await optionsForNamed({ model, revision: null, digest: null, ...rest }, { cacheDir }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error).toMatchObject({ code: "CHECKPOINT_NOT_CHOSEN" });
  return (error as Error).message;
}

describe("a model that a file names", () => {
  test.each([
    ["tiny", null, {}],
    ["24khz", null, {}],
    [official.id, null, {}],
    [official.id.toUpperCase(), official.revision, { revision: official.revision, exact: false }],
    ["suno/bark", null, {}],
    ["torchhub:encodec_24khz-d7cc33bc.th", null, {}],
  ])("is loaded as before if the catalogue knows it: %s at %s", async (model, revision, options) => {
    expect(await optionsForNamed({ model, revision, digest: null }, { cacheDir: "/nonexistent" })).toEqual(options);
  });

  test.each([
    ["a commit that anybody may have proposed", foreign],
    ["a branch", "main"],
    ["a proposal", "refs/pr/7"],
    ["a revision that leaves the cache", "../../other/refs/main"],
    ["nothing", ""],
  ])("is not followed in the catalogue to %s", async (_, revision) => {
    expect(await refusal(official.id, { revision })).toContain(
      `is in the catalogue at another commit, and not in the cache at this one. A file that names a model does not get it loaded; if you trust this one, name it yourself (--model ${official.id} --revision ${revision || "''"})`,
    );
  });

  test.each([
    "evil/enc",
    "evil",
    "../evil",
    "evil/../enc",
    "https://evil.example/enc",
    "C:\\evil",
    "",
    "tiny-v0",
    "known\u0000",
    "constructor",
    "a/b/c",
  ])("is not followed anywhere else: %j", async (model) => {
    expect(await refusal(model)).toContain("is neither in the catalogue nor, with its weights, in the cache");
    const word = /^[\w./:-]+$/u.test(model) ? model : `'${model}'`;
    expect(await refusal(model, { revision: foreign, digest })).toContain(`name it yourself (--model ${word} --revision ${foreign})`);
  });

  test.each([
    ["x; rm -rf ~", "'x; rm -rf ~'"],
    ["$(rm -rf ~)", "'$(rm -rf ~)'"],
    ["x' ; rm -rf ~ #", "'x'\\'' ; rm -rf ~ #'"],
    ["--help", "'--help'"],
  ])("is one word of the command that is advised: %j", async (model, word) => {
    expect(await refusal(model, { revision: model })).toContain(`(--model ${word} --revision ${word})`);
  });

  test("is told in a line, however long it is", async () => {
    expect((await refusal("x".repeat(1_000_000), { revision: "y".repeat(1_000_000) })).length).toBeLessThan(1500);
  });
});

describe("a path that a file names", () => {
  test("is followed only if the file says which weights are there", async () => {
    expect(await optionsForNamed({ model: mini24Folder, revision: null, digest }, {})).toEqual({});
    expect(await refusal(mini24Folder)).toContain("is a path, and nothing says which weights are to be there");
  });

  test.each(["\\\\host\\share\\model", "//host/share/model", `/${mini24Folder}`, "\\\\?\\C:\\model"])(
    "is not even looked at on another machine: %s",
    async (model) => {
      expect(await refusal(model, { digest })).toContain("is neither in the catalogue");
    },
  );

  test("whose weights are others now does not decode the codes, which are told apart by their digest", async () => {
    const folder = await temporaryFolder();
    await cp(mini24Folder, join(folder, "model"), { recursive: true });
    await using before = await AudioTokenizer.fromPretrained(join(folder, "model"), { threads: 1 });
    const codes = await before.encode({ channelData: [new Float32Array(640)], sampleRate: 24_000 }, { numCodebooks: 2 });
    await rm(join(folder, "model"), { recursive: true });
    await cp(tinyFolder, join(folder, "model"), { recursive: true });
    await using after = await AudioTokenizer.fromPretrained(join(folder, "model"), { threads: 1 });
    await expect(after.decode(codes)).rejects.toThrow(
      new RegExp(
        `other weights had this name then, SHA-256 ${before.provenance.digest}; these have ${after.provenance.digest}\\. Load the file that they were made with`,
        "u",
      ),
    );
    // By another name the same weights may be there in another format.
    await expect(before.decode({ ...codes, provenance: { ...codes.provenance, model: "elsewhere", digest } })).resolves.toMatchObject({
      sampleRate: 24_000,
    });
  });
});

describe("a repository that the cache holds", () => {
  test("is loaded from there, and no server is asked", async () => {
    await using hub = await hubFixture({ "org/codec": folderRepository(mini24Folder) });
    const { commit } = await pullModel("org/codec", reach(hub));
    for (const revision of [null, commit]) {
      const options = await optionsForNamed({ model: "org/codec", revision, digest: null }, reach(hub));
      expect(options).toMatchObject({ offline: true });
      hub.server.requests.length = 0;
      await using tokenizer = await AudioTokenizer.fromPretrained("org/codec", { ...reach(hub), ...options, threads: 1 });
      expect(tokenizer.provenance).toMatchObject({ model: "org/codec", revision: commit });
      expect(hub.server.requests).toEqual([]);
    }
    expect(await refusal("org/codec", { revision: foreign }, hub.cacheDir)).toContain(
      "is neither in the catalogue nor, with its weights, in the cache",
    );
  });

  test("is not one of which it has the card only, because another card named it", async () => {
    await using hub = await hubFixture({ "org/codec": folderRepository(mini24Folder) });
    const { path } = await pullModel("org/codec", reach(hub));
    await rm(join(path, "model.safetensors"));
    await refusal("org/codec", {}, hub.cacheDir);
  });

  test("is refused if its weights are not those that they are stored as", async () => {
    await using hub = await hubFixture({ "org/codec": folderRepository(mini24Folder) });
    const { path } = await pullModel("org/codec", reach(hub));
    await writeFile(join(path, "model.safetensors"), "damaged");
    await expect(optionsForNamed({ model: "org/codec", revision: null, digest: null }, reach(hub))).rejects.toBeInstanceOf(IntegrityError);
  });

  test("may be a catalogued one at a commit of one's own choice", async () => {
    const repository = folderRepository(mini24Folder);
    await using hub = await hubFixture({ [official.id]: repository });
    const revision = commitOf(repository);
    await refusal(official.id, { revision }, hub.cacheDir);
    await pullModel(official.id, { ...reach(hub), revision });
    expect(await optionsForNamed({ model: official.id, revision, digest: null }, reach(hub))).toEqual({ revision, exact: false });
    await refusal(official.id, { revision: "main" }, hub.cacheDir);
  });

  test("is none where the cache has a file in its place", async () => {
    const cacheDir = await temporaryFolder();
    await mkdir(join(cacheDir, "models--facebook--encodec_24khz/snapshots"), { recursive: true });
    await writeFile(join(cacheDir, "models--facebook--encodec_24khz/snapshots", foreign), "");
    await refusal(official.id, { revision: foreign }, cacheDir);
  });
});
