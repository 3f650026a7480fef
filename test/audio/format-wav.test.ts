import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatWav, parseWav } from "../../src/audio/index.ts";
import type { WavFormat } from "../../src/audio/index.ts";
import { ascii, chunk, extensibleFields, formatChunk, int16s, littleEndian, wav } from "./wav-bytes.ts";

const anyRate = { limits: { minSampleRate: 1 } };
const mono = (...samples: number[]) => ({ channelData: [Float32Array.of(...samples)], sampleRate: 24_000 });

const anyWaveform = (sample: fc.Arbitrary<number>) =>
  fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400_000 }))
    .chain(([numChannels, numSamples, sampleRate]) =>
      fc.record({
        channelData: fc.array(
          fc.array(sample, { minLength: numSamples, maxLength: numSamples }).map((samples) => Float32Array.from(samples)),
          { minLength: numChannels, maxLength: numChannels },
        ),
        sampleRate: fc.constant(sampleRate),
      }),
    );
const grid = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }).map((step) => step / 2 ** (bits - 1));

describe("bytes", () => {
  test("16-bit mono is the plain header and little-endian samples", () => {
    expect(formatWav(mono(0.5, -1))).toEqual(wav([...formatChunk({ sampleRate: 24_000 }), ...chunk("data", int16s(16_384, -32_768))]));
  });

  test("24 bits are written as the extensible format, with a padding byte", () => {
    const format = formatChunk({ tag: 0xfffe, sampleRate: 24_000, bits: 24, extension: extensibleFields(24, 1) });
    expect(formatWav(mono(-0.5), { format: "pcm24" })).toEqual(wav([...format, ...chunk("data", littleEndian(0xc00000, 3))]));
  });

  test("floats come with a fact chunk that counts samples", () => {
    const format = formatChunk({ tag: 3, sampleRate: 24_000, bits: 32, extension: littleEndian(0, 2) });
    const data = chunk("data", [...new Uint8Array(Float32Array.of(0.1, 2).buffer)]);
    expect(formatWav(mono(0.1, 2), { format: "float32" })).toEqual(wav([...format, ...chunk("fact", littleEndian(2, 4)), ...data]));
  });

  test("three channels are written as the extensible format", () => {
    const bytes = formatWav({ channelData: [0.25, 0.5, -0.5].map((sample) => Float32Array.of(sample)), sampleRate: 8000 });
    const format = formatChunk({ tag: 0xfffe, numChannels: 3, sampleRate: 8000, extension: extensibleFields(16, 1) });
    expect(bytes).toEqual(wav([...format, ...chunk("data", int16s(8192, 16_384, -16_384))]));
  });
});

describe("values", () => {
  test("integers round to the nearest step, halves upwards", () => {
    const steps = [1.4, 1.5, 1.6, -1.4, -1.5, -1.6].map((step) => step / 32_768);
    expect([...formatWav(mono(...steps)).subarray(44)]).toEqual(int16s(1, 2, 2, -1, -1, -2));
  });

  test("integers clip at full scale", () => {
    const loud = mono(1, 5, -1, -5, Number.POSITIVE_INFINITY);
    expect([...formatWav(loud).subarray(44)]).toEqual(int16s(32_767, 32_767, -32_768, -32_768, 32_767));
    expect(parseWav(formatWav(loud, { format: "pcm24" })).channelData[0]).toEqual(
      Float32Array.of(1 - 2 ** -23, 1 - 2 ** -23, -1, -1, 1 - 2 ** -23),
    );
  });

  const formats: [WavFormat, fc.Arbitrary<number>][] = [
    ["pcm16", grid(16)],
    ["pcm24", grid(24)],
    ["float32", fc.float()],
  ];
  test.each(formats)("what %s can hold comes back unchanged", (format, sample) => {
    fc.assert(
      fc.property(anyWaveform(sample), (waveform) => {
        expect(parseWav(formatWav(waveform, { format }), anyRate)).toEqual(waveform);
      }),
    );
  });

  test("rounding costs at most half a step", () => {
    fc.assert(
      fc.property(anyWaveform(fc.float({ min: -1, max: Math.fround(0.9999), noNaN: true })), (waveform) => {
        for (const [channel, samples] of parseWav(formatWav(waveform), anyRate).channelData.entries()) {
          for (const [i, sample] of samples.entries()) {
            expect(Math.abs(sample - waveform.channelData[channel]![i]!)).toBeLessThanOrEqual(0.5 / 32_768);
          }
        }
      }),
    );
  });
});

describe("what cannot be written", () => {
  test("an unknown format", () => {
    expect(() => formatWav(mono(0), { format: "mp3" as WavFormat })).toThrow(
      new TypeError('format must be "pcm16", "pcm24" or "float32"; received "mp3"'),
    );
  });

  test("NaN as an integer", () => {
    expect(() => formatWav(mono(0, Number.NaN))).toThrow(/NaN samples.*float32/);
  });

  test("a sample rate with a fraction", () => {
    expect(() => formatWav({ ...mono(0), sampleRate: 24_000.5 })).toThrow(/sampleRate must be an integer.*24000.5/);
  });

  test("more channels than a header can say", () => {
    const channelData = Array.from({ length: 40_000 }, () => new Float32Array(1));
    expect(() => formatWav({ channelData, sampleRate: 8000 })).toThrow(
      new RangeError("a WAV file of format pcm16 holds at most 32767 channels; received 40000"),
    );
  });

  test("a file over 4 GiB, before anything is allocated", () => {
    const second = new Float32Array(2 ** 20);
    const channelData = Array.from({ length: 2048 }, () => second);
    expect(() => formatWav({ channelData, sampleRate: 8000 })).toThrow(/at most 4 GiB, these samples take 4294967296 bytes/);
  });
});

test("every file starts with RIFF and its own length", () => {
  const bytes = formatWav(mono(0, 0, 0));
  expect([...bytes.subarray(0, 8)]).toEqual([...ascii("RIFF"), ...littleEndian(bytes.length - 8, 4)]);
});
