import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AudioWarning } from "../../src/audio/index.ts";
import { decodeAudio, decodeAudioStream } from "../../src/audio/index.ts";
import { numSamplesOf } from "../../src/core/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { runsOf } from "../long-searches.ts";
import { concatBytes } from "./concat-bytes.ts";
import { silentMp3Frame } from "./mp3-bytes.ts";
import { ascii } from "./wav-bytes.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));
const text = (content: string): Uint8Array => Uint8Array.from(ascii(content));

interface Reading {
  readonly audio: Waveform;
  readonly warnings: readonly AudioWarning[];
}

async function read(bytes: Uint8Array): Promise<Reading> {
  const warnings: AudioWarning[] = [];
  return { audio: await decodeAudio(bytes, { onWarning: (warning) => warnings.push(warning) }), warnings };
}

const codesOf = ({ warnings }: Reading): string[] => warnings.map(({ code }) => code);

const gapless = fixture("mono.mp3"); // an ID3 tag of 45 bytes, an information frame, then frames at 160 kbps
const plain = fixture("mono-no-info.mp3"); // 13 frames of 1152 samples at 128 kbps
const id3v1 = concatBytes([text("TAG"), new Uint8Array(125)]);
const id3v2 = Uint8Array.from([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 3, 0xff, 0xfb, 0x90]);
const ape = concatBytes([text("APETAGEX"), Uint8Array.of(0xd0, 7, 0, 0, 40, 0, 0, 0), new Uint8Array(16), new Uint8Array(40).fill(0x61)]);
const frameStarts = framesOf(plain);

/** Where the frames of a file at 44.1 kHz and 128 kbps start, and where it ends. */
function framesOf(bytes: Uint8Array): number[] {
  const starts = [0];
  while (starts.at(-1)! < bytes.length) starts.push(starts.at(-1)! + 417 + ((bytes[starts.at(-1)! + 2]! >> 1) & 1));
  return starts;
}

describe("in front of the first frame", () => {
  test.each([
    ["a zero", Uint8Array.of(0), []],
    ["more zeros than are looked through for frames", new Uint8Array(70_000), []],
    ["an ID3v1 tag", id3v1, []],
    ["an APE tag", ape, []],
    ["tags of all kinds, and zeros between them", concatBytes([id3v2, new Uint8Array(9), ape, id3v2, id3v1]), []],
    ["set bits", new Uint8Array(8).fill(0xff), ["AUDIO_EXTRA"]],
    ["a line end", text("\r\n"), ["AUDIO_EXTRA"]],
    ["the answer of a radio server", text("ICY 200 OK\r\nicy-name:x\r\n\r\n"), ["AUDIO_EXTRA"]],
    ["another program's four bytes", text("RIFX"), ["AUDIO_EXTRA"]],
    ["the second half of a frame", plain.subarray(600, 835), ["AUDIO_EXTRA"]],
    ["a frame header that no frame follows", plain.subarray(0, 30), ["AUDIO_EXTRA"]],
  ] as const)("%s is passed over", async (_, front, codes) => {
    for (const bytes of [gapless, plain]) {
      const reading = await read(concatBytes([front, bytes]));
      expect(reading.audio).toEqual((await read(bytes)).audio);
      expect(codesOf(reading)).toEqual(codes);
    }
  });

  test("an ID3 tag that says it is longer than the file is passed over by its frames", async () => {
    const tag = Uint8Array.from([...ascii("ID3"), 3, 0, 0, 0, 0, 0x7f, 0x7f, ...new Uint8Array(10)]);
    const reading = await read(concatBytes([tag, plain]));
    expect(reading.audio).toEqual((await read(plain)).audio);
    expect(reading.warnings).toMatchObject([{ code: "AUDIO_EXTRA", message: expect.stringContaining("starts at byte 20") }]);
  });
});

describe("after the last frame", () => {
  test.each([
    ["tags and zeros", concatBytes([ape, new Uint8Array(5), id3v1, id3v2]), []],
    ["lyrics", text("LYRICSBEGINla la laLYRICSEND"), []],
    ["garbage", text("\0\0\0garbage"), ["AUDIO_EXTRA"]],
    ["half a frame too many", plain.subarray(0, 200), ["AUDIO_EXTRA"]],
  ] as const)("%s do no harm where the number of frames is known", async (_, rest, codes) => {
    const reading = await read(concatBytes([gapless, rest]));
    expect(reading.audio).toEqual((await read(gapless)).audio);
    expect(codesOf(reading)).toEqual(codes);
  });

  test("half a frame is a cut one where it is not", async () => {
    const reading = await read(concatBytes([plain, plain.subarray(0, 200)]));
    expect(reading.audio).toEqual((await read(plain)).audio);
    expect(reading.warnings).toEqual([
      {
        code: "AUDIO_TRUNCATED",
        message: `truncated MP3 file: it ends within the frame that starts at byte ${plain.length}`,
        position: 13 * 1152,
        numLost: 1152,
      },
    ]);
  });

  test("other files' audio follows, but for their information frames", async () => {
    const reading = await read(concatBytes([gapless, id3v1, gapless]));
    const frames = (13_231 + 1105 + 640) / 1152; // with delay and padding
    expect(numSamplesOf(reading.audio)).toBe(2 * frames * 1152 - 1105);
    expect(reading.audio.channelData[0]!.subarray(0, 13_231)).toEqual((await read(gapless)).audio.channelData[0]);
    expect(codesOf(reading)).toEqual(["AUDIO_EXTRA"]);
  });
});

describe("the information frame", () => {
  const at = Buffer.from(gapless).indexOf("Info");
  const encoderAt = at + 120;

  test.each([
    ["as many as there are", 0, 13_231, []],
    ["one too few", -1, 13_231 + 640, [["AUDIO_EXTRA", 0]]],
    ["one too many", 1, 13_231 + 640, [["AUDIO_TRUNCATED", 1152 - 640]]],
    ["a hundred too many", 100, 13_231 + 640, [["AUDIO_TRUNCATED", 115_200 - 640]]],
  ] as const)("counts %s", async (_, difference, numSamples, warnings) => {
    const reading = await read(gapless.with(at + 11, gapless[at + 11]! + difference));
    expect(numSamplesOf(reading.audio)).toBe(numSamples);
    expect(reading.audio.channelData[0]!.subarray(0, 13_231)).toEqual((await read(gapless)).audio.channelData[0]);
    expect(reading.warnings.map(({ code, numLost }) => [code, numLost])).toEqual(warnings);
  });

  test.each([
    ["Lavf", 529],
    ["Lavc", 529],
    ["LAME", 529],
    ["GOGO", 0],
  ] as const)("of %s with a delay of 0 cuts %i samples off", async (encoder, numCut) => {
    expect(String.fromCharCode(...gapless.subarray(encoderAt, encoderAt + 4))).toBe("Lavc");
    const changed = gapless.slice();
    changed.set(ascii(encoder), encoderAt);
    changed.fill(0, encoderAt + 21, encoderAt + 24);
    const { audio, warnings } = await read(changed);
    expect(numSamplesOf(audio)).toBe(13_231 + 1105 + 640 - numCut);
    expect(audio.channelData[0]!.subarray(1105 - numCut, 13_231 + 1105 - numCut)).toEqual((await read(gapless)).audio.channelData[0]);
    expect(warnings).toEqual([]);
  });
});

describe("layer II", () => {
  // What libsndfile 1.2 and ffmpeg 5.1 make of it: RMS of eight equal parts.
  const expected = [0.39085, 0.12516, 0.33964, 0.41046, 0.23957, 0.23168, 0.21166, 0.19072];

  test("at 16 kHz", async () => {
    const { audio, warnings } = await read(concatBytes([id3v2, fixture("mono-16k.mp2")]));
    expect(audio.sampleRate).toBe(16_000);
    const [samples] = audio.channelData;
    expect(samples).toHaveLength(20_736);
    for (const [part, rms] of expected.entries()) {
      const share = samples!.subarray((part * 20_736) / 8, ((part + 1) * 20_736) / 8);
      expect(Math.abs(Math.sqrt(share.reduce((sum, x) => sum + x * x, 0) / share.length) - rms)).toBeLessThan(2e-3);
    }
    expect(warnings).toEqual([]);
    expect((await decodeAudioStream(fixture("mono-16k.mp2"))).container).toBe("mp2");
  });
});

test("free format is refused, and what it is called is said", async () => {
  const frame = concatBytes([Uint8Array.of(0xff, 0xfb, 0x08, 0x44), new Uint8Array(446)]);
  await expect(read(concatBytes(Array.from({ length: 9 }, () => frame)))).rejects.toMatchObject({
    code: "AUDIO_UNSUPPORTED",
    message: expect.stringMatching(/MP3 file in free format.*lame --decode/u),
  });
});

test.each([
  ["channels", fixture("stereo-no-info.mp3"), plain, 26 * 1152],
  [
    "a sample rate",
    plain,
    concatBytes(Array.from({ length: 9 }, () => silentMp3Frame)),
    13 * 1152 + Math.ceil((9 * 576 * 44_100) / 24_000),
  ],
] as const)("%s may change midway, and the audio keeps the form of its beginning", async (_, first, second, numSamples) => {
  const { audio, warnings } = await read(concatBytes([first, second]));
  const beginning = (await read(first)).audio;
  expect(audio.sampleRate).toBe(44_100);
  expect(audio.channelData.map(({ length }) => length)).toEqual(beginning.channelData.map(() => numSamples));
  expect(audio.channelData.map((samples) => samples.subarray(0, 13 * 1152))).toEqual(beginning.channelData);
  expect(warnings).toEqual([
    {
      code: "AUDIO_CHANGED",
      message: expect.stringContaining(`whose audio changes at byte ${first.length}, to 1 channels at`),
      position: 13 * 1152,
      numLost: 0,
    },
  ]);
});

test("a file whose form changes over and over does not make decoder after decoder", async () => {
  const stereo = silentMp3Frame.with(3, 0x04); // the mode's two bits
  const frames = Array.from({ length: 600 }, (_, i) => (i % 6 < 3 ? silentMp3Frame : stereo));
  const { audio, warnings } = await read(concatBytes(frames));
  expect(numSamplesOf(audio)).toBe(65 * 3 * 576);
  expect(warnings).toHaveLength(65);
  expect(warnings.at(-1)).toMatchObject({
    code: "AUDIO_TRUNCATED",
    message: expect.stringMatching(/changes more than 64 times.*byte 4680 is left out/u),
  });
});

/** Whether samples are equal but for the order in which the decoder adds products up, which depends on how many frames it had before. */
function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  expect(Math.max(0, ...actual.map((sample, i) => Math.abs(sample - expected[i]!)))).toBeLessThan(1e-6);
}

/** One gap, with what is sound before and after it, and silence in it. */
function expectGap({ audio, warnings }: Reading, whole: Float32Array): AudioWarning {
  const [samples] = audio.channelData;
  expect(warnings).toMatchObject([{ code: "AUDIO_GAP" }]);
  const gap = warnings[0]!;
  const end = gap.position + gap.numLost;
  expect(samples!.subarray(0, gap.position)).toEqual(whole.subarray(0, gap.position));
  expect(samples!.subarray(gap.position, end).every((sample) => sample === 0)).toBe(true);
  expectClose(samples!.subarray(end), whole.subarray(whole.length - (samples!.length - end)));
  return gap;
}

describe("laws", () => {
  const anyJunk = fc.uint8Array({ maxLength: 3000 });

  test("whatever stands before and after, the audio is the same", async () => {
    const expected = (await read(gapless)).audio;
    await fc.assert(
      fc.asyncProperty(anyJunk, anyJunk, async (before, after) => {
        const { audio, warnings } = await read(concatBytes([before, gapless, after]));
        expect(audio).toEqual(expected);
        for (const warning of warnings) expect(warning).toMatchObject({ code: "AUDIO_EXTRA", numLost: 0 });
      }),
      { numRuns: runsOf(60) },
    );
  });

  test("cut anywhere, it is the beginning, and what is missing is counted", async () => {
    const [whole] = (await read(gapless)).audio.channelData;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2500, max: gapless.length - 1 }), async (length) => {
        const { audio, warnings } = await read(gapless.subarray(0, length));
        const [samples] = audio.channelData;
        expect(warnings).toMatchObject([{ code: "AUDIO_TRUNCATED", position: samples!.length, numLost: 13_231 - samples!.length }]);
        expect(samples).toEqual(whole!.subarray(0, samples!.length));
      }),
      { numRuns: runsOf(60) },
    );
  });

  const anyFrame = fc.integer({ min: 1, max: 7 });

  test("damage within frames is silence in their place, and of those that use them, and the length stays", async () => {
    const [whole] = (await read(plain)).audio.channelData;
    await fc.assert(
      fc.asyncProperty(
        anyFrame,
        fc.nat(416),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 127 }),
        async (frame, at, length, byte) => {
          const start = frameStarts[frame]! + at;
          const bytes = plain.slice().fill(byte, start, start + length);
          fc.pre(frameStarts.some((header) => header + 2 > start && header < start + length)); // a sync code
          const gap = expectGap(await read(bytes), whole!);
          expect(gap.position).toBeLessThanOrEqual((frame + 1) * 1152);
          expect(gap.numLost).toBeLessThanOrEqual(7 * 1152);
          expect(numSamplesOf((await read(bytes)).audio)).toBe(whole!.length);
        },
      ),
      { numRuns: runsOf(100) },
    );
  });

  test("bytes that are missing or too many cost the frame that they are in or behind, and those that use it", async () => {
    const [whole] = (await read(plain)).audio.channelData;
    await fc.assert(
      fc.asyncProperty(anyFrame, fc.integer({ min: 5, max: 416 }), fc.integer({ min: -300, max: 300 }), async (frame, at, count) => {
        fc.pre(count !== 0 && at - count < 417);
        const start = frameStarts[frame]! + at;
        const extra = new Uint8Array(Math.max(0, count)).fill(0x55);
        const bytes = concatBytes([plain.subarray(0, start), extra, plain.subarray(start + Math.max(0, -count))]);
        const reading = await read(bytes);
        const gap = expectGap(reading, whole!);
        expect(gap.position).toBe(frame * 1152);
        expect(gap.numLost).toBeLessThanOrEqual(6 * 1152);
        expect(numSamplesOf(reading.audio)).toBe(whole!.length);
      }),
      { numRuns: runsOf(100), examples: [[6, 5, 261]] },
    );
  });
});
