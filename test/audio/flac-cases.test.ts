import { readFileSync } from "node:fs";
import { FLACDecoder } from "@wasm-audio-decoders/flac";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DecodedFlacFrame } from "../../src/audio/flac/decode-flac-frame.ts";
import { decodeFlacFrame } from "../../src/audio/flac/decode-flac-frame.ts";
import { splitFlacFrames } from "../../src/audio/flac/flac-frames.ts";
import { parseFlacHeader, readFlacHeader } from "../../src/audio/flac/flac-header.ts";
import type { AudioWarning } from "../../src/audio/index.ts";
import { decodeAudio } from "../../src/audio/index.ts";
import { ByteWindow } from "../../src/audio/reading/byte-window.ts";
import { Pace } from "../../src/audio/reading/pace.ts";
import { bytesSource, numSamplesOf } from "../../src/core/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { runsOf } from "../long-searches.ts";
import { concatBytes } from "./concat-bytes.ts";
import { constantFlacFrame, flacHeader, withFlacChecksums } from "./flac-bytes.ts";
import { collect } from "./ogg-bytes.ts";
import { fixtureIntegers, fixtureSignal } from "./signals.ts";
import { ascii } from "./wav-bytes.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));
const text = (content: string): Uint8Array => Uint8Array.from(ascii(content));

afterEach(() => {
  vi.restoreAllMocks();
});

async function read(bytes: Uint8Array): Promise<{ audio: Waveform; warnings: AudioWarning[] }> {
  const warnings: AudioWarning[] = [];
  return { audio: await decodeAudio(bytes, { onWarning: (warning) => warnings.push(warning) }), warnings };
}

const whole = fixture("stereo.flac"); // 13 231 samples in frames of 4608
const piped = fixture("stereo-piped.flac"); // whose header does not know how many
const expected = fixtureSignal(44_100, 2);

/** A header, and where the frames behind it start and end. */
async function takeApart(bytes: Uint8Array): Promise<{ header: Uint8Array; frames: Uint8Array[]; blockSize: number }> {
  const header = await readFlacHeader(new ByteWindow(bytesSource(bytes, "test")), 0);
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    yield bytes.subarray(header.framesStart);
  }
  const frames = await collect(splitFlacFrames(chunks(), header, new Pace()));
  return { header: bytes.slice(0, header.framesStart), frames: frames.map((frame) => frame.bytes), blockSize: header.blockSize! };
}

/** The same file with another number of samples in its header. */
function withTotal(bytes: Uint8Array, numSamples: number): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(22, numSamples);
  return changed;
}

describe("after the last frame", () => {
  test.each([
    ["an ID3v1 tag", concatBytes([text("TAG"), new Uint8Array(125)]), []],
    ["an APE tag", concatBytes([text("APETAGEX"), new Uint8Array(24).fill(0x61)]), []],
    ["zeros", new Uint8Array(1000), []],
    ["line ends", text("\n\n\n\n"), ["AUDIO_EXTRA"]],
    ["1000 bytes of anything", Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) >> 4), ["AUDIO_EXTRA"]],
    ["another stream", fixture("mono.flac"), ["AUDIO_EXTRA"]],
    ["half of the last frame again", whole.subarray(whole.length - 700), ["AUDIO_EXTRA"]],
  ] as const)("%s costs nothing", async (_, rest, codes) => {
    for (const bytes of [whole, piped]) {
      const { audio, warnings } = await read(concatBytes([bytes, rest]));
      expect(audio).toEqual(expected);
      expect(warnings.map(({ code, position, numLost }) => [code, position, numLost])).toEqual(codes.map((code) => [code, 13_231, 0]));
    }
  });
});

describe("the number of samples in the header", () => {
  test("may be too small", async () => {
    const { audio, warnings } = await read(withTotal(whole, 12_231));
    expect(audio).toEqual(expected);
    expect(warnings).toEqual([
      {
        code: "AUDIO_EXTRA",
        message: "damaged FLAC file: its header promises 12231 samples per channel, its frames have 13231",
        position: 13_231,
        numLost: 0,
      },
    ]);
  });

  test("may be too big, which may be audio that is missing", async () => {
    const { audio, warnings } = await read(withTotal(whole, 14_231));
    expect(audio).toEqual(expected);
    expect(warnings).toMatchObject([{ code: "AUDIO_TRUNCATED", position: 13_231, numLost: 1000 }]);
  });

  test("may be unknown, and then what follows the last frame is no matter, or a cut one", async () => {
    expect(await read(withTotal(whole, 0))).toEqual({ audio: expected, warnings: [] });
    const { frames } = await takeApart(piped);
    const { audio, warnings } = await read(piped.subarray(0, -5));
    const numSamples = 13_231 - numSamplesOf(await decodedFrame(frames.at(-1)!));
    expect(numSamplesOf(audio)).toBe(numSamples);
    expect(warnings).toMatchObject([
      {
        code: "AUDIO_TRUNCATED",
        message: expect.stringContaining("does not end with a whole frame"),
        position: numSamples,
        numLost: 13_231 - numSamples,
      },
    ]);
  });
});

async function decodedFrame(bytes: Uint8Array): Promise<Waveform> {
  const frame = decodeFlacFrame(bytes, 16) as DecodedFlacFrame;
  return { channelData: frame.channelData.map((samples) => Float32Array.from(samples, (sample) => sample / 2 ** 15)), sampleRate: 44_100 };
}

test("a part of a stream starts with its first frame", async () => {
  const { header, frames, blockSize } = await takeApart(whole);
  const { audio, warnings } = await read(concatBytes([header, ...frames.slice(1)]));
  expect(audio.channelData).toEqual(expected.channelData.map((samples) => samples.slice(blockSize)));
  expect(warnings).toEqual([]);
});

test("frames of variable length may have the number of their first sample without saying so", async () => {
  const header = flacHeader(600);
  new DataView(header.buffer).setUint16(8, 100); // the smallest block
  const frames = [
    [0, 100],
    [100, 300],
    [400, 200],
  ].map(([number, blockSize]) => constantFlacFrame(number!, 5, { blockSize: blockSize! }));
  const { audio, warnings } = await read(concatBytes([header, ...frames]));
  expect(audio.channelData).toEqual([new Float32Array(600).fill(5 / 2 ** 15)]);
  expect(warnings).toEqual([]);
});

describe("the decoder of this package", () => {
  test.each([
    ["mono.flac", 16],
    ["stereo.flac", 16],
    ["stereo-24.flac", 24],
  ])("gives what the other one does, and where the frame ends: %s", async (name, bits) => {
    const { frames } = await takeApart(fixture(name));
    const audio = await decodeAudio(fixture(name));
    let position = 0;
    for (const frame of frames) {
      const decoded = decodeFlacFrame(concatBytes([frame, Uint8Array.of(1, 2, 3)]), bits);
      if (decoded === undefined || decoded === "short") throw new Error("not decoded");
      expect(decoded.length).toBe(frame.length);
      const numSamples = decoded.channelData[0]!.length;
      for (const [channel, samples] of decoded.channelData.entries()) {
        const floats = Float32Array.from(samples, (sample) => sample / 2 ** (bits - 1));
        expect(floats).toEqual(audio.channelData[channel]!.slice(position, position + numSamples));
      }
      position += numSamples;
      expect(decodeFlacFrame(frame.subarray(0, -1), bits)).toBe("short");
    }
    expect(position).toBe(numSamplesOf(audio));
  });

  test("reads 32 bits, of which the nearest floats are taken", async () => {
    const decode = vi.spyOn(FLACDecoder.prototype, "decodeFrames");
    const { audio, warnings } = await read(fixture("stereo-32.flac"));
    expect(warnings).toEqual([]);
    expect(decode).not.toHaveBeenCalled();
    expect(audio.channelData).toEqual(fixtureIntegers().map((samples) => Float32Array.from(samples, (sample) => sample / 2 ** 31)));
  });

  test("reads frames that leave their rate and width to the stream's header, which the other one cannot", async () => {
    const frames = [7, -9].map((value, i) => {
      const frame = constantFlacFrame(i, value);
      frame[2]! &= 0xf0;
      frame[3]! &= 0xf0;
      return frame;
    });
    const { audio, warnings } = await read(withFlacChecksums(concatBytes([flacHeader(2 * 4096), ...frames])));
    expect(audio.channelData).toEqual([Float32Array.from({ length: 8192 }, (_, i) => (i < 4096 ? 7 : -9) / 2 ** 15)]);
    expect(warnings).toEqual([]);
  });

  test("whatever the bytes, is done with them", () => {
    const frame = constantFlacFrame(0, 5, { blockSize: 300 }).subarray(0, -3);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (rest) => {
        const decoded = decodeFlacFrame(concatBytes([frame, rest]), 16);
        if (typeof decoded !== "object") return;
        expect(decoded.length).toBeLessThanOrEqual(frame.length + rest.length);
        for (const samples of decoded.channelData) expect(samples.every((sample) => Math.abs(sample) <= 2 ** 15)).toBe(true);
      }),
      { numRuns: runsOf(2000) },
    );
  });
});

describe("laws", () => {
  test("whatever stands after the frames, they are decoded", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(whole, piped), fc.uint8Array({ maxLength: 3000 }), async (bytes, rest) => {
        const { audio, warnings } = await read(concatBytes([bytes, rest]));
        expect(audio).toEqual(expected);
        for (const warning of warnings) expect(warning).toMatchObject({ code: "AUDIO_EXTRA", numLost: 0 });
      }),
      { numRuns: runsOf(60) },
    );
  });

  test("cut anywhere, a file is its first frames, and what is missing is counted", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 6000, max: whole.length - 1 }), async (length) => {
        const { audio, warnings } = await read(whole.subarray(0, length));
        const numSamples = numSamplesOf(audio);
        expect(audio.channelData).toEqual(expected.channelData.map((samples) => samples.slice(0, numSamples)));
        expect(warnings).toMatchObject([{ code: "AUDIO_TRUNCATED", position: numSamples, numLost: 13_231 - numSamples }]);
      }),
      { numRuns: runsOf(60) },
    );
  });

  const small = { blockSize: 100 };
  const values = Array.from({ length: 20 }, (_, i) => 1000 + 37 * i);
  const frames = values.map((value, i) => constantFlacFrame(i, value, small));
  const samplesOf = (isSound: (frame: number) => boolean): Float32Array =>
    Float32Array.from({ length: 2000 }, (_, i) => (isSound(Math.floor(i / 100)) ? values[Math.floor(i / 100)]! / 2 ** 15 : 0));

  test("frames that are missing, changed, or have other bytes around them are silence of their length; all others are as they were", async () => {
    const damage = fc.constantFrom("whole", "missing", "changed", "junk before", "whole", "whole", "whole");
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { minLength: 18, maxLength: 18 }),
        fc.uint8Array({ minLength: 1, maxLength: 30 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (damages, junk, at, change, hasTotal) => {
          const damageOf = (i: number): string => damages[i - 1] ?? "whole"; // the first and the last are whole
          const parts = frames.map((frame, i) => {
            if (damageOf(i) === "missing") return new Uint8Array();
            if (damageOf(i) === "junk before") return concatBytes([junk, frame]);
            return damageOf(i) === "changed" ? frame.with(at % frame.length, frame[at % frame.length]! ^ change) : frame;
          });
          const { audio, warnings } = await read(concatBytes([flacHeader(hasTotal ? 2000 : 0, small), ...parts]));
          const isSound = (i: number): boolean => damageOf(i) === "whole" || damageOf(i) === "junk before";
          expect(audio.channelData).toEqual([samplesOf(isSound)]);
          const numLost = damages.filter((each) => each === "missing" || each === "changed").length * 100;
          expect(warnings.reduce((sum, warning) => sum + warning.numLost, 0)).toBe(numLost);
          for (const { code, position, numLost: lost } of warnings) {
            expect(code).toBe(lost > 0 ? "AUDIO_GAP" : "AUDIO_EXTRA");
            for (let frame = position / 100; frame < (position + lost) / 100; frame++) expect(isSound(frame)).toBe(false);
          }
        },
      ),
      { numRuns: runsOf(200) },
    );
  });

  test("frames that come again, or of another stream, are passed over", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 19 }), fc.nat(19), fc.integer({ min: 1, max: 5 }), async (at, from, count) => {
        fc.pre(from < at);
        const again = frames.slice(from, Math.min(at, from + count));
        const { audio, warnings } = await read(
          concatBytes([flacHeader(2000, small), ...frames.slice(0, at), ...again, ...frames.slice(at)]),
        );
        expect(audio.channelData).toEqual([samplesOf(() => true)]);
        expect(warnings.map(({ code, position }) => [code, position])).toEqual(again.map(() => ["AUDIO_EXTRA", at * 100]));
      }),
      { numRuns: runsOf(60) },
    );
  });
});

test("a frame far away does not make a long silence of a short file", async () => {
  const far = concatBytes([flacHeader(0), constantFlacFrame(0, 1), constantFlacFrame(0xd7ff, 1), constantFlacFrame(0xd7fe, 1)]);
  const { audio, warnings } = await read(far);
  expect(numSamplesOf(audio)).toBe(2 ** 24 + 3 * 4096);
  expect(warnings.map(({ code }) => code)).toEqual(["AUDIO_GAP", "AUDIO_EXTRA", "AUDIO_TRUNCATED"]);
  expect(parseFlacHeader(far).numSamples).toBeUndefined();
});
