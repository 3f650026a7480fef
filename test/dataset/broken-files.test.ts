import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { formatWav } from "../../src/audio/index.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import type { TokenizeDatasetOptions } from "../../src/dataset/tokenize-dataset.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import type { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { audioFixture, tinyTokenizer, tokenize, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { tarOf } from "./tar-of.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

let tokenizer: AudioTokenizer;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
});

interface ErrorLine {
  readonly row: number;
  readonly path: string;
  readonly key?: string;
  readonly line?: number;
  readonly code: string;
  readonly message: string;
}

async function errorsOf(folder: string): Promise<readonly ErrorLine[]> {
  const text = await readFile(join(folder, "errors.jsonl"), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ErrorLine);
}

/** Tokenizes below `folder`, where inputs lie too. */
async function run(folder: string, inputs: readonly string[], options: Partial<TokenizeDatasetOptions> = {}) {
  return (
    await tokenize({ model: tokenizer, inputs, cwd: folder, numCodebooks: 2, ...options, folder: join(folder, options.folder ?? "out") })
  ).report;
}

/** A WAV file with a sample that is not finite. */
function wavWith(sample: number): Uint8Array {
  const wav = Buffer.from(formatWav({ channelData: [new Float32Array(9600).fill(0.1)], sampleRate: 24_000 }, { format: "float32" }));
  wav.writeFloatLE(sample, wav.length - 4 * 4600);
  return wav;
}

function withByte(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  return bytes.map((byte, i) => (i === at ? change(byte) : byte));
}

/** Sizes of RIFF and data that say twice what is there. */
function lyingWav(): Uint8Array {
  const wav = Buffer.from(toneWav(3, 0.5));
  wav.writeUInt32LE(2 * wav.readUInt32LE(4), 4);
  wav.writeUInt32LE(2 * wav.readUInt32LE(40), 40);
  return wav;
}

/** Every kind of broken file, with the codes that their lines are to have. */
async function brokenFiles(folder: string): Promise<Readonly<Record<string, string>>> {
  const flac = await readFile(audioFixture("mono.flac"));
  const mp3 = await readFile(audioFixture("mono.mp3"));
  const ogg = await readFile(audioFixture("mono.ogg"));
  const opus = await readFile(audioFixture("mono.opus"));
  const claim = Buffer.from(flac);
  claim.writeUInt32BE(0xff_ff_ff_ff, 22);
  await writeTree(folder, {
    "in/empty.wav": "",
    "in/empty.mp3": "",
    "in/header.wav": toneWav(2, 1).subarray(0, 44),
    "in/no-samples.wav": formatWav({ channelData: [new Float32Array(0)], sampleRate: 24_000 }),
    "in/nan.wav": wavWith(NaN),
    "in/infinite.wav": wavWith(-Infinity),
    "in/short.wav": toneWav(2, 0.01),
    "in/one-sample.wav": toneWav(2, 1 / 24_000),
    "in/silent.wav": formatWav({ channelData: [new Float32Array(12_000)], sampleRate: 24_000 }),
    "in/lying-bits.wav": withByte(toneWav(2, 1), 34, () => 7),
    "in/odd.wav": toneWav(2, 1).subarray(0, 45),
    "in/claim.flac": claim,
    "in/flipped.flac": withByte(flac, 4000, (byte) => byte ^ 0xff),
    "in/cut.flac": flac.subarray(0, flac.length / 2),
    "in/cut.mp3": mp3.subarray(0, mp3.length / 2),
    "in/cut.ogg": ogg.subarray(0, 200),
    "in/cut.opus": opus.subarray(0, 60),
    "in/noise.mp3": Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251),
    "in/zeros.mp3": Buffer.concat([mp3.subarray(0, 3), new Uint8Array(5000)]),
    "in/page.mp3": "<!doctype html><p>404</p>",
    "in/text.flac": "not audio at all",
    "in/six.wav": toneWav(2, 0.5, { channels: 6 }),
    "in/vanished.wav": toneWav(2, 1),
  });
  await symlink(join(folder, "nowhere.wav"), join(folder, "in/dangling.wav"));
  return {
    "empty.wav": "AUDIO_EMPTY",
    "empty.mp3": "AUDIO_EMPTY",
    "header.wav": "AUDIO_CORRUPT",
    "no-samples.wav": "AUDIO_EMPTY",
    "nan.wav": "AUDIO_NOT_FINITE",
    "infinite.wav": "AUDIO_NOT_FINITE",
    "short.wav": "ROW_TOO_SHORT",
    "one-sample.wav": "ROW_SILENT",
    "silent.wav": "ROW_SILENT",
    "lying-bits.wav": "AUDIO_CORRUPT",
    "odd.wav": "AUDIO_CORRUPT",
    "claim.flac": "AUDIO_CORRUPT",
    "flipped.flac": "AUDIO_CORRUPT",
    "cut.flac": "AUDIO_CORRUPT",
    "cut.mp3": "AUDIO_CORRUPT",
    "cut.ogg": "AUDIO_CORRUPT",
    "cut.opus": "AUDIO_CORRUPT",
    "noise.mp3": "AUDIO_UNKNOWN_FORMAT",
    "zeros.mp3": "AUDIO_UNKNOWN_FORMAT",
    "page.mp3": "AUDIO_UNKNOWN_FORMAT",
    "text.flac": "AUDIO_UNKNOWN_FORMAT",
    "six.wav": "AUDIO_UNSUPPORTED",
    "vanished.wav": "FILE_NOT_FOUND",
    "dangling.wav": "FILE_NOT_FOUND",
  };
}

describe("a broken file", () => {
  test("becomes a line with its kind, whole or streamed, and ends nothing", async () => {
    const folder = await temporaryFolder();
    const expected = await brokenFiles(folder);
    await writeTree(folder, { "in/a-sound.wav": toneWav(1, 1), "in/z/sound.wav": toneWav(3, 0.5) });
    const common = { partRows: 5, minimum: { seconds: 0.1 }, trim: { threshold: -60 }, strict: true };
    const found: (readonly ErrorLine[])[] = [];
    for (const [name, more] of Object.entries({ whole: {}, streamed: { maxMemory: 2 ** 16, decodeThreads: 1 } })) {
      const stop = new AbortController();
      stop.abort();
      await writeTree(folder, { "in/vanished.wav": toneWav(2, 1) });
      await run(folder, ["in"], { folder: name, ...common, stop: stop.signal }); // lists the rows only
      await rm(join(folder, "in/vanished.wav"));
      const report = await run(folder, ["in"], { folder: name, ...common, ...more });
      const numErrors = Object.keys(expected).length;
      expect(Object.fromEntries((await errorsOf(join(folder, name))).map(({ path, code }) => [path, code]))).toEqual(expected);
      expect(report, name).toMatchObject({ rows: numErrors + 2, clips: 2, errors: numErrors, partsLeft: 0 });
      expect((await collect(await openDataset(join(folder, name)))).map(({ key }) => key)).toEqual(["a-sound", "z/sound"]);
      expect(await collect(verifyDataset(join(folder, name)))).toEqual([]);
      found.push(await errorsOf(join(folder, name)));
    }
    expect(found[1]).toEqual(found[0]);
    for (const { message } of found[0]!) expect(message).not.toContain(folder);
  });

  test("is a WAV that ends before the samples that its header promises, but not one that was written to a pipe", async () => {
    const folder = await temporaryFolder();
    const piped = toneWav(5, 1);
    new DataView(piped.buffer, piped.byteOffset).setUint32(40, 0xffffffff, true);
    await writeTree(folder, { "in/lying.wav": lyingWav(), "in/cut.wav": toneWav(4, 1).subarray(0, 20_001), "in/piped.wav": piped });
    expect(await run(folder, ["in"], { strict: true })).toMatchObject({ clips: 1, errors: 2 });
    const errors = await errorsOf(join(folder, "out"));
    expect(errors.map(({ path, code }) => [path, code])).toEqual([
      ["cut.wav", "AUDIO_CORRUPT"],
      ["lying.wav", "AUDIO_CORRUPT"],
    ]);
    for (const { message } of errors) expect(message).toMatch(/its header promises \d+ samples/u);
  });

  test("may be a folder, a pipe, or one that nobody may read", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "folder.wav"));
    await writeTree(folder, { "secret.wav": toneWav(1, 0.2), "ok.wav": toneWav(1, 0.2) });
    await chmod(join(folder, "secret.wav"), 0);
    const names = ["folder.wav", "ok.wav", "secret.wav"];
    if (process.platform !== "win32") {
      execFileSync("mkfifo", [join(folder, "pipe.wav")]);
      names.push("pipe.wav");
    }
    await writeTree(folder, { "m.jsonl": names.map((path) => JSON.stringify({ path })).join("\n") });
    await run(folder, ["m.jsonl"]);
    const codes = new Map((await errorsOf(join(folder, "out"))).map(({ path, code }) => [path, code]));
    // Root may read all.
    const isSecret = await readFile(join(folder, "secret.wav")).then(
      () => false,
      () => true,
    );
    for (const name of names)
      expect(codes.get(name), name).toBe(name === "ok.wav" || (name === "secret.wav" && !isSecret) ? undefined : "FILE_UNREADABLE");
  });

  test("may be a member of a tar, or the tar itself", async () => {
    const folder = await temporaryFolder();
    const tar = await tarOf({
      "a.wav": toneWav(1, 0.2),
      "b.wav": "no audio",
      "c.json": "{",
      "c.wav": toneWav(2, 0.2),
      "d.wav": toneWav(3, 0.2),
      "e.wav": toneWav(4, 0.2),
    });
    await writeTree(folder, { "t.tar": tar.subarray(0, tar.length - 4000) });
    await run(folder, ["t.tar"]);
    expect((await errorsOf(join(folder, "out"))).map(({ code, message }) => `${code} ${message.slice(0, 40)}`)).toEqual([
      expect.stringContaining("AUDIO_UNKNOWN_FORMAT"),
      expect.stringContaining("ROW_INVALID t.tar, member c.wav: its .json cannot be"),
      expect.stringContaining("FILE_UNREADABLE"),
      expect.stringContaining("TAR_DAMAGED t.tar: "),
    ]);
    expect((await collect(await openDataset(join(folder, "out")))).map(({ key }) => key)).toEqual(["a", "d"]);
  });
});

describe("a bad row of a manifest", () => {
  test("has no path, no such range, or the id of an earlier row, in whatever part that is", async () => {
    const folder = await temporaryFolder();
    const rows = [
      { path: "a.wav", id: "a" },
      { id: "no path" },
      { path: "a.wav", id: "late", start: 0.9 },
      { path: "a.wav", id: "long", end: 1 },
      { path: "a.wav", id: "nothing", start: 0.2, end: 0.200_001 },
      { path: "b.wav", id: "a" },
      { path: "b.wav", id: "b", end: 0.45 },
      { path: "a.wav", id: "b" },
    ];
    await writeTree(folder, {
      "a.wav": toneWav(1, 0.5),
      "b.wav": toneWav(2, 0.4),
      "m.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
    });
    const outputs = [{ format: "webdataset" }, { format: "npy" }] as const;
    const report = await run(folder, ["m.jsonl"], { partRows: 2, outputs });
    expect(report).toMatchObject({ clips: 2, errors: 6 });
    expect((await errorsOf(join(folder, "out"))).map(({ row, path, code, message }) => [row, path, code, message])).toEqual([
      [1, "m.jsonl", "ROW_INVALID", "m.jsonl, line 2: path: found nothing; expected the path of an audio file"],
      [2, "a.wav", "ROW_RANGE", "the range starts at 0.9 s, and the audio is 0.500 s long"],
      [3, "a.wav", "ROW_RANGE", "the range ends at 1 s, and the audio is 0.500 s long"],
      [4, "a.wav", "ROW_RANGE", "the range from 0.2 s to 0.200001 s has no samples at 24000 Hz"],
      [
        5,
        "b.wav",
        "ROW_DUPLICATE_KEY",
        'row 5 (b.wav) has the key "a" of row 0; give each row an id of its own in a manifest, or rename the file',
      ],
      [
        7,
        "a.wav",
        "ROW_DUPLICATE_KEY",
        'row 7 (a.wav) has the key "b" of row 6; give each row an id of its own in a manifest, or rename the file',
      ],
    ]);
    for (const format of ["webdataset", "npy"] as const) {
      expect((await collect(await openDataset(join(folder, "out"), { format }))).map(({ key, source }) => [key, source])).toEqual([
        ["a", "a.wav"],
        ["b", "b.wav"],
      ]);
    }
    expect(await collect(verifyDataset(join(folder, "out")))).toEqual([]);
    // The parts do not depend on one another: machines that share them find the same.
    for (const index of [2, 0, 1]) await run(folder, ["m.jsonl"], { folder: "split", partRows: 2, outputs, share: { index, count: 3 } });
    const withoutPlaces = async (name: string) =>
      new Map([...(await bytesBelow(join(folder, name)))].filter(([file]) => file !== "plan/inputs.json"));
    expect(await withoutPlaces("split")).toEqual(await withoutPlaces("out"));
  });

  test("may have an id that no file system takes as a name", async () => {
    const folder = await temporaryFolder();
    const ids = ["x", "x.npy/y", "é".repeat(300), `${"é".repeat(300)}!`, "\ud800x", `${"deep/".repeat(5)}${"y".repeat(255)}`];
    await writeTree(folder, { "a.wav": toneWav(1, 0.2), "m.jsonl": ids.map((id) => JSON.stringify({ path: "a.wav", id })).join("\n") });
    const outputs = [{ format: "npy" }, { format: "webdataset" }] as const;
    expect(await run(folder, ["m.jsonl"], { outputs, window: { frames: 5 }, channels: "each" })).toMatchObject({ errors: 0, clips: 18 });
    expect(await run(folder, ["m.jsonl"], { folder: "whole", outputs })).toMatchObject({ errors: 0, clips: 6 });
    expect(await collect(verifyDataset(join(folder, "out")))).toEqual([]);
    const [npy, tar] = await Promise.all(outputs.map(async ({ format }) => collect(await openDataset(join(folder, "out"), { format }))));
    expect(npy).toEqual(tar);
    expect(new Set(npy!.map(({ row }) => row)).size).toBe(6);
  });
});

describe("--retry-errors", () => {
  test("picks up a file that was mended, and leaves the parts without errors alone", async () => {
    const folder = await temporaryFolder();
    const files = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`in/${i}.wav`, toneWav(i, 0.3)]));
    await writeTree(folder, files);
    await run(folder, ["in"], { folder: "sound", partRows: 2 });
    await writeTree(folder, { "in/3.wav": "", "in/6.wav": "broken" });
    expect(await run(folder, ["in"], { partRows: 2 })).toMatchObject({ errors: 2 });
    const identities = async (parts: readonly number[]) =>
      Promise.all(
        parts.map(async (part) =>
          [await stat(join(folder, `out/shards/part-00000${part}-000.tar`)), await stat(join(folder, `out/parts/00000${part}.json`))].map(
            ({ ino, mtimeMs }) => [ino, mtimeMs],
          ),
        ),
      );
    const before = await identities([0, 2]);
    await writeFile(join(folder, "in/3.wav"), files["in/3.wav"]!);
    const report = await run(folder, ["in"], { partRows: 2, retryErrors: true });
    expect(report).toMatchObject({ parts: 2, rows: 4, errors: 1, total: { rows: 8, clips: 7, errors: 1 } });
    expect((await errorsOf(join(folder, "out"))).map(({ path }) => path)).toEqual(["6.wav"]);
    expect(await identities([0, 2])).toEqual(before);
    await writeFile(join(folder, "in/6.wav"), files["in/6.wav"]!);
    await run(folder, ["in"], { partRows: 2, retryErrors: true });
    expect(await bytesBelow(join(folder, "out"))).toEqual(await bytesBelow(join(folder, "sound")));
  });
});

describe("--max-errors", () => {
  test("counts failures of earlier runs too, and the run goes on with more", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`in/${i}.wav`, i % 2 === 0 ? "" : toneWav(i, 0.2)])));
    const limited = (maxErrors: number) => run(folder, ["in"], { partRows: 1, maxErrors });
    await expect(limited(0)).rejects.toMatchObject({
      code: "DATASET_ERRORS",
      message: expect.stringContaining("over 0 rows failed, the last one 0.wav"),
    });
    await expect(limited(1)).rejects.toMatchObject({
      code: "DATASET_ERRORS",
      message: expect.stringContaining("over 1 rows failed, the last one 2.wav"),
    });
    expect((await bytesBelow(join(folder, "out"))).has("parts/000001.json")).toBe(true);
    await expect(limited(2)).rejects.toMatchObject({ code: "DATASET_ERRORS" });
    expect(await limited(3)).toMatchObject({ partsLeft: 0, total: { errors: 3, clips: 3 } });
  });
});
