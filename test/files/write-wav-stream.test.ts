import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { formatWav } from "../../src/audio/index.ts";
import type { WavFormat } from "../../src/audio/index.ts";
import { AudioFormatError } from "../../src/core/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { writeWavStream } from "../../src/files/write-wav-stream.ts";
import { anyCuts, cutWaveform, noise } from "../audio/pieces.ts";
import { temporaryFolder } from "../temporary-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
const at = (name: string): string => join(folder, name);
const piece = (numSamples: number, sampleRate = 8000): Waveform => ({ channelData: noise(1, numSamples), sampleRate });

test("whatever the pieces, the file is byte for byte that of the whole", async () => {
  const anyFormat = fc.constantFrom<WavFormat>("pcm16", "pcm24", "float32");
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2000 }),
      anyCuts,
      anyFormat,
      async (numChannels, numSamples, cuts, format) => {
        const whole = { channelData: noise(numChannels, numSamples), sampleRate: 22_050 };
        await writeWavStream(at("a.wav"), cutWaveform(whole, cuts), { format });
        expect(Buffer.compare(readFileSync(at("a.wav")), formatWav(whole, { format }))).toBe(0);
        expect(readdirSync(folder)).toEqual(["a.wav"]);
      },
    ),
    { numRuns: 50 },
  );
});

test("a piece without samples gives a file without samples", async () => {
  await writeWavStream(pathToFileURL(at("a.wav")), [piece(0)]);
  expect(new Uint8Array(readFileSync(at("a.wav")))).toEqual(formatWav(piece(0)));
});

test("timers and signals have their turn within a long piece", async () => {
  const whole = { channelData: Array.from({ length: 8 }, () => noise(1, 2 ** 17)[0]!), sampleRate: 8000 };
  const views = DataView.prototype;
  const { setInt16 } = views;
  let [sinceTurn, most, isOver] = [0, 0, false];
  views.setInt16 = function (...values) {
    most = Math.max(most, ++sinceTurn);
    setInt16.apply(this, values);
  };
  const tick = (): void => {
    sinceTurn = 0;
    if (!isOver) setImmediate(tick);
  };
  tick();
  try {
    await writeWavStream(at("a.wav"), [whole]);
  } finally {
    isOver = true;
    views.setInt16 = setInt16;
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(2 ** 18);
  expect(Buffer.compare(readFileSync(at("a.wav")), formatWav(whole))).toBe(0);
});

describe("a failure leaves the old file alone, and nothing beside it", () => {
  const reason = new Error("connection lost");
  async function* failing(error: unknown): AsyncGenerator<Waveform, void> {
    yield piece(1000);
    throw error;
  }
  const controller = new AbortController();
  async function* aborting(): AsyncGenerator<Waveform, void> {
    yield piece(1000);
    controller.abort(reason);
    yield piece(1000);
  }
  async function* abortingLast(): AsyncGenerator<Waveform, void> {
    yield piece(1000);
    lastController.abort(reason);
  }
  const lastController = new AbortController();
  const abortError = new DOMException("This operation was aborted", "AbortError");
  const audioError = new AudioFormatError("AUDIO_CORRUPT", "damaged");
  const systemError = Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", syscall: "open" });

  test.each<[string, () => AsyncIterable<Waveform> | Waveform[], object, unknown]>([
    ["an error of the source", () => failing(reason), {}, reason],
    ["an abort of the source", () => failing(abortError), {}, abortError],
    ["damage in the source", () => failing(audioError), {}, audioError],
    ["a file that the source misses", () => failing(systemError), {}, systemError],
    ["a signal that fires between two pieces", aborting, { signal: controller.signal }, reason],
    ["a signal that fires after the last piece", abortingLast, { signal: lastController.signal }, reason],
    ["a signal that fired before", () => [piece(1)], { signal: AbortSignal.abort(reason) }, reason],
  ])("%s", async (_, pieces, options, error) => {
    writeFileSync(at("a.wav"), "old");
    await expect(writeWavStream(at("a.wav"), pieces(), options)).rejects.toBe(error);
    expect(readFileSync(at("a.wav"), "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.wav"]);
    await expect(writeWavStream(at("new.wav"), pieces(), options)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["a.wav"]);
  });

  test.each<[string, Waveform[], RegExp]>([
    ["no pieces", [], /no piece of audio came/u],
    [
      "pieces of different rates",
      [piece(10), piece(10, 16_000)],
      /every piece must be 1-channel audio at 8000 Hz.*received 1-channel audio at 16000 Hz/u,
    ],
    ["pieces of different channels", [piece(10), { channelData: noise(2, 10), sampleRate: 8000 }], /received 2-channel audio/u],
    ["NaN", [piece(10), { channelData: [Float32Array.of(Number.NaN)], sampleRate: 8000 }], /NaN samples/u],
  ])("%s", async (_, pieces, message) => {
    await expect(writeWavStream(at("a.wav"), pieces)).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a file that grows over 4 GiB, before that is written", async () => {
    // 8192 channels that are one array.
    const channels = [new Float32Array(1), new Float32Array(2 ** 17)];
    const pieces = channels.map((samples) => ({ channelData: Array.from({ length: 8192 }, () => samples), sampleRate: 8000 }));
    await expect(writeWavStream(at("a.wav"), pieces, { format: "float32" })).rejects.toThrow(/at most 4 GiB/u);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("the source is closed when writing fails", async () => {
  let isClosed = false;
  async function* source(): AsyncGenerator<Waveform, void> {
    try {
      yield piece(1);
      yield piece(1, 16_000);
    } finally {
      isClosed = true;
    }
  }
  await expect(writeWavStream(at("a.wav"), source())).rejects.toThrow(RangeError);
  expect(isClosed).toBe(true);
});

test("without overwriting, a file that is there stays, and one that comes meanwhile too", async () => {
  writeFileSync(at("a.wav"), "old");
  await expect(writeWavStream(at("a.wav"), [piece(1)], { overwrite: false })).rejects.toMatchObject({ code: "FILE_EXISTS" });
  async function* source(): AsyncGenerator<Waveform, void> {
    yield piece(1);
    writeFileSync(at("b.wav"), "other");
  }
  await expect(writeWavStream(at("b.wav"), source(), { overwrite: false })).rejects.toMatchObject({ code: "FILE_EXISTS" });
  expect(readFileSync(at("a.wav"), "utf8") + readFileSync(at("b.wav"), "utf8")).toBe("oldother");
  expect(readdirSync(folder).toSorted()).toEqual(["a.wav", "b.wav"]);
});

test("a missing folder is told before the first piece is asked for", async () => {
  let isAsked = false;
  async function* source(): AsyncGenerator<Waveform, void> {
    isAsked = true;
    yield piece(1);
  }
  await expect(writeWavStream(at("none/a.wav"), source())).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  expect(isAsked).toBe(false);
});
