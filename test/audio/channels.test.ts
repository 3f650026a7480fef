import { describe, expect, test } from "vitest";
import { convertAudio, mixChannels, resample } from "../../src/audio/index.ts";
import { sine } from "./signals.ts";

const waveformOf = (...channels: number[][]) => ({ channelData: channels.map((samples) => Float32Array.from(samples)), sampleRate: 8000 });

describe("mixChannels", () => {
  test("one channel of two is their mean", () => {
    expect(mixChannels(waveformOf([1, 0, -0.5], [0, 0.5, -1]), 1)).toEqual(waveformOf([0.5, 0.25, -0.75]));
  });

  test("many channels of one are copies of it, each with its own memory", () => {
    const { channelData } = mixChannels(waveformOf([0.5, -1]), 2);
    expect(channelData).toEqual([Float32Array.of(0.5, -1), Float32Array.of(0.5, -1)]);
    channelData[0]![0] = 0;
    expect(channelData[1]![0]).toBe(0.5);
  });

  test("the number of channels a waveform has already gives the same object", () => {
    const waveform = waveformOf([1], [2]);
    expect(mixChannels(waveform, 2)).toBe(waveform);
  });

  test("other combinations are the caller's to decide", () => {
    expect(() => mixChannels(waveformOf([3], [0], [0], [0], [0], [0]), 1)).toThrow(/cannot mix 6 channels into 1/u);
    expect(() => mixChannels(waveformOf([1], [1], [1], [1], [1], [1]), 2)).toThrow(
      new RangeError(
        "cannot mix 6 channels into 2: only stereo to mono and mono to any number are defined; choose or mix the channels of waveform.channelData first, such as by downmix; encode has --channels for it",
      ),
    );
  });

  test.each([0, -1, 1.5, Number.NaN])("%d is no number of channels", (channels) => {
    expect(() => mixChannels(waveformOf([1]), channels)).toThrow(
      new RangeError(`channels must be a positive integer; received ${channels}`),
    );
  });
});

describe("convertAudio", () => {
  const stereo = { channelData: [sine(440, 44_100, 2000), sine(700, 44_100, 2000)], sampleRate: 44_100 };

  test("is mixing and resampling", () => {
    expect(convertAudio(stereo, { sampleRate: 24_000, channels: 1 })).toEqual(resample(mixChannels(stereo, 1), 24_000));
    const mono = mixChannels(stereo, 1);
    expect(convertAudio(mono, { sampleRate: 48_000, channels: 2 })).toEqual(resample(mixChannels(mono, 2), 48_000));
  });

  test("resampling first would have given the same within rounding", () => {
    const [expected] = mixChannels(resample(stereo, 24_000), 1).channelData;
    const [actual] = convertAudio(stereo, { sampleRate: 24_000, channels: 1 }).channelData;
    for (const [i, sample] of actual!.entries()) expect(Math.abs(sample - expected![i]!)).toBeLessThan(1e-7);
  });

  test("what fits already gives the same object", () => {
    expect(convertAudio(stereo, { sampleRate: 44_100, channels: 2 })).toBe(stereo);
  });
});
