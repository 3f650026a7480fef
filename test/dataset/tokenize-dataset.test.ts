import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatWav, resample } from "../../src/audio/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { acquireRunLock } from "../../src/dataset/folder/run-lock.ts";
import { vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { tokenizeDataset } from "../../src/dataset/tokenize-dataset.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { readAudio } from "../../src/files/index.ts";
import { TokenVocabulary } from "../../src/patterns/index.ts";
import { audioFixture, tinyTokenizer, tokenize, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

/** Ten files of several rates, channels and lengths below `in/`. */
async function smallCorpus(): Promise<string> {
  const folder = await temporaryFolder();
  const files = Array.from(
    { length: 10 },
    (_, i) =>
      [
        `in/speaker-${i % 3}/clip-${i}.wav`,
        toneWav(i, 0.3 + 0.17 * i, { sampleRate: [24_000, 44_100, 16_000][i % 3]!, channels: 1 + (i % 2) }),
      ] as const,
  );
  await writeTree(folder, Object.fromEntries(files));
  return folder;
}

/** A dataset without what tells of the machine: where its inputs lie. */
async function resultIn(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  return new Map([...(await bytesBelow(folder))].filter(([name]) => name !== "plan/inputs.json"));
}

async function errorsOf(folder: string): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(join(folder, "errors.jsonl"), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("tokenizeDataset", () => {
  test("gives every file the codes of encode, in the order of the files, in every format", async () => {
    const folder = await smallCorpus();
    const out = join(folder, "out");
    const layout = vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 8, specialTokens: { eos: {} } }));
    const outputs = [
      { format: "webdataset", shardClips: 3 },
      { format: "parquet" },
      { format: "npy" },
      { format: "jsonl" },
      { format: "tokens", layout },
    ] as const;
    const { report, events } = await tokenize({
      folder: out,
      inputs: [join(folder, "in")],
      bandwidth: 6,
      partRows: 4,
      outputs,
      audioLicense: "CC-BY-4.0",
    });
    expect(report).toMatchObject({ rows: 10, clips: 10, errors: 0, parts: 3, partsLeft: 0 });
    expect(events.filter(({ kind }) => kind === "part-finished")).toHaveLength(3);
    expect(report.info).toMatchObject({ audioLicense: "CC-BY-4.0", codec: { num_codebooks: 8, bandwidth: 6 } });
    expect(report.info!.license).not.toBeNull();

    const tokenizer = await tinyTokenizer();
    for (const format of ["webdataset", "parquet", "npy", "jsonl"] as const) {
      const clips = await collect(await openDataset(out, { format }));
      expect(clips).toHaveLength(10);
      expect(clips.map(({ key }) => key)).toEqual(clips.map(({ key }) => key).toSorted());
      for (const clip of clips) {
        const codes = await tokenizer.encode(await readAudio(join(folder, "in", clip.source)), { bandwidth: 6 });
        expect(clip.codes, clip.key).toEqual(codes);
      }
    }
    expect(await collect(verifyDataset(out))).toEqual([]);
  });

  test("gives the same bytes for any number of threads, memory and batch, and split between machines", async () => {
    const folder = await smallCorpus();
    const common = { inputs: [join(folder, "in")], numCodebooks: 4, partRows: 3, trim: { threshold: -60 } };
    const whole = join(folder, "whole");
    await tokenize({ folder: whole, ...common });
    const expected = await resultIn(whole);
    expect(expected.size).toBeGreaterThan(15);
    // With 64 KiB every file is too long to be held at once, and is streamed.
    for (const [name, options] of Object.entries({
      threads: { decodeThreads: 3 },
      single: { batchClips: 1 },
      streamed: { maxMemory: 2 ** 16, decodeThreads: 1 },
      some: { maxMemory: 2 ** 20 },
    })) {
      await tokenize({ folder: join(folder, name), ...common, ...options });
      expect(await resultIn(join(folder, name)), name).toEqual(expected);
    }
    const split = join(folder, "split");
    const first = await tokenize({ folder: split, ...common, share: { index: 1, count: 2 } });
    expect(first.report).toMatchObject({ parts: 2, partsLeft: 0, info: null });
    const second = await tokenize({ folder: split, ...common, share: { index: 0, count: 2 } });
    expect(second.report).toMatchObject({ parts: 2, partsLeft: 0, info: { counts: { rows: 10 } } });
    expect(await resultIn(split)).toEqual(expected);
  });

  test("streams windows and channels of long files with the bytes of short ones", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "in/stereo.wav": toneWav(5, 4.13, { sampleRate: 44_100, channels: 2 }), "in/mono.wav": toneWav(6, 3.9) });
    const common = {
      inputs: [join(folder, "in")],
      numCodebooks: 4,
      channels: "each",
      window: { seconds: 0.5 },
      stride: { seconds: 0.3 },
      tail: "pad",
    } as const;
    const short = await tokenize({ folder: join(folder, "short"), ...common });
    expect(short.report.clips).toBe(3 * 13);
    await tokenize({ folder: join(folder, "long"), ...common, decodeThreads: 1, maxMemory: 2 ** 19 });
    expect(await resultIn(join(folder, "long"))).toEqual(await resultIn(join(folder, "short")));
    await expect(tokenize({ folder: join(folder, "no"), ...common, decodeThreads: 1, maxMemory: 2 ** 16 })).rejects.toThrow(
      /windows of 0.5 s take 48640 bytes each; give a maxMemory of at least 291840/,
    );
  });

  test("cuts ranges, windows and silence where it says", async () => {
    const folder = await temporaryFolder();
    const audio = await readAudio(toneWav(3, 5));
    const quiet = { ...audio, channelData: [audio.channelData[0]!.map((sample, i) => (i < 36_000 || i >= 96_000 ? 0 : sample))] };
    await writeTree(folder, {
      "a.wav": formatWav(audio, { format: "float32" }),
      "quiet.wav": formatWav(quiet, { format: "float32" }),
      "rows.jsonl": '{"path":"a.wav","id":"range","start":1.25,"end":3.5,"text":"so"}\n{"path":"quiet.wav","id":"quiet"}\n',
    });
    const out = join(folder, "out");
    await tokenize({
      folder: out,
      inputs: [join(folder, "rows.jsonl")],
      numCodebooks: 4,
      window: { frames: 75 },
      minimum: { seconds: 0.1 },
      trim: { threshold: -50, padding: 0 },
    });
    const clips = await collect(await openDataset(out));
    expect(clips.map(({ key, start, end }) => [key, start, end])).toEqual([
      ["range_w000000", 1.25, 2.25],
      ["range_w000001", 2.25, 3.25],
      ["range_w000002", 3.25, 3.5],
      ["quiet_w000000", 1.5, 2.5],
      ["quiet_w000001", 2.5, 3.5],
      ["quiet_w000002", 3.5, 4],
    ]);
    expect(clips[0]!.columns).toEqual({ text: "so" });
    const tokenizer = await tinyTokenizer();
    for (const { start, end, codes } of clips) {
      const channelData = [audio.channelData[0]!.subarray(start * 24_000, end * 24_000)];
      expect(codes).toEqual(await tokenizer.encode({ channelData, sampleRate: 24_000 }, { numCodebooks: 4 }));
    }
  });

  test("resamples before it cuts windows", async () => {
    const folder = await smallCorpus();
    const first = join(folder, "first");
    await tokenize({ folder: first, inputs: [join(folder, "in")], numCodebooks: 4, window: { seconds: 1 } });
    const tokenizer = await tinyTokenizer();
    const clips = await collect(await openDataset(first));
    const windows = clips.filter(({ source }) => source === "speaker-1/clip-7.wav");
    const whole = resample(mono(await readAudio(join(folder, "in/speaker-1/clip-7.wav"))), 24_000);
    expect(windows.map(({ codes }) => codes.numSamples)).toEqual([24_000, whole.channelData[0]!.length - 24_000]);
    for (const { window, codes } of windows) {
      const channelData = [whole.channelData[0]!.subarray(window! * 24_000, (window! + 1) * 24_000)];
      expect(codes).toEqual(await tokenizer.encode({ channelData, sampleRate: 24_000 }, { numCodebooks: 4 }));
    }
  });
});

function mono({ channelData, sampleRate }: Waveform): Waveform {
  const [left, right] = channelData;
  return { channelData: [left!.map((sample, i) => Math.fround((sample + right![i]!) / 2))], sampleRate };
}

/** Every kind of broken file, and two sound ones. */
async function brokenCorpus(): Promise<string> {
  const folder = await temporaryFolder();
  const flac = await readFile(audioFixture("mono.flac"));
  const lyingFlac = Buffer.from(flac);
  lyingFlac.writeUInt32BE(0xff_ff_ff_ff, 22); // the number of samples in its header
  const lyingWav = Buffer.from(toneWav(2, 1));
  lyingWav.writeUInt16LE(7, 34); // bits of a sample
  const samples = Float32Array.from({ length: 9600 }, (_, i) => (i === 5000 ? NaN : 0.1));
  const nan = toFloatWav(samples);
  await writeTree(folder, {
    "in/a-sound.wav": toneWav(1, 1),
    "in/empty.wav": "",
    "in/flipped.flac": flac.map((byte, i) => (i === 4000 ? byte ^ 0xff : byte)),
    "in/header.wav": toneWav(2, 1).subarray(0, 44),
    "in/html.mp3": "<!doctype html><p>404</p>",
    "in/huge-claim.flac": lyingFlac,
    "in/lying.wav": lyingWav,
    "in/nan.wav": nan,
    "in/noise.mp3": Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251),
    "in/short.wav": toneWav(2, 0.01),
    "in/six.wav": toneWav(2, 0.5, { channels: 6 }),
    "in/truncated.flac": flac.subarray(0, flac.length / 2),
    "in/vanished.wav": toneWav(2, 1),
    "in/z-sound.flac": flac,
  });
  return folder;
}

describe("bad files", () => {
  test("become errors with a reason, and end nothing", async () => {
    const folder = await brokenCorpus();
    const common = { inputs: [join(folder, "in")], numCodebooks: 2, partRows: 4, minimum: { seconds: 0.1 }, strict: true };
    const out = join(folder, "out");
    const stop = new AbortController();
    stop.abort();
    await tokenize({ folder: out, ...common, stop: stop.signal }); // lists the rows only
    await rm(join(folder, "in/vanished.wav"));
    const { report } = await tokenize({ folder: out, ...common });
    expect(report).toMatchObject({ rows: 14, clips: 2, errors: 12, partsLeft: 0 });
    const errors = await errorsOf(out);
    expect(Object.fromEntries(errors.map(({ path, code }) => [path, code]))).toEqual({
      "empty.wav": "AUDIO_EMPTY",
      "flipped.flac": "AUDIO_CORRUPT",
      "header.wav": expect.stringMatching(/AUDIO_(?:EMPTY|CORRUPT)/),
      "html.mp3": "AUDIO_UNKNOWN_FORMAT",
      "huge-claim.flac": "AUDIO_CORRUPT",
      "lying.wav": expect.stringMatching(/AUDIO_(?:UNSUPPORTED|CORRUPT)/),
      "nan.wav": "AUDIO_NOT_FINITE",
      "noise.mp3": expect.stringMatching(/AUDIO_(?:UNKNOWN_FORMAT|CORRUPT)/),
      "short.wav": "ROW_TOO_SHORT",
      "six.wav": "AUDIO_UNSUPPORTED",
      "truncated.flac": "AUDIO_CORRUPT",
      "vanished.wav": "FILE_NOT_FOUND",
    });
    expect(errors.find(({ path }) => path === "vanished.wav")).toEqual({
      row: 12,
      path: "vanished.wav",
      key: "vanished",
      code: "FILE_NOT_FOUND",
      message: "cannot read vanished.wav: there is no such file",
    });
    expect(await collect(verifyDataset(out))).toEqual([]);
    expect((await collect(await openDataset(out))).map(({ key }) => key)).toEqual(["a-sound", "z-sound"]);
  });

  test("are tried again if that is asked for, with the bytes of a run that never failed", async () => {
    const folder = await smallCorpus();
    const common = { inputs: [join(folder, "in")], numCodebooks: 2, partRows: 2 };
    await tokenize({ folder: join(folder, "sound"), ...common });
    const path = join(folder, "in/speaker-1/clip-4.wav");
    const bytes = await readFile(path);
    await writeFile(path, "");
    const out = join(folder, "out");
    expect((await tokenize({ folder: out, ...common })).report).toMatchObject({ errors: 1, info: { counts: { errors: 1 } } });
    await writeFile(path, bytes);
    expect((await tokenize({ folder: out, ...common })).report).toMatchObject({ parts: 0, rows: 0, total: { rows: 10, errors: 1 } });
    expect((await tokenize({ folder: out, ...common, retryErrors: true })).report).toMatchObject({
      parts: 1,
      rows: 2,
      errors: 0,
      total: { rows: 10, clips: 10, errors: 0 },
    });
    expect(await resultIn(out)).toEqual(await resultIn(join(folder, "sound")));
  });

  test("beyond maxErrors end the run, and nothing half-written stays", async () => {
    const folder = await brokenCorpus();
    const common = { folder: join(folder, "out"), inputs: [join(folder, "in")], numCodebooks: 2, partRows: 2 };
    await expect(tokenize({ ...common, maxErrors: 3 })).rejects.toMatchObject({ code: "DATASET_ERRORS" });
    expect([...(await bytesBelow(common.folder)).keys()].filter((name) => /tmp$|^lock/u.test(name))).toEqual([]);
    expect((await tokenize({ ...common, maxErrors: 13 })).report.partsLeft).toBe(0);
  });
});

describe("an interrupted run", () => {
  test("that is stopped, aborted or left goes on with the same bytes", async () => {
    const folder = await smallCorpus();
    const common = { inputs: [join(folder, "in")], numCodebooks: 2, partRows: 2, model: await tinyTokenizer() };
    await tokenize({ folder: join(folder, "whole"), ...common });
    const out = join(folder, "out");

    const stop = new AbortController();
    const kinds: string[] = [];
    for await (const event of tokenizeDataset({ folder: out, ...common, stop: stop.signal })) {
      kinds.push(event.kind);
      if (event.kind === "part-started") stop.abort();
      if (event.kind === "finished") expect(event.report).toMatchObject({ parts: 1, partsLeft: 4, rows: 2, info: null });
    }
    expect(kinds.at(-1)).toBe("finished");

    const abort = new AbortController();
    const reason = new Error("enough");
    await expect(async () => {
      for await (const event of tokenizeDataset({ folder: out, ...common, signal: abort.signal }))
        if (event.kind === "row") abort.abort(reason);
    }).rejects.toBe(reason);

    for await (const event of tokenizeDataset({ folder: out, ...common })) if (event.kind === "row") break;
    expect([...(await bytesBelow(out)).keys()].filter((name) => name.startsWith("lock") || name.endsWith(".tmp"))).toEqual([]);

    const { report } = await tokenize({ folder: out, ...common });
    expect(report.total).toMatchObject({ rows: 10, clips: 10, errors: 0 });
    expect(await resultIn(out)).toEqual(await resultIn(join(folder, "whole")));
  });

  test("is not continued with other options, nor while it goes on", async () => {
    const folder = await smallCorpus();
    const common = {
      folder: join(folder, "out"),
      inputs: [join(folder, "in")],
      numCodebooks: 2,
      partRows: 2,
      model: await tinyTokenizer(),
    };
    for await (const { kind } of tokenizeDataset(common)) if (kind === "plan") break;
    const other = await acquireRunLock(common.folder, { index: 1, count: 3 });
    await expect(tokenize(common)).rejects.toMatchObject({ code: "DATASET_LOCKED" });
    await expect(tokenize({ ...common, share: { index: 1, count: 3 } })).rejects.toMatchObject({ code: "DATASET_LOCKED" });
    expect((await tokenize({ ...common, share: { index: 0, count: 3 } })).report).toMatchObject({ parts: 2, partsLeft: 0 });
    await other.release();
    await expect(tokenize({ ...common, numCodebooks: 4 })).rejects.toThrow(/codec\.num_codebooks: begun with 2, now 4/);
    await expect(tokenize({ ...common, window: { seconds: 1 } })).rejects.toMatchObject({ code: "DATASET_MISMATCH" });
    await expect(tokenize({ ...common, outputs: [{ format: "jsonl" }] })).rejects.toThrow(/outputs/);
    // Without inputs, those that it was begun with.
    const { inputs: _, ...others } = common;
    expect((await tokenize(others)).report.total.rows).toBe(10);
  });
});

function toFloatWav(samples: Float32Array): Uint8Array {
  const wav = Buffer.from(
    formatWav({ channelData: [samples.map((sample) => (Number.isNaN(sample) ? 0 : sample))], sampleRate: 24_000 }, { format: "float32" }),
  );
  const data = wav.length - 4 * samples.length;
  for (const [i, sample] of samples.entries()) wav.writeFloatLE(sample, data + 4 * i);
  return wav;
}
