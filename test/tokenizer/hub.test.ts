import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { findCheckpoint } from "../../src/entries/hub.ts";
import { AudioTokenizer, CheckpointError, HubError, inspectModel, IntegrityError, LicenseError, pullModel } from "../../src/index.ts";
import type { HubModelOptions, LicenseRecord } from "../../src/index.ts";
import { formatSafetensors } from "../../src/checkpoint/index.ts";
import { goldenConfig, goldenPath, goldenTensors, renamed } from "../checkpoint/fixtures.ts";
import { goldenCases } from "../golden.ts";
import { hubFixture, mini16Folder, mini24Folder, tinyFolder } from "../hub/hub-fixture.ts";
import type { HubFixture } from "../hub/hub-fixture.ts";
import { folderRepository, sha256Of } from "../hub/hub-server.ts";

const encodec24 = findCheckpoint("24khz")!;
const encodec32 = findCheckpoint("32khz")!;

/** The small 24 kHz checkpoint in the place of the official one, at the commit that the catalogue pins. */
const served24 = { [encodec24.id]: folderRepository(mini24Folder, { commit: encodec24.revision! }) };

/** Options that reach the fixture, and neither the network nor the machine's own cache or token. */
function reach({ server, cacheDir }: HubFixture): HubModelOptions {
  return { endpoint: server.endpoint, cacheDir, token: null };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("fromPretrained", () => {
  test("downloads a repository once, and gives the codes of the reference", async () => {
    await using hub = await hubFixture({ "org/codec": folderRepository(mini24Folder) });
    const [golden] = await goldenCases("mini-24khz");
    for (const time of ["first", "second"]) {
      hub.server.requests.length = 0;
      await using tokenizer = await AudioTokenizer.fromPretrained("org/codec", { ...reach(hub), threads: 1 });
      const codes = await tokenizer.encode(golden!.waveform, { bandwidth: 3 });
      expect(Int32Array.from(codes.data)).toEqual((await golden!.codes(3)).data);
      expect(hub.server.paths("storage").length > 0).toBe(time === "first");
      expect(tokenizer.servedFrom).toBe("hub");
    }
  });

  test("records model, commit, digest and license in the codes", async () => {
    const repository = folderRepository(tinyFolder, { cardData: { license: "mit" }, tags: ["license:mit"] });
    await using hub = await hubFixture({ "org/copy": repository });
    await using tokenizer = await AudioTokenizer.fromPretrained("org/copy", { ...reach(hub), threads: 1 });
    const { provenance } = await tokenizer.encode({ channelData: [new Float32Array(320)], sampleRate: 24_000 });
    expect(provenance).toEqual({
      model: "org/copy",
      revision: expect.stringMatching(/^[0-9a-f]{40}$/u),
      digest: sha256Of(repository.files["model.safetensors"]!),
      license: "MIT",
      licenseStatus: "settled",
    });
    expect(tokenizer.license).toMatchObject({ subject: "org/copy", effective: "MIT", status: "settled" });
  });

  test("reports the bytes that have arrived", async () => {
    await using hub = await hubFixture({ "org/copy": folderRepository(tinyFolder) });
    const events: { stage: string; done: number; total: number }[] = [];
    const tokenizer = await AudioTokenizer.fromPretrained("org/copy", { ...reach(hub), onProgress: (event) => events.push(event) });
    await tokenizer.dispose();
    expect(events.filter(({ total }) => total === 4_323_220).length).toBeGreaterThan(1);
    expect(events.map(({ done }) => done)).toEqual(events.map(({ done }) => done).toSorted((a, b) => a - b));
  });

  test("takes an alias at the commit that the catalogue pins", async () => {
    await using hub = await hubFixture(served24);
    await using tokenizer = await AudioTokenizer.fromPretrained("24khz", { ...reach(hub), threads: 1 });
    expect(tokenizer.provenance).toMatchObject({
      model: "facebook/encodec_24khz",
      revision: encodec24.revision,
      licenseStatus: "unresolved",
    });
  });

  test("takes the codec of a larger model from the repository that holds the same one", async () => {
    await using hub = await hubFixture(served24);
    await using tokenizer = await AudioTokenizer.fromPretrained("suno/bark-small", { ...reach(hub), threads: 1 });
    expect(tokenizer.provenance.model).toBe("facebook/encodec_24khz");
    expect(hub.server.requests.filter(({ path }) => path.includes("bark"))).toEqual([]);
  });

  test("does not apply a revision of a larger model to another repository", async () => {
    await using hub = await hubFixture(served24);
    const call = AudioTokenizer.fromPretrained("suno/bark-small", { ...reach(hub), revision: "main" });
    await expect(call).rejects.toThrow(/give exact: true \(--exact\) to read suno\/bark-small itself, or load facebook\/encodec_24khz/u);
  });

  test("reads just the codec of a larger model by ranges when told to, stereo as the model has it", async () => {
    const codec = await goldenTensors("mini-32khz");
    const languageModel = { dtype: "F32", shape: [1_000_000], bytes: new Uint8Array(4_000_000) } as const;
    const tensors = new Map([...renamed(codec, (name) => `audio_encoder.${name}`), ["decoder.model.weight", languageModel] as const]);
    const config = { model_type: "musicgen", audio_encoder: goldenConfig("mini-32khz"), decoder: { audio_channels: 2 } };
    const files = { "config.json": Buffer.from(JSON.stringify(config)), "model.safetensors": formatSafetensors(tensors) };
    await using hub = await hubFixture({ "org/musicgen-stereo": { files, lfs: ["model.safetensors"] } });
    const loading = new AbortController();
    await using exact = await AudioTokenizer.fromPretrained("org/musicgen-stereo", {
      ...reach(hub),
      exact: true,
      threads: 1,
      signal: loading.signal,
    });
    loading.abort(new Error("the load is over and cannot be stopped any more"));
    await using local = await AudioTokenizer.fromPretrained(goldenPath("mini-32khz/hf"), { interleaveStereo: true, threads: 1 });
    const [golden] = await goldenCases("mini-32khz");
    expect(exact.channels).toBe(2);
    expect(await exact.encode(golden!.waveform)).toEqualCodes(await local.encode(golden!.waveform));
    const ranges = hub.server.requests
      .filter(({ host }) => host === "storage")
      .map(({ range }) => range?.match(/\d+/gu)?.map(Number) ?? [0, Number.POSITIVE_INFINITY]);
    expect(ranges.reduce((sum, [from, to]) => sum + to! - from! + 1, 0)).toBeLessThan(2_000_000);
  });

  test("refuses a repository whose files are not those that the catalogue knows for sure", async () => {
    await using hub = await hubFixture({ [encodec32.id]: folderRepository(mini24Folder, { commit: encodec32.revision! }) });
    await expect(AudioTokenizer.fromPretrained("32khz", reach(hub))).rejects.toBeInstanceOf(IntegrityError);
    expect(hub.server.paths("storage")).toEqual([]);
  });

  test("reads an audiocraft package from the Hub", async () => {
    await using hub = await hubFixture({ "org/audiogen": folderRepository(mini16Folder) });
    await using tokenizer = await AudioTokenizer.fromPretrained("org/audiogen", { ...reach(hub), threads: 1 });
    expect(tokenizer).toMatchObject({ sampleRate: 16_000, checkpoint: { layout: "audiocraft" } });
  });

  test("works offline from what was pulled, and says which commit it is", async () => {
    await using hub = await hubFixture({ "org/codec": folderRepository(mini24Folder) });
    const pulled = await pullModel("org/codec", reach(hub));
    hub.server.requests.length = 0;
    await using tokenizer = await AudioTokenizer.fromPretrained("org/codec", { ...reach(hub), offline: true });
    expect(tokenizer).toMatchObject({ servedFrom: "cache", provenance: { revision: pulled.commit } });
    expect(hub.server.requests).toEqual([]);
  });

  test("says what to do when it is offline and nothing is cached", async () => {
    await using hub = await hubFixture();
    const error = await AudioTokenizer.fromPretrained("org/codec", { ...reach(hub), offline: true }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HubError);
    expect(error).toMatchObject({ code: "HUB_OFFLINE" });
  });

  test("says of a repository that is not there that it may be private", async () => {
    await using hub = await hubFixture();
    await expect(AudioTokenizer.fromPretrained("org/nothing", reach(hub))).rejects.toMatchObject({ code: "HUB_NOT_FOUND" });
  });

  test("refuses what the catalogue knows cannot be loaded", async () => {
    await expect(AudioTokenizer.fromPretrained("mlx-community/encodec-24khz-float32", { exact: true })).rejects.toBeInstanceOf(
      CheckpointError,
    );
  });
});

/** What loading under a policy fails with; undefined if it does not. */
async function attempt(hub: HubFixture, source: string, license: HubModelOptions["licensePolicy"]): Promise<unknown> {
  const call = AudioTokenizer.fromPretrained(source, { ...reach(hub), licensePolicy: license, threads: 1 });
  return call.then(
    async (tokenizer) => tokenizer.dispose(),
    (error: unknown) => error,
  );
}

describe("a license policy", () => {
  test("stops before any weights are downloaded, with the record, the rule and what would pass", async () => {
    await using hub = await hubFixture(served24);
    const error = await attempt(hub, "24khz", "commercial");
    expect(error).toBeInstanceOf(LicenseError);
    expect(error).toMatchObject({
      rule: "deny: non-commercial",
      record: { subject: "facebook/encodec_24khz", status: "unresolved" },
      alternatives: ["tiny"],
    });
    expect(hub.server.paths("storage")).toEqual([]);
  });

  test("lets pass what it admits", async () => {
    await using hub = await hubFixture(served24);
    expect(await attempt(hub, "24khz", "research")).toBeUndefined();
    expect(
      await attempt(hub, "24khz", (record: LicenseRecord) => ({ isAllowed: record.status === "unresolved", rule: "own", reason: "" })),
    ).toBeUndefined();
  });

  test("is held against the larger model too", async () => {
    await using hub = await hubFixture(served24);
    expect(await attempt(hub, "suno/bark-small", { deny: ["MIT"], acceptContested: true })).toMatchObject({
      record: { subject: "suno/bark-small" },
    });
    expect(hub.server.requests).toEqual([]);
  });

  test("of the environment holds where a call says nothing, and the call's own comes first", async () => {
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "permissive");
    await using hub = await hubFixture(served24);
    expect(await attempt(hub, "24khz", undefined)).toBeInstanceOf(LicenseError);
    expect(await attempt(hub, "24khz", "any")).toBeUndefined();
    expect(await attempt(hub, "tiny", undefined)).toBeUndefined();
    vi.stubEnv("ENCODEC_TOKENIZER_LICENSE_POLICY", "permisive");
    await expect(AudioTokenizer.fromPretrained("tiny")).rejects.toThrow(
      /ENCODEC_TOKENIZER_LICENSE_POLICY: "permisive" is no license policy/u,
    );
  });

  test("applies to folders by what their card says", async () => {
    await using hub = await hubFixture();
    expect(await attempt(hub, tinyFolder, "permissive")).toBeUndefined();
    const evidence = [{ source: join(mini24Folder, "README.md"), fact: "there is no model card" }];
    const file = await inspectModel(join(tinyFolder, "model.safetensors"));
    expect(file.license).toMatchObject({ effective: "MIT", status: "settled" });
    expect(await attempt(hub, mini24Folder, "permissive")).toMatchObject({ record: { status: "unresolved", evidence } });
  });

  test("applies to inspecting as well", async () => {
    await using hub = await hubFixture(served24);
    await expect(inspectModel("24khz", { ...reach(hub), licensePolicy: "commercial" })).rejects.toBeInstanceOf(LicenseError);
  });
});

describe("pullModel", () => {
  test("gives the folder, the commit and the files", async () => {
    const repository = folderRepository(mini24Folder);
    await using hub = await hubFixture({ "org/codec": repository });
    const pulled = await pullModel("org/codec", { ...reach(hub), verify: true });
    expect(pulled.files).toEqual([{ name: "model.safetensors", bytes: repository.files["model.safetensors"]!.length }]);
    await using tokenizer = await AudioTokenizer.fromPretrained(pulled.path, { threads: 1 });
    expect(tokenizer.sampleRate).toBe(24_000);
  });

  test("finds with verify that cached bytes have changed", async () => {
    await using hub = await hubFixture({ "org/codec": folderRepository(mini24Folder) });
    const { path } = await pullModel("org/codec", reach(hub));
    const { readFile, realpath, writeFile } = await import("node:fs/promises");
    const blob = await realpath(join(path, "model.safetensors"));
    const bytes = await readFile(blob);
    bytes[bytes.length - 1]! ^= 1;
    await rm(blob);
    await writeFile(blob, bytes);
    await expect(pullModel("org/codec", { ...reach(hub), verify: true })).rejects.toMatchObject({
      code: "HUB_CHECKSUM",
      file: "model.safetensors",
    });
  });

  test("has nothing to do for the embedded checkpoint", async () => {
    await expect(pullModel("tiny")).rejects.toThrow(/is on this machine already/u);
  });
});
