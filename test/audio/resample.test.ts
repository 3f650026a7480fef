import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resample } from "../../src/audio/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { rms, sine, snr } from "./signals.ts";
import { runsOf } from "../long-searches.ts";

/** Pairs of rates met in practice, down and up. */
const rates = [
  [44_100, 24_000],
  [48_000, 24_000],
  [44_100, 32_000],
  [44_099, 24_000],
  [44_100, 48_000],
  [22_050, 24_000],
  [16_000, 24_000],
] as const;

const mono = (samples: Float32Array, sampleRate: number): Waveform => ({ channelData: [samples], sampleRate });
const resampleMono = (samples: Float32Array, from: number, to: number): Float32Array => resample(mono(samples, from), to).channelData[0]!;
const decibels = (ratio: number): number => 20 * Math.log10(ratio);

describe.each(rates)("%i Hz to %i Hz", (from, to) => {
  const lowerNyquist = Math.min(from, to) / 2;
  const margin = Math.ceil((80 * to) / Math.min(from, to)); // the filter sees silence beyond the ends
  const numSamples = Math.ceil(from / 2);

  test("sines up to 0.89 of the lower Nyquist frequency keep their level within 0.002 dB", () => {
    for (const part of [0.01, 0.25, 0.5, 0.75, 0.87, 0.89]) {
      const actual = resampleMono(sine(part * lowerNyquist, from, numSamples), from, to);
      const expected = sine(part * lowerNyquist, to, actual.length);
      const ratio = rms(actual, margin, actual.length - margin) / rms(expected, margin, actual.length - margin);
      expect(Math.abs(decibels(ratio))).toBeLessThan(0.002);
    }
  });

  test("sines up to 0.87 come out in the right phase, 140 dB above any error", () => {
    for (const part of [0.01, 0.3, 0.6, 0.87]) {
      const actual = resampleMono(sine(part * lowerNyquist, from, numSamples), from, to);
      expect(snr(actual, sine(part * lowerNyquist, to, actual.length), margin, actual.length - margin)).toBeGreaterThan(140);
    }
  });

  test("a constant stays the same constant", () => {
    const actual = resampleMono(new Float32Array(numSamples).fill(1), from, to).subarray(margin, -margin);
    for (const sample of actual) expect(Math.abs(sample - 1)).toBeLessThan(2e-7);
  });
});

test.each(rates.filter(([from, to]) => from > to))("%i Hz to %i Hz keeps out what lies above the new Nyquist frequency", (from, to) => {
  const levelAt = (part: number): number => {
    const actual = resampleMono(sine((part * to) / 2, from, from / 2), from, to);
    return decibels(rms(actual, 100, actual.length - 100) / (0.5 / Math.SQRT2));
  };
  expect(levelAt(1.01)).toBeLessThan(-90);
  for (const part of [1.02, 1.1, 1.25]) expect(levelAt(part)).toBeLessThan(-140);
});

test("an impulse comes out centred where it was", () => {
  const impulse = new Float32Array(441);
  impulse[147] = 1; // 80 samples at 24 kHz
  const actual = resampleMono(impulse, 44_100, 24_000);
  expect(actual.indexOf(Math.max(...actual))).toBe(80);
  for (let i = 1; i < 60; i++) expect(actual[80 - i]).toBeCloseTo(actual[80 + i]!, 7);
});

/** Modified Bessel function of the first kind, order zero: the mean of exp(x cos θ) over half a turn. */
function i0(x: number): number {
  const steps = 200;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += Math.exp(x * Math.cos((Math.PI * (i + 0.5)) / steps));
  return sum / steps;
}

/** The source's formulas in float64, one output at a time and without phases. */
function resampleDirectly(samples: Float32Array, from: number, to: number): number[] {
  const [width, rolloff, beta] = [64, 0.9475937167399596, 14.769656459379492];
  const cutoff = Math.min(from, to) * rolloff;
  return Array.from({ length: Math.ceil((to * samples.length) / from) }, (_, n) => {
    let sum = 0;
    for (const [i, sample] of samples.entries()) {
      const t = (i / from - n / to) * cutoff;
      if (Math.abs(t) > width) continue;
      const sinc = t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
      sum += sample * sinc * (i0(beta * Math.sqrt(1 - (t / width) ** 2)) / i0(beta)) * (cutoff / from);
    }
    return sum;
  });
}

test("agrees with a direct evaluation of the source's formulas", () => {
  fc.assert(
    fc.property(
      fc.constantFrom([44_100, 24_000], [24_000, 44_100], [7, 5], [3, 1], [1, 4], [44_099, 24_000], [8000, 8001]),
      fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 }),
      ([from, to], values) => {
        const samples = Float32Array.from(values);
        const expected = resampleDirectly(samples, from!, to!);
        const actual = resampleMono(samples, from!, to!);
        expect(actual.length).toBe(expected.length);
        for (const [n, sample] of actual.entries()) expect(Math.abs(sample - expected[n]!)).toBeLessThan(5e-7);
      },
    ),
    { numRuns: runsOf(40) },
  );
});

test("phases that are too many to be kept are built anew with the right values", () => {
  const samples = sine(1000, 364_001, 1500); // 8001 phases of 6147 taps
  const rebuilt = resampleMono(samples, 364_001, 8001);
  const expected = resampleDirectly(samples, 364_001, 8001);
  for (const [n, sample] of rebuilt.entries()) expect(Math.abs(sample - expected[n]!)).toBeLessThan(5e-7);
});

const rate = fc.integer({ min: 1, max: 200 });
const someSamples = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { maxLength: 50 }).map((values) => Float32Array.from(values));

test("the length is ceil(new rate · length / old rate)", () => {
  fc.assert(
    fc.property(rate, rate, fc.nat(300), (from, to, length) => {
      expect(resampleMono(new Float32Array(length), from, to).length).toBe(Math.ceil((to * length) / from));
    }),
  );
});

test("resampling is linear", () => {
  fc.assert(
    fc.property(rate, rate, someSamples, fc.float({ min: -2, max: 2, noNaN: true }), (from, to, samples, factor) => {
      const other = samples.map((_, i) => Math.sin(i));
      const combined = resampleMono(
        samples.map((sample, i) => factor * sample + other[i]!),
        from,
        to,
      );
      const [first, second] = [resampleMono(samples, from, to), resampleMono(other, from, to)];
      for (const [n, sample] of combined.entries()) expect(Math.abs(sample - (factor * first[n]! + second[n]!))).toBeLessThan(2e-6);
    }),
  );
});

test("every channel is resampled on its own", () => {
  const [left, right] = [sine(440, 44_100, 1000), sine(550, 44_100, 1000)];
  const { channelData, sampleRate } = resample({ channelData: [left, right], sampleRate: 44_100 }, 24_000);
  expect(sampleRate).toBe(24_000);
  expect(channelData).toEqual([resampleMono(left, 44_100, 24_000), resampleMono(right, 44_100, 24_000)]);
});

test("the rate a waveform has already gives the same object", () => {
  const waveform = mono(sine(440, 24_000, 100), 24_000);
  expect(resample(waveform, 24_000)).toBe(waveform);
});

describe("what cannot be resampled", () => {
  test.each([0, -1, 44_100.5, Number.NaN, Number.POSITIVE_INFINITY])("to %d Hz", (sampleRate) => {
    expect(() => resample(mono(new Float32Array(1), 8000), sampleRate)).toThrow(
      new TypeError(`sampleRate must be a positive whole number of hertz; received ${sampleRate}`),
    );
  });

  test("from a rate with a fraction", () => {
    expect(() => resample(mono(new Float32Array(1), 11_025.5), 8000)).toThrow(/^waveform\.sampleRate must be.*11025\.5$/);
  });

  test("a header's nonsense rate into more memory than there is", () => {
    expect(() => resample(mono(new Float32Array(100_000), 1), 24_000)).toThrow(/gives 2400000000 samples, at most 1073741824/);
  });

  test("rates too far apart", () => {
    expect(() => resample(mono(new Float32Array(10), 4_294_967_291), 24_000)).toThrow(/the rates are too far apart/);
  });
});
