import { expect, test } from "vitest";
import { downmix, mixChannels } from "../../src/audio/index.ts";

/** One sample of each channel at full scale by itself: what comes out of each is its gain. */
function gainsOf(numChannels: number): readonly (readonly [number, number])[] {
  const channelData = Array.from({ length: numChannels }, (_, channel) =>
    Float32Array.from({ length: numChannels }, (__, i) => (i === channel ? 1 : 0)),
  );
  const [left, right] = downmix({ channelData, sampleRate: 8000 }).channelData;
  return Array.from({ length: numChannels }, (_, i) => [left![i]!, right![i]!]);
}

/** Source: ITU-R BS.775-3, annex 4, table 2: 1, 0.7071 and 0.7071 for left, centre and left surround. */
test("centre and surrounds are 3 dB softer, low frequencies are left out, and full scale stays full scale", () => {
  const [front, side] = [1 / (1 + 2 * Math.SQRT1_2), Math.SQRT1_2 / (1 + 2 * Math.SQRT1_2)].map(Math.fround) as [number, number];
  expect(gainsOf(6)).toEqual([
    [front, 0],
    [0, front],
    [side, side],
    [0, 0],
    [side, 0],
    [0, side],
  ]);
  expect(gainsOf(5)).toEqual(gainsOf(6).filter((_, channel) => channel !== 3));
});

test.each([3, 4, 5, 6, 7, 8])("%i channels at full scale are full scale on both sides, and symmetric", (numChannels) => {
  const channelData = Array.from({ length: numChannels }, () => Float32Array.of(1, -1));
  for (const samples of downmix({ channelData, sampleRate: 8000 }).channelData) expect(samples).toEqual(Float32Array.of(1, -1));
  const gains = gainsOf(numChannels);
  expect(gains.map(([left]) => left).toSorted()).toEqual(gains.map(([, right]) => right).toSorted());
});

test("one and two channels are left alone, more than eight are refused, and what comes out can be mixed to one", () => {
  for (const numChannels of [1, 2]) {
    const waveform = { channelData: Array.from({ length: numChannels }, () => Float32Array.of(0.5)), sampleRate: 8000 };
    expect(downmix(waveform)).toBe(waveform);
  }
  const many = { channelData: Array.from({ length: 9 }, () => Float32Array.of(0.5)), sampleRate: 8000 };
  expect(() => downmix(many)).toThrow(/^cannot mix 9 channels to stereo: layouts of up to 8 are known/);
  const six = { channelData: Array.from({ length: 6 }, () => Float32Array.of(0.5)), sampleRate: 8000 };
  expect(mixChannels(downmix(six), 1).channelData).toEqual([Float32Array.of(0.5)]);
});
