import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatWav } from "../../src/audio/index.ts";
import type { AudioWarning } from "../../src/audio/index.ts";
import { planningOf } from "../../src/dataset/decoding/clip-windows.ts";
import type { ClipRange } from "../../src/dataset/decoding/clip-windows.ts";
import { asOneWarning, damageOf, toldTogether, warningsWithin } from "../../src/dataset/decoding/clip-damage.ts";
import type { RowWarning } from "../../src/dataset/decoding/clip-damage.ts";
import { decodeRow } from "../../src/dataset/decoding/decode-row.ts";
import { AudioAtHand } from "../../src/dataset/decoding/audio-at-hand.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { readDatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import type { DatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import { TokenVocabulary } from "../../src/patterns/index.ts";
import { runsOf } from "../long-searches.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { audioFixture, tokenize, toneWav } from "./corpus.ts";

const gap: AudioWarning = { code: "AUDIO_GAP", message: "a frame is damaged", position: 1000, numLost: 500 };
const cut: AudioWarning = { code: "AUDIO_TRUNCATED", message: "it ends early", position: 4000, numLost: 2000 };
const changed: AudioWarning = { code: "AUDIO_CHANGED", message: "two channels from here on", position: 2000, numLost: 0 };
const extra: AudioWarning = { code: "AUDIO_EXTRA", message: "junk in front", position: 0, numLost: 0 };

describe("warnings of a row", () => {
  test("are those that touch its samples, with what is lost of it", () => {
    const all = [extra, gap, changed, cut];
    const within = (start: number, end: number) =>
      warningsWithin(all, { start, end }).map(({ code, position, numLost }) => [code, position, numLost]);
    expect(within(0, Infinity)).toEqual(all.map(({ code, position, numLost }) => [code, position, numLost]));
    expect(within(0, 1000)).toEqual([["AUDIO_EXTRA", 0, 0]]);
    expect(within(1, 1001)).toEqual([["AUDIO_GAP", 1000, 1]]);
    expect(within(1200, 1400)).toEqual([["AUDIO_GAP", 1200, 200]]);
    expect(within(1500, 2000)).toEqual([]);
    expect(within(3000, 4000)).toEqual([["AUDIO_CHANGED", 3000, 0]]);
    expect(within(3000, 4500)).toEqual([
      ["AUDIO_CHANGED", 3000, 0],
      ["AUDIO_TRUNCATED", 4000, 500],
    ]);
  });

  test("are told one by one up to twenty, and then together", () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ ...gap, position: 10_000 * i }));
    expect(toldTogether(many.slice(0, 20)).map((together) => together.length)).toEqual(Array(20).fill(1));
    const told = toldTogether(many);
    expect(told.map((together) => together.length)).toEqual([...Array<number>(19).fill(1), 11]);
    expect(asOneWarning(told.at(-1)!)).toEqual({
      code: "AUDIO_GAP",
      message: "there are 11 more warnings about it, from sample 190000 on",
      position: 190_000,
      numLost: 5500,
    });
  });
});

/** A clip of its row. */
function clip(start: number, length: number, window: number | null = 0): ClipRange {
  return { window, start, length, padding: 0, numFrames: 1 };
}

describe("the damage of a clip", () => {
  const sampleRate = 24_000;
  const whole = planningOf({}, { sampleRate, hopLength: 320 });
  const windows = planningOf({ window: { frames: 3 } }, { sampleRate, hopLength: 320 });
  /** Of a clip of a file at half the codec's rate, of which a row's audio begins at sample 100. */
  const damage = (range: ClipRange, planning: typeof whole, warnings: readonly RowWarning[]) =>
    damageOf(range, { samples: { start: 100, end: 4000 }, sampleRate: 12_000 }, { sampleRate, planning }, warnings);

  test("is what its own samples have of it, at the codec's rate", () => {
    expect(damage(clip(0, 1800), windows, [gap])).toBeUndefined();
    expect(damage(clip(0, 1802), windows, [gap])).toEqual({ kinds: ["AUDIO_GAP"], places: 1, numLost: 2 });
    expect(damage(clip(1800, 1000), windows, [gap])).toEqual({ kinds: ["AUDIO_GAP"], places: 1, numLost: 1000 });
    expect(damage(clip(2800, 960), windows, [gap])).toBeUndefined();
    expect(damage(clip(0, 7800, null), whole, [gap, changed, cut])).toEqual({
      kinds: ["AUDIO_CHANGED", "AUDIO_GAP", "AUDIO_TRUNCATED"],
      places: 3,
      numLost: 2 * (500 + 2000),
    });
  });

  test("is nothing where nothing is lost", () => {
    expect(damage(clip(0, 7800, null), whole, [extra])).toBeUndefined();
  });

  test("is that of a file that is cut off for the clip that it ends, unless that is a whole window", () => {
    expect(damage(clip(6840, 960), windows, [cut])).toBeUndefined();
    expect(damage(clip(7680, 120), windows, [cut])).toEqual({ kinds: ["AUDIO_TRUNCATED"], places: 1, numLost: 4000 });
  });

  test("is all that follows the hundredth warning of a file", () => {
    const last: RowWarning = { ...gap, position: 1000, numLost: 0, isLasting: true };
    expect(damage(clip(0, 960), windows, [last])).toBeUndefined();
    expect(damage(clip(4800, 960), windows, [last])).toEqual({ kinds: ["AUDIO_GAP"], places: 1, numLost: 0 });
  });
});

test("a row of a damaged file has the same warnings whatever was decoded before, and those of the file within its range", async () => {
  const folder = await temporaryFolder();
  const paths: string[] = [];
  for (const name of ["mono.flac", "stereo.mp3", "mono-vbr.mp3", "stereo.ogg", "mono.opus"]) {
    const bytes = await readFile(audioFixture(name));
    const hole = Buffer.concat([bytes.subarray(0, bytes.length / 3), bytes.subarray(bytes.length / 3 + 900)]);
    for (const [kind, damaged] of Object.entries({ cut: bytes.subarray(0, (bytes.length * 2) / 3), hole })) {
      const path = join(folder, `${kind}-${name}`);
      await writeFile(path, damaged);
      paths.push(path);
    }
  }
  const recipe = {
    sampleRate: 24_000,
    channels: 1,
    mode: "mix",
    planning: { window: null, minimum: 1, hopLength: 320 },
    trim: null,
  } as const;
  const decode = (path: string, range: { readonly start?: number; readonly end?: number }, atHand?: AudioAtHand) =>
    decodeRow({ location: { path }, range, recipe, maxBytes: 2 ** 24 }, atHand);
  const times = fc.tuple(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 0.01, max: 2, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.array(times, { minLength: 1, maxLength: 4 }), async (path, rows) => {
      const file = await decode(path, {});
      const atHand = new AudioAtHand();
      for (const [start, length] of rows.toSorted(([a], [b]) => a - b)) {
        const range = { start, end: start + length };
        const row = await decode(path, range, atHand);
        expect(row).toEqual(await decode(path, range));
        if (row.kind === "failed" || file.kind === "failed") continue;
        const { sampleRate } = row.extent;
        const [first, last] = [range.start, range.end].map((time) => Math.round(time * sampleRate));
        expect(row.warnings).toEqual(warningsWithin(file.warnings, { start: first!, end: last! }));
      }
    }),
    { numRuns: runsOf(60) },
  );
});

/** A WAV of so many seconds, of which the last part is missing. */
function cutWav(seed: number, seconds: number, missing: number): Uint8Array {
  return toneWav(seed, seconds).subarray(0, 44 + 2 * 24_000 * (seconds - missing));
}

describe("a corpus with a file that is cut off", () => {
  const layout = vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, specialTokens: { eos: {} } }));
  const outputs = [
    { format: "webdataset" },
    { format: "parquet" },
    { format: "npy" },
    { format: "jsonl" },
    { format: "tokens", layout },
  ] as const;
  let folder: string;
  let out: string;
  let info: DatasetInfo;
  const run = (name: string, more: Partial<Parameters<typeof tokenize>[0]> = {}) =>
    tokenize({
      folder: join(folder, name),
      inputs: [join(folder, "m.jsonl")],
      numCodebooks: 2,
      outputs,
      partRows: 2,
      window: { seconds: 0.5 },
      ...more,
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "encodec-tokenizer-test-damaged-"));
    const rows = [
      { path: "sound.wav" },
      { path: "cut.wav" },
      { path: "cut.wav", start: 0, end: 0.6 },
      { path: "cut.wav", start: 0.6, end: 1.5 },
      { path: "cut.wav", start: 1.6, end: 2 },
    ];
    await writeTree(folder, {
      "sound.wav": toneWav(1, 0.7),
      "cut.wav": cutWav(2, 2, 0.75),
      "m.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
    });
    out = join(folder, "out");
    expect((await run("out")).report).toMatchObject({ rows: 5, clips: 9, errors: 1, warnings: 2, damaged: 2, partsLeft: 0 });
    info = await readDatasetInfo(out);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const damaged = {
    cut_w000002: { kinds: ["AUDIO_TRUNCATED"], places: 1, numLost: 18_000 },
    "cut_t000000600-000001500_w000001": { kinds: ["AUDIO_TRUNCATED"], places: 1, numLost: 6000 },
  };

  test("gives what is sound of it, with a mark on the clips that lack something in every format", async () => {
    for (const format of ["webdataset", "parquet", "npy", "jsonl"] as const) {
      const clips = await collect(await openDataset(out, { format }));
      expect(Object.fromEntries(clips.flatMap(({ key, damage }) => (damage === undefined ? [] : [[key, damage]]))), format).toEqual(
        damaged,
      );
    }
    const lines = (await readFile(join(out, "manifest.jsonl"), "utf8")).trimEnd().split("\n");
    expect(lines.filter((line) => line.includes('"damage"')).map((line) => JSON.parse(line))).toMatchObject([
      { key: "cut_w000002", num_samples: 5680, damage: { kinds: ["AUDIO_TRUNCATED"], places: 1, num_lost: 18_000 } },
      { key: "cut_t000000600-000001500_w000001", num_samples: 3440, damage: { kinds: ["AUDIO_TRUNCATED"], places: 1, num_lost: 6000 } },
    ]);
  });

  test("is told in warnings.jsonl, the index, the card, and for a row that is beyond, in errors.jsonl", async () => {
    const read = async (name: string): Promise<unknown> =>
      (await readFile(join(out, name), "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown);
    const warning = { path: "cut.wav", code: "AUDIO_TRUNCATED", position: 30_000, sample_rate: 24_000 };
    expect(await read("warnings.jsonl")).toEqual([
      { ...warning, row: 1, key: "cut", num_lost: 18_000, clips: ["cut_w000002"], message: expect.stringContaining("promises") as string },
      {
        ...warning,
        row: 3,
        key: "cut_t000000600-000001500",
        start: 0.6,
        end: 1.5,
        num_lost: 6000,
        clips: ["cut_t000000600-000001500_w000001"],
        message: expect.stringContaining("promises") as string,
      },
    ]);
    expect(await read("errors.jsonl")).toMatchObject([
      { row: 4, code: "ROW_RANGE", message: "the range starts at 1.6 s, and the audio is 1.250 s long, since its file is truncated" },
    ]);
    expect(info).toMatchObject({
      counts: { warnings: 2, damaged: 2 },
      statistics: { warnings: { AUDIO_TRUNCATED: 2 }, damage: { clips: 2, samples: 24_000 } },
      warnings: { path: "warnings.jsonl", lines: 2 },
    });
    expect(await readFile(join(out, "README.md"), "utf8")).toMatch(/\| Clips of damaged audio \| 2, .*2 warnings \|[^]*`warnings.jsonl`/u);
  });

  test("is verified, with clips encoded again, and a mark that is wrong is found", async () => {
    const sample = { reencode: { sample: { share: 1 } } };
    expect(await collect(verifyDataset(out, sample))).toEqual([]);
    await writeFile(join(folder, "cut.wav"), cutWav(2, 2.5, 1.25)); // the same audio, of which more is lost
    await rename(join(out, "warnings.jsonl"), join(out, "renamed"));
    const findings = await collect(verifyDataset(out, sample));
    await rename(join(out, "renamed"), join(out, "warnings.jsonl"));
    await writeFile(join(folder, "cut.wav"), cutWav(2, 2, 0.75));
    expect(findings).toMatchObject([
      { kind: "missing", file: "warnings.jsonl" },
      {
        kind: "mismatch",
        key: "cut_w000002",
        message: expect.stringMatching(/^its audio is damaged .* 30000 samples lost\); its record says .* 18000 samples lost/u),
      },
    ]);
  });

  test("is the same to the byte with other threads, streamed, in shares, and after a stop", async () => {
    const expected = await published(out);
    await run("threads", { decodeThreads: 3, batchClips: 1 });
    await run("streamed", { maxMemory: 2 ** 19, decodeThreads: 1 });
    for (const index of [1, 0]) await run("shares", { share: { index, count: 2 } });
    const stop = new AbortController();
    stop.abort();
    await run("stopped", { stop: stop.signal });
    await run("stopped");
    for (const name of ["threads", "streamed", "shares", "stopped"]) expect(await published(join(folder, name)), name).toEqual(expected);
  });

  test("fails where damage is refused, in a folder of its own, and no other way of going on is taken", async () => {
    await expect(run("out", { strict: true })).rejects.toMatchObject({
      code: "DATASET_MISMATCH",
      message: expect.stringContaining("clips.strict"),
    });
    const { report } = await run("strict", { strict: true });
    expect(report).toMatchObject({ clips: 4, errors: 3, warnings: 0, damaged: 0 });
    expect(report.info).not.toHaveProperty("warnings");
    expect(await readdir(join(folder, "strict"))).not.toContain("warnings.jsonl");
    await expect(run("strict")).rejects.toMatchObject({ code: "DATASET_MISMATCH", message: expect.stringContaining("clips.strict") });
  });

  test("has no warnings any more once its file is whole and the part is done again", async () => {
    await run("repaired");
    await writeFile(join(folder, "cut.wav"), toneWav(2, 2));
    const { report } = await run("repaired", { retryErrors: true });
    await writeFile(join(folder, "cut.wav"), cutWav(2, 2, 0.75));
    // The part with the error is done again; the others stay what they are.
    expect(report.total).toMatchObject({ errors: 0, warnings: 2 });
  });
});

/** What of a dataset is for others, by name. */
async function published(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  return new Map([...(await bytesBelow(folder))].filter(([name]) => !name.startsWith("plan")));
}

test("a dataset of sound audio says nothing of damage", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { "in/a.wav": formatWav({ channelData: [new Float32Array(8000).fill(0.1)], sampleRate: 16_000 }) });
  const { report } = await tokenize({ folder: join(folder, "out"), inputs: [join(folder, "in")], numCodebooks: 1 });
  expect(report).toMatchObject({ clips: 1, warnings: 0, damaged: 0 });
  for (const [name, bytes] of await bytesBelow(join(folder, "out")))
    expect(bytes.toString("latin1"), name).not.toMatch(/"damage|"warnings|"strict"/u);
  expect((await readdir(join(folder, "out"), { recursive: true })).join()).not.toContain("warnings");
});
