import type { Waveform } from "../../src/core/index.ts";

/** A sine of `numSamples` samples that starts at phase 0. */
export function sine(frequency: number, sampleRate: number, numSamples: number, amplitude = 0.5): Float32Array {
  return Float32Array.from({ length: numSamples }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / sampleRate));
}

/**
 * What the fixtures in test/fixtures/audio were encoded from: 0.3 s and one sample more, rounded to 16 bits.
 * Channel 0 is a sweep from 200 Hz to 5 kHz, which lines up with itself at one delay only; channel 1 is two sines.
 */
export function fixtureSignal(sampleRate: number, numChannels: 1 | 2): Waveform {
  const numSamples = 0.3 * sampleRate + 1;
  const sweep = Float32Array.from({ length: numSamples }, (_, i) => {
    const t = i / sampleRate;
    return to16Bits(0.5 * Math.sin(2 * Math.PI * (200 * t + (4800 / 0.6) * t * t)));
  });
  const chord = Float32Array.from({ length: numSamples }, (_, i) => {
    const t = i / sampleRate;
    return to16Bits(0.3 * Math.sin(2 * Math.PI * 440 * t) + 0.2 * Math.sin(2 * Math.PI * 1234 * t));
  });
  return { channelData: numChannels === 1 ? [sweep] : [sweep, chord], sampleRate };
}

/** Two channels of 5000 integers of 32 bits, whose difference takes 33. */
export function fixtureIntegers(): readonly Float64Array[] {
  const arc = Float64Array.from({ length: 5000 }, (_, i) => (i % 441) * (441 - (i % 441)) * 40_000 + ((i * 7919) % 251));
  return [arc, arc.map((value, i) => 1000 * (i % 100) - value)];
}

function to16Bits(sample: number): number {
  return Math.round(sample * 32768) / 32768 + 0; // no negative zero
}

/** Root mean square, over `[start, end)`. */
export function rms(samples: Float32Array, start = 0, end: number = samples.length): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += samples[i]! ** 2;
  return Math.sqrt(sum / (end - start));
}

/** Signal to noise ratio in dB of samples against what they should be, over `[start, end)`. */
export function snr(actual: Float32Array, expected: Float32Array, start = 0, end: number = expected.length): number {
  const noise = actual.map((sample, i) => sample - expected[i]!);
  return 20 * Math.log10(rms(expected, start, end) / rms(noise, start, end));
}
