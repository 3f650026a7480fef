import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import { formatSafetensors } from "../../src/checkpoint/index.ts";
import { rankLimitOf, rankOf } from "../../src/dataset/verify/clip-sample.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import type { VerifyProgress } from "../../src/dataset/verify/verify-counter.ts";
import type { Finding, VerifyOptions } from "../../src/dataset/verify/verify-dataset.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { goldenConfig, goldenTensors, renamed } from "../checkpoint/fixtures.ts";
import { hubFixture, mini24Folder, tinyFolder } from "../hub/hub-fixture.ts";
import { folderRepository } from "../hub/hub-server.ts";
import { tinyModel, tinyTokenizer, tokenize, toneWav } from "./corpus.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

const everyClip = { sample: { share: 1 } } as const;

/** `in/` with six files of 0.4 to 0.9 s, every other one stereo at 44.1 kHz. */
async function corpus(): Promise<string> {
  const folder = await temporaryFolder();
  const files = Array.from(
    { length: 6 },
    (_, i) => [`in/speaker/clip-${i}.wav`, toneWav(i, 0.4 + 0.1 * i, i % 2 === 0 ? {} : { sampleRate: 44_100, channels: 2 })] as const,
  );
  await writeTree(folder, Object.fromEntries(files));
  return folder;
}

/** What verifying finds, and how many clips were encoded again meanwhile: all of them, with the tokenizer that tests share, unless told otherwise. */
async function verify(
  folder: string,
  options?: VerifyOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly reencoded: number; readonly progress: readonly VerifyProgress[] }> {
  const progress: VerifyProgress[] = [];
  const chosen = options ?? { reencode: { ...everyClip, model: await tinyTokenizer() } };
  const findings = await collect(verifyDataset(folder, { ...chosen, onProgress: (now) => progress.push(now) }));
  return { findings, reencoded: progress.at(-1)?.reencoded ?? 0, progress };
}

/** Changes the text of a shard, and the index so that it has the shard as it is now. */
async function forge(folder: string, shard: string, change: (text: string) => string): Promise<void> {
  const contents = change(await readFile(join(folder, shard), "utf8"));
  await writeFile(join(folder, shard), contents);
  const path = join(folder, "dataset.json");
  const info = JSON.parse(await readFile(path, "utf8")) as { shards: { path: string; bytes: number; sha256: string }[] };
  Object.assign(
    info.shards.find((listed) => listed.path === shard)!,
    { bytes: Buffer.byteLength(contents), sha256: createHash("sha256").update(contents).digest("hex") },
  );
  await writeFile(path, JSON.stringify(info));
}

describe("encoding a sample again", () => {
  test.each(["webdataset", "parquet", "npy", "jsonl"] as const)("gives the codes that %s has", async (format) => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], outputs: [{ format }], partRows: 4 });
    const { findings, reencoded, progress } = await verify(join(folder, "out"));
    expect({ findings, reencoded }).toEqual({ findings: [], reencoded: 6 });
    expect(progress.at(-1)).toMatchObject({ done: 6, total: 6 });
    expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).toSorted((a, b) => a - b));
  });

  test("cuts windows, splits channels, trims and takes ranges as it was done", async () => {
    const folder = await corpus();
    await writeFile(
      join(folder, "in/rows.jsonl"),
      Array.from({ length: 6 }, (_, i) => `{"path":"speaker/clip-${i}.wav","start":${0.05 * i},"end":${0.35 + 0.1 * i}}\n`).join(""),
    );
    const clips = { window: { seconds: 0.1 }, stride: { frames: 6 }, tail: "pad", channels: "each", trim: { threshold: -40 } } as const;
    const { report } = await tokenize({
      folder: join(folder, "out"),
      inputs: [join(folder, "in/rows.jsonl")],
      numCodebooks: 3,
      ...clips,
      outputs: [{ format: "webdataset", shardClips: 7 }],
    });
    expect(report.total.clips).toBeGreaterThan(40);
    expect(await verify(join(folder, "out"))).toMatchObject({ findings: [], reencoded: report.total.clips });
  });

  test("reads what was read by wider limits, which are part of how the dataset is made", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "in/slow.wav": toneWav(1, 2, { sampleRate: 500 }), "in/usual.wav": toneWav(2, 0.5) });
    const common = { folder: join(folder, "out"), inputs: [join(folder, "in")] };
    const limits = { minSampleRate: 500, maxSamples: Infinity };
    const { report } = await tokenize({ ...common, limits });
    expect(report.total).toMatchObject({ clips: 2, errors: 0 });
    expect(await verify(join(folder, "out"))).toMatchObject({ findings: [], reencoded: 2 });
    await expect(tokenize(common)).rejects.toMatchObject({ code: "DATASET_MISMATCH" });
    await expect(tokenize({ ...common, limits: { minSampleRate: 0 } })).rejects.toThrow(/limits\.minSampleRate must be a positive number/u);
    const usual = await tokenize({ ...common, folder: join(folder, "usual") });
    expect(usual.report.total).toMatchObject({ clips: 1, errors: 1 });
  });

  test("reads members of tars again", async () => {
    const folder = await temporaryFolder();
    const tar = pack();
    for (let i = 0; i < 3; i++) tar.entry({ name: `clip-${i}.wav` }, Buffer.from(toneWav(i, 0.5)));
    tar.finalize();
    await writeFile(join(folder, "in.tar"), Buffer.concat((await collect(tar)) as Uint8Array[]));
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in.tar")] });
    expect(await verify(join(folder, "out"))).toMatchObject({ findings: [], reencoded: 3 });
    await rm(join(folder, "in.tar"));
    expect((await verify(join(folder, "out"))).findings.map(({ kind }) => kind)).toEqual(["source", "source", "source"]);
  });

  test("streams rows that are long, whole or in windows", async () => {
    const folder = await corpus();
    for (const window of [undefined, { seconds: 0.2 }]) {
      const out = join(folder, window === undefined ? "whole" : "windows");
      const { report } = await tokenize({
        folder: out,
        inputs: [join(folder, "in")],
        channels: "each",
        ...(window === undefined ? {} : { window }),
      });
      expect(await verify(out, { reencode: { ...everyClip, model: await tinyTokenizer(), maxMemory: 100_000 } })).toMatchObject({
        findings: [],
        reencoded: report.total.clips,
      });
    }
  });

  test("says how many codes differ, and from which codebook on", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], numCodebooks: 4, outputs: [{ format: "jsonl" }] });
    const shard = "shards/part-000000-000.jsonl";
    await forge(join(folder, "out"), shard, (text) => {
      const lines = text.split("\n");
      const clip = JSON.parse(lines[2]!) as { codes: number[][] };
      clip.codes[2]![0]! ^= 1;
      clip.codes[3]![5]! ^= 1;
      return [...lines.slice(0, 2), JSON.stringify(clip), ...lines.slice(3)].join("\n");
    });
    expect((await verify(join(folder, "out"), {})).findings).toEqual([expect.objectContaining({ kind: "mismatch", file: "dataset.json" })]);
    expect((await verify(join(folder, "out"))).findings).toEqual([
      {
        kind: "codes",
        file: shard,
        key: "speaker/clip-2",
        message: "2 of its 180 codes are others when it is encoded again, from codebook 3 of 4 on",
      },
      expect.objectContaining({ kind: "mismatch", file: "dataset.json" }),
    ]);
  });

  test("tells audio that is gone, cannot be read any more or is other audio from damage", async () => {
    const folder = await corpus();
    await tokenize({
      folder: join(folder, "out"),
      inputs: [join(folder, "in")],
      window: { seconds: 0.2 },
      tail: "drop",
      outputs: [{ format: "npy" }],
    });
    await rm(join(folder, "in/speaker/clip-0.wav"));
    await writeFile(join(folder, "in/speaker/clip-1.wav"), "not audio");
    await writeFile(join(folder, "in/speaker/clip-2.wav"), toneWav(2, 0.4)); // was 0.6 s
    const { findings, reencoded } = await verify(join(folder, "out"));
    expect(findings.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      "source speaker/clip-0_w000000",
      "source speaker/clip-0_w000001",
      "source speaker/clip-1_w000000",
      "source speaker/clip-1_w000001",
      "source speaker/clip-2_w000002",
    ]);
    expect(findings[0]!.message).toMatch(/clip-0\.wav: there is no such file$/);
    expect(findings[4]!.message).toMatch(/does not reach so far/);
    expect(reencoded).toBe(2 + 2 + 3 + 3 + 4 + 4);
  });

  test("finds clips that the plan does not know", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], outputs: [{ format: "jsonl" }] });
    await forge(join(folder, "out"), "shards/part-000000-000.jsonl", (text) =>
      text.replace('"row":"speaker/clip-3"', '"row":"speaker/other"'),
    );
    expect((await verify(join(folder, "out"))).findings).toEqual([
      expect.objectContaining({ kind: "mismatch", key: "speaker/clip-3", message: "the plan has no row speaker/other in part 0" }),
    ]);
  });
});

/** The small 24 kHz codec, read in ranges out of a larger model of a server that lists no SHA-256. */
async function serveWithoutDigest(): Promise<AsyncDisposable & { readonly tokenizer: AudioTokenizer }> {
  const tensors = renamed(await goldenTensors("mini-24khz"), (name) => `audio_encoder.${name}`);
  const config = { model_type: "musicgen", audio_encoder: goldenConfig("mini-24khz"), decoder: { audio_channels: 1 } };
  const files = { "config.json": Buffer.from(JSON.stringify(config)), "model.safetensors": formatSafetensors(tensors) };
  const hub = await hubFixture({ "org/musicgen": { files, lfs: [] } });
  const tokenizer = await AudioTokenizer.fromPretrained("org/musicgen", {
    endpoint: hub.server.endpoint,
    cacheDir: hub.cacheDir,
    token: null,
    exact: true,
    threads: 1,
  });
  expect(tokenizer.provenance.digest).toBeNull();
  return {
    tokenizer,
    async [Symbol.asyncDispose]() {
      await tokenizer.dispose();
      await hub[Symbol.asyncDispose]();
    },
  };
}

describe("the model of a dataset that is verified", () => {
  test("is that which the dataset names, or another with the same weights, and stays open if it is a tokenizer", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], model: "tiny" });
    await using tokenizer = await AudioTokenizer.fromPretrained("tiny");
    for (const model of [undefined, "tiny", tokenizer])
      expect(await verify(join(folder, "out"), { reencode: { ...everyClip, model } })).toMatchObject({ findings: [], reencoded: 6 });
    expect(tokenizer.sampleRate).toBe(24_000);
    await expect(tokenizer.encode({ channelData: [new Float32Array(320)], sampleRate: 24_000 })).resolves.toBeDefined();
  });

  test("is refused if its weights are others, by digest or by what they encode to", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "named"), inputs: [join(folder, "in")], numCodebooks: 2 });
    const other = { reencode: { ...everyClip, model: mini24Folder } };
    await expect(verify(join(folder, "named"), other)).rejects.toMatchObject({
      code: "DATASET_MISMATCH",
      message: expect.stringContaining("was not made with the weights of"),
    });
    const path = join(folder, "named/dataset.json");
    await writeFile(path, (await readFile(path, "utf8")).replace(/"digest": (?:null|"\w+")/u, `"digest": "${"a".repeat(64)}"`));
    await expect(verify(join(folder, "named"), { reencode: { ...everyClip, model: "tiny" } })).rejects.toThrow(
      /found SHA-256 \w+, expected a{64}; give the model that it was made with/,
    );
  });

  test("may be one without a digest, of which other codes are told with a doubt", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], numCodebooks: 2, model: "tiny" });
    expect((await verify(join(folder, "out"), { reencode: { ...everyClip, model: tinyModel } })).findings).toEqual([]);
    await using unlisted = await serveWithoutDigest();
    const { findings } = await verify(join(folder, "out"), { reencode: { ...everyClip, model: unlisted.tokenizer } });
    expect(findings).toHaveLength(6);
    expect(findings[0]).toMatchObject({
      kind: "codes",
      message: expect.stringMatching(/from codebook 1 of 2 on; the digest of .* is not known, and its weights may be others/),
    });
  });

  test("is not downloaded because a dataset names it", async () => {
    await using hub = await hubFixture({ "evil/enc": folderRepository(tinyFolder) });
    const load = { endpoint: hub.server.endpoint, cacheDir: hub.cacheDir, token: "hf_member" };
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], model: "tiny" });
    for (const file of ["dataset.json", "plan.json"]) {
      const path = join(folder, "out", file);
      await writeFile(path, (await readFile(path, "utf8")).replaceAll(/"model": ?"tiny"/gu, '"model":"evil/enc"'));
    }
    await expect(verify(join(folder, "out"), { reencode: { ...everyClip, load } })).rejects.toThrow(
      /made with the model "evil\/enc", which could not be loaded; name it.* is neither in the catalogue nor, with its weights, in the cache/u,
    );
    expect(hub.server.requests).toEqual([]);
    await verify(join(folder, "out"), { reencode: { ...everyClip, load, model: "evil/enc" } });
    expect(hub.server.requests.length).toBeGreaterThan(0);
  });

  test("has to be named where the one of the dataset is gone", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")] });
    const path = join(folder, "out/dataset.json");
    await writeFile(path, (await readFile(path, "utf8")).replaceAll(/"model": "[^"]+"/gu, '"model": "./gone"'));
    await expect(verify(join(folder, "out"), { reencode: everyClip })).rejects.toThrow(
      /made with the model "\.\/gone", which could not be loaded; name it/,
    );
  });
});

describe("a sample", () => {
  test("is the same clips every time, and a larger one has them too", async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `clip-${i}`);
    const members = async (clips: number) => {
      const limit = await rankLimitOf({ clips }, asyncOf(keys));
      return keys.filter((key) => rankOf(key) < limit);
    };
    const [few, many] = [await members(20), await members(300)];
    expect([few.length, many.length, (await members(5000)).length]).toEqual([20, 300, 1000]);
    expect(few.every((key) => many.includes(key))).toBe(true);
    expect(keys.filter((key) => rankOf(key) < 0.1).length).toBeGreaterThan(70);
    expect(keys.filter((key) => rankOf(key) < 0.1).length).toBeLessThan(130);
  });

  test("is drawn from the dataset, exactly as large as asked for", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")] });
    expect(await verify(join(folder, "out"), { reencode: { sample: { clips: 2 } } })).toMatchObject({ findings: [], reencoded: 2 });
    expect(await verify(join(folder, "out"), { reencode: { sample: { clips: 99 } } })).toMatchObject({ findings: [], reencoded: 6 });
    await writeFile(join(folder, "out/manifest.jsonl"), "edited");
    expect((await verify(join(folder, "out"), { reencode: { sample: { clips: 6 } } })).findings).toEqual([
      expect.objectContaining({ kind: "size", file: "manifest.jsonl" }),
    ]);
  });

  test.each([[{ clips: 0 }], [{ clips: 1.5 }], [{ share: 0 }], [{ share: 1.01 }], [{ share: Number.NaN }]])(
    "is refused as %j",
    async (sample) => {
      await expect(verify("nowhere", { reencode: { sample } })).rejects.toThrow(RangeError);
    },
  );

  test("needs codes, and the plan", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")] });
    await rm(join(folder, "out/plan.json"));
    await expect(verify(join(folder, "out"))).rejects.toThrow(/without the plan that says where their audio is/);
    expect((await verify(join(folder, "out"), {})).findings).toEqual([]);
  });
});

describe("the folder", () => {
  test("may be given in any spelling", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], outputs: [{ format: "npy" }] });
    for (const spelling of [`${folder}/out/`, `${folder}/./out`, `${folder}/in/../out//`])
      expect((await verify(spelling, {})).findings).toEqual([]);
  });

  test("may have a manifest with lines that are none, which is told", async () => {
    const folder = await corpus();
    await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")] });
    const manifest = (await readFile(join(folder, "out/manifest.jsonl"), "utf8")).replace('"key":"speaker/clip-4"', '"key":4');
    await writeFile(join(folder, "out/manifest.jsonl"), manifest);
    const path = join(folder, "out/dataset.json");
    const info = JSON.parse(await readFile(path, "utf8")) as { manifest: object };
    Object.assign(info.manifest, { bytes: manifest.length, sha256: createHash("sha256").update(manifest).digest("hex") });
    await writeFile(path, JSON.stringify(info));
    expect((await verify(join(folder, "out"))).findings).toEqual([
      expect.objectContaining({
        kind: "mismatch",
        key: "speaker/clip-4",
        message: expect.stringContaining("the manifest says nothing there"),
      }),
    ]);
  });
});

async function* asyncOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
