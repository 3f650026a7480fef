import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { decodeAudio, decodeAudioStream, formatWav, parseWav } from "../../src/audio/index.ts";
import { AudioFormatError, bytesSource, numSamplesOf } from "../../src/core/index.ts";
import type { AudioWarning, DecodeAudioOptions } from "../../src/audio/index.ts";
import type { ByteSource, Waveform } from "../../src/core/index.ts";
import { longFiles, longFile, noiseBlock } from "./long-files.ts";
import { collect } from "./ogg-bytes.ts";
import { joinPieces, noise } from "./pieces.ts";
import { chunk, extensibleFields, formatChunk, littleEndian, wav } from "./wav-bytes.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));

// The WebAssembly decoders would print what they also report.
const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
afterEach(() => expect(printed).not.toHaveBeenCalled());

const sha256 = ({ channelData }: Waveform): string => {
  const hash = createHash("sha256");
  for (const samples of channelData) hash.update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  return hash.digest("hex").slice(0, 16);
};

/** Everything that a stream gives before it ends or fails. */
async function readAll(source: ByteSource | Uint8Array, options: DecodeAudioOptions = {}): Promise<{ pieces: Waveform[]; error: unknown }> {
  const pieces: Waveform[] = [];
  try {
    for await (const piece of await decodeAudioStream(source, options)) pieces.push(piece);
    return { pieces, error: undefined };
  } catch (error) {
    return { pieces, error };
  }
}

/** A source that notes what is read of it, and fails where `failAt` is read. */
function watched(bytes: Uint8Array, failAt = Infinity): { source: ByteSource; lengths: number[]; reason: Error } {
  const plain = bytesSource(bytes, "watched");
  const lengths: number[] = [];
  const reason = new Error("disk on fire");
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    lengths.push(length);
    if (offset + length > failAt) throw reason;
    return plain.read(offset, length);
  };
  return { source: { name: "watched", size: bytes.length, read }, lengths, reason };
}

// Digests of what decoding each file in one go gave, before there was streaming.
const fixtures = [
  ["mono.flac", 44_100, 1, 13_231, "3e44284454d484ea"],
  ["stereo.flac", 44_100, 2, 13_231, "3c3c702ee5da44af"],
  ["stereo-24.flac", 44_100, 2, 13_231, "3c3c702ee5da44af"],
  ["stereo-piped.flac", 44_100, 2, 13_231, "3c3c702ee5da44af"],
  ["stereo-flac.ogg", 44_100, 2, 13_231, "3c3c702ee5da44af"],
  ["mono.mp3", 44_100, 1, 13_231, "faacf1453a4b8ca0"],
  ["stereo.mp3", 44_100, 2, 13_231, "0b5c702c89e86b63"],
  ["mono-vbr.mp3", 44_100, 1, 13_231, "324ed62e8fa32e9e"],
  ["stereo-vbr.mp3", 44_100, 2, 13_231, "80316016414af0a8"],
  ["mono-no-info.mp3", 44_100, 1, undefined, "f7049a11ddc9f276"],
  ["stereo-no-info.mp3", 44_100, 2, undefined, "6b6f7358995b9959"],
  ["mono.ogg", 44_100, 1, 13_231, "5ee5759660f8ec55"],
  ["stereo.ogg", 44_100, 2, 13_231, "da7e706042a5b72c"],
  ["mono.opus", 48_000, 1, 14_401, "22603cfc2b1831ee"],
  ["stereo.opus", 48_000, 2, 14_401, "2fe04340caaedc3c"],
] as const;

test.each(fixtures)(
  "%s: its form is known before, and its pieces are the whole",
  async (name, sampleRate, channels, numSamples, digest) => {
    const audio = await decodeAudioStream(fixture(name));
    expect(audio).toMatchObject({ sampleRate, channels, numSamples });
    const whole = joinPieces(await collect(audio), audio);
    if (numSamples !== undefined) expect(numSamplesOf(whole)).toBe(numSamples);
    expect(sha256(whole)).toBe(digest);
    expect(sha256(await decodeAudio(fixture(name)))).toBe(digest);
  },
);

/** Interleaved noise as the bytes of a `data` chunk. */
function noiseBytes(kind: 8 | 16 | 24 | 32 | "float32" | "float64", numChannels: number): number[] {
  const [values] = noise(1, 40_000 * numChannels);
  if (kind === "float32") return [...new Uint8Array(values!.buffer)];
  if (kind === "float64") return [...new Uint8Array(Float64Array.from(values!).buffer)];
  return Array.from(values!, (value) => littleEndian(BigInt(Math.floor(value * 2 ** (kind - 1))), kind / 8)).flat();
}

describe("WAV: the pieces are what parseWav gives", () => {
  const formats: readonly [string, number[], number[]][] = [
    ["8-bit", formatChunk({ bits: 8 }), noiseBytes(8, 1)],
    ["16-bit stereo", formatChunk({ numChannels: 2 }), noiseBytes(16, 2)],
    ["24-bit", formatChunk({ tag: 0xfffe, bits: 24, extension: extensibleFields(24, 1) }), noiseBytes(24, 1)],
    ["32-bit with three channels", formatChunk({ numChannels: 3, bits: 32 }), noiseBytes(32, 3)],
    ["float32", formatChunk({ tag: 3, bits: 32 }), noiseBytes("float32", 1)],
    ["float64", formatChunk({ tag: 3, bits: 64, numChannels: 2 }), noiseBytes("float64", 2)],
  ];
  const wholes = formats.map(([name, format, samples]) => [name, wav([...format, ...chunk("data", samples)])] as const);
  const [, stereo] = wholes[1]!;
  const before = wav([...chunk("data", formats[1]![2]), ...chunk("LIST", [1, 2, 3]), ...formats[1]![1]]);
  test.each([
    ...wholes,
    ["cut within a sample frame", stereo.subarray(0, -5001)],
    ["a format behind the samples", before],
    [
      "a data length that was never filled in",
      stereo.with(40, 0).with(41, 0).with(42, 0).with(43, 0).with(4, 0).with(5, 0).with(6, 0).with(7, 0),
    ],
  ] as const)("%s", async (_, bytes) => {
    const expected = parseWav(bytes);
    const audio = await decodeAudioStream(bytes);
    expect(audio.container).toBe("wav");
    expect(audio.numSamples).toBe(numSamplesOf(expected));
    const pieces = await collect(audio);
    expect(pieces.length).toBeGreaterThan(1);
    expect(sha256(joinPieces(pieces, audio))).toBe(sha256(expected));
  });

  test("what cannot be read is refused when it is opened", async () => {
    await expect(decodeAudioStream(wav(formatChunk()))).rejects.toMatchObject({
      code: "AUDIO_CORRUPT",
      message: expect.stringContaining('without a "data" chunk'),
    });
    await expect(decodeAudioStream(wav([...formatChunk(), ...chunk("data", []), ...chunk("LIST", [1, 2])]))).rejects.toMatchObject({
      code: "AUDIO_EMPTY",
    });
  });
});

describe.each(Object.keys(longFiles))("a long file: %s", (kind) => {
  const seconds = 20;

  test("comes in pieces of at most a second, read in small ranges and little more than once", async () => {
    const bytes = await longFile(kind, seconds);
    const { source, lengths } = watched(bytes);
    const audio = await decodeAudioStream(source);
    const pieces = await collect(audio);
    expect(pieces.length).toBeGreaterThanOrEqual(seconds);
    for (const piece of pieces) {
      expect(numSamplesOf(piece)).toBeGreaterThan(0);
      expect(numSamplesOf(piece)).toBeLessThanOrEqual(audio.sampleRate);
    }
    const numSamples = pieces.reduce((sum, piece) => sum + numSamplesOf(piece), 0);
    expect(numSamples).toBeGreaterThanOrEqual(seconds * audio.sampleRate);
    if (kind !== "mp3") expect(audio.numSamples).toBe(numSamples);
    // A piped FLAC file's last frame is looked for in as much of its end as a frame may take.
    const largest = kind === "pipedFlac" ? 1.6e6 : 2 ** 18;
    expect(Math.max(...lengths)).toBeLessThanOrEqual(largest);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThan(1.5 * bytes.length + 2 * largest);
    if (kind === "flac" || kind === "wav" || kind === "pipedFlac") {
      const [samples] = joinPieces(pieces, audio).channelData;
      expect(samples!.every((sample, i) => sample === noiseBlock[i % 4096]! / 2 ** 15)).toBe(true);
    }
  });

  test("may be read again, and by two readers at once", async () => {
    const audio = await decodeAudioStream(await longFile(kind, 2));
    const expected = sha256(joinPieces(await collect(audio), audio));
    for (const pieces of await Promise.all([collect(audio), collect(audio)])) expect(sha256(joinPieces(pieces, audio))).toBe(expected);
  });

  test("is not read on after the loop was left", async () => {
    const { source, lengths } = watched(await longFile(kind, seconds));
    for await (const piece of await decodeAudioStream(source)) {
      expect(numSamplesOf(piece)).toBeGreaterThan(0);
      break;
    }
    const numReads = lengths.length;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(lengths).toHaveLength(numReads);
  });

  test("stops in the middle when the signal fires, with its reason", async () => {
    const controller = new AbortController();
    const reason = new Error("no longer needed");
    const audio = await decodeAudioStream(await longFile(kind, seconds), { signal: controller.signal });
    let numPieces = 0;
    const reading = (async () => {
      for await (const piece of audio) {
        expect(numSamplesOf(piece)).toBeGreaterThan(0);
        if (++numPieces === 3) controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(numPieces).toBe(3);
    await expect(collect(audio)).rejects.toBe(reason);
  });

  test("passes an error of the source on as it is, after what came before it", async () => {
    const bytes = await longFile(kind, seconds);
    const whole = await decodeAudio(bytes);
    const { source, reason } = watched(bytes, bytes.length - 1000);
    const { pieces, error } = await readAll(source);
    expect(error).toBe(reason);
    expectPrefix(pieces, whole);
  });

  test.skipIf(kind === "wav")("cut anywhere, ends with an error after audio that is right as far as it goes", async () => {
    const bytes = await longFile(kind, 4);
    const whole = await decodeAudio(bytes);
    let numGiven = 0;
    for (const share of [0.001, 0.01, 0.1, 0.3, 0.5, 0.77, 0.9, 0.99, 0.9999]) {
      const { pieces, error } = await readAll(bytes.subarray(0, Math.floor(bytes.length * share) - 1), { strict: true });
      expect(error).toBeInstanceOf(AudioFormatError);
      expect(error).toMatchObject({ code: expect.stringMatching(/^AUDIO_(?:CORRUPT|UNKNOWN_FORMAT)$/u) });
      numGiven += expectPrefix(pieces, whole);
    }
    if (kind !== "pipedFlac") expect(numGiven).toBeGreaterThan(numSamplesOf(whole));
  });

  test.skipIf(kind === "wav" || kind === "mp3")("one byte changed in the middle does not pass in silence", async () => {
    const bytes = await longFile(kind, 4);
    for (const share of [0.2, 0.5, 0.8]) {
      const at = Math.floor(bytes.length * share);
      const { error } = await readAll(bytes.with(at, bytes[at]! ^ 0x10), { strict: true });
      expect(error).toMatchObject({ code: "AUDIO_CORRUPT" });
    }
  });

  test.runIf(kind === "flac" || kind === "pipedFlac")(
    "one byte changed in the middle costs what depends on it, unless that is refused",
    async () => {
      const bytes = await longFile(kind, 4);
      const whole = await decodeAudio(bytes);
      for (const share of [0.2, 0.5, 0.8]) {
        const at = Math.floor(bytes.length * share);
        const warnings: AudioWarning[] = [];
        const audio = await decodeAudio(bytes.with(at, bytes[at]! ^ 0x10), { onWarning: (warning) => warnings.push(warning) });
        expect(numSamplesOf(audio)).toBe(numSamplesOf(whole));
        expect(warnings).toMatchObject([{ code: "AUDIO_GAP" }]);
        const { position, numLost } = warnings[0]!;
        const [samples] = audio.channelData;
        expect(numLost).toBeGreaterThan(0);
        expect(samples!.subarray(0, position)).toEqual(whole.channelData[0]!.subarray(0, position));
        expect(samples!.subarray(position, position + numLost).every((sample) => sample === 0)).toBe(true);
      }
    },
  );

  test.runIf(["flac", "pipedFlac", "mp3"].includes(kind))(
    "cut anywhere, it is the audio before that, with a word, unless that is refused",
    async () => {
      const bytes = await longFile(kind, 4);
      const whole = await decodeAudio(bytes);
      for (const share of [0.1, 0.3, 0.5, 0.77, 0.9, 0.99]) {
        const warnings: AudioWarning[] = [];
        const cut = bytes.subarray(0, Math.floor(bytes.length * share) - 1);
        const audio = await decodeAudio(cut, { onWarning: (warning) => warnings.push(warning) });
        expect(numSamplesOf(audio)).toBeGreaterThan(numSamplesOf(whole) * share * 0.5);
        expectPrefix([audio], whole);
        expect(warnings).toMatchObject([{ code: "AUDIO_TRUNCATED", position: numSamplesOf(audio) }]);
      }
    },
  );
});

/** Pieces that came before an error must be the start of the whole. */
function expectPrefix(pieces: readonly Waveform[], whole: Waveform): number {
  const start = joinPieces(pieces, { sampleRate: whole.sampleRate, channels: whole.channelData.length });
  const length = numSamplesOf(start);
  const expected = { channelData: whole.channelData.map((samples) => samples.subarray(0, length)), sampleRate: whole.sampleRate };
  expect(sha256(start)).toBe(sha256(expected));
  return length;
}

describe("MP3 with an information frame", () => {
  const bytes = fixture("mono.mp3");
  const at = Buffer.from(bytes).indexOf("Info") + 8; // the number of frames, in four bytes

  test("that promises fewer frames than there are loses none of them", async () => {
    const whole = await decodeAudio(bytes);
    const promised = bytes[at + 3]!;
    const audio = await decodeAudioStream(bytes.with(at + 3, promised - 2));
    const [samples] = joinPieces(await collect(audio), audio).channelData;
    expect(audio.numSamples).toBe(13_231 - 2 * 1152);
    expect((samples!.length + 1105) % 1152).toBe(0); // delay is cut off, padding is not
    expect(samples!.length).toBeGreaterThan(13_231);
    expect(samples!.slice(0, 13_231)).toEqual(whole.channelData[0]);
  });

  test("that promises more is cut short", async () => {
    const { error } = await readAll(bytes.with(at + 3, bytes[at + 3]! + 1), { strict: true });
    expect(error).toMatchObject({ code: "AUDIO_CORRUPT", message: expect.stringMatching(/its header promises \d+ frames, it has \d+/u) });
  });
});

test("what is no audio is refused when it is opened", async () => {
  await expect(decodeAudioStream(new Uint8Array())).rejects.toMatchObject({ code: "AUDIO_EMPTY", message: "empty file: it has 0 bytes" });
  await expect(decodeAudioStream(new TextEncoder().encode("<html>"))).rejects.toMatchObject({ code: "AUDIO_UNKNOWN_FORMAT" });
  await expect(decodeAudioStream("a.wav" as unknown as Uint8Array)).rejects.toThrow(/^decodeAudioStream takes bytes.*received string/u);
});

test("an aborted signal rejects before anything is read", async () => {
  const reason = new Error("stop");
  const { source, lengths } = watched(formatWav({ channelData: noise(1, 10), sampleRate: 8000 }));
  await expect(decodeAudioStream(source, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(lengths).toEqual([]);
});

test.each([
  [0, 4],
  [1, 6],
  [0, 0xffffffff],
  [0, 0x7ffff000],
])("says that %i samples are missing where two of 16 bits are said to take %i bytes, or refuses that", async (numLost, size) => {
  const bytes = wav([...formatChunk(), ...chunk("data", [0, 64, 0, 32], size)]);
  const warnings: AudioWarning[] = [];
  const audio = await decodeAudio(bytes, { onWarning: (warning) => warnings.push(warning) });
  expect(audio.channelData).toEqual([new Float32Array([0.5, 0.25])]);
  const warning = {
    code: "AUDIO_TRUNCATED",
    message: "truncated WAV file: its header promises 3 samples per channel, it has 2",
    position: 2,
    numLost: 1,
  };
  expect(warnings).toEqual(numLost === 0 ? [] : [warning]);
  if (numLost > 0)
    await expect(decodeAudio(bytes, { strict: true })).rejects.toMatchObject({ code: "AUDIO_CORRUPT", message: warning.message });
});
