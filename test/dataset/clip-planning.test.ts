import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkChannelMode, defaultChannelMode, splitChannels } from "../../src/dataset/decoding/clip-channels.ts";
import { planClips, planningOf } from "../../src/dataset/decoding/clip-windows.ts";
import type { ClipOptions } from "../../src/dataset/decoding/clip-windows.ts";
import { sampleRangeOf } from "../../src/dataset/decoding/sample-range.ts";
import type { SampleRange } from "../../src/dataset/decoding/sample-range.ts";
import { SoundMeter } from "../../src/dataset/decoding/sound-range.ts";
import type { TrimOptions } from "../../src/dataset/decoding/sound-range.ts";

const codec = { sampleRate: 24000, hopLength: 320 };
const tiny = { sampleRate: 4, hopLength: 1 };

function clipsOf(numSamples: number, options: ClipOptions, rate = tiny): readonly (readonly [number, number, number])[] {
  return planClips(numSamples, planningOf(options, rate)).map(({ start, length, padding }) => [start, length, padding]);
}

/** In hertz; frames of silence have 20 samples then. */
const rate = 1000;

/** Constant stretches: lengths and values. */
function audio(...parts: readonly (readonly [number, number])[]): Float32Array {
  return Float32Array.from(parts.flatMap(([length, value]) => Array.from({ length }, () => value)));
}

/** Where channels sound that are given as a whole. */
function findSound(channelData: readonly Float32Array[], options: TrimOptions): SampleRange | undefined {
  const meter = new SoundMeter(rate, options);
  meter.push(channelData);
  return meter.range();
}

function soundOf(level: number, other: number, threshold: number): unknown {
  return findSound([audio([20, level]), audio([20, other])], { threshold, padding: 0 });
}

describe("windows", () => {
  test("of seconds are whole frames", () => {
    expect(planningOf({ window: { seconds: 10 }, stride: { frames: 375 }, minimum: { seconds: 0.5 } }, codec)).toEqual({
      window: { length: 240_000, stride: 120_000, tail: "keep" },
      minimum: 12_000,
      hopLength: 320,
    });
    expect(planningOf({ window: { seconds: 7.3 } }, codec).window).toEqual({ length: 548 * 320, stride: 548 * 320, tail: "keep" });
    expect(planningOf({}, codec)).toEqual({ window: null, minimum: 1, hopLength: 320 });
  });

  test("leave a tail that is kept, dropped or padded", () => {
    const window = { frames: 4 };
    expect(clipsOf(10, { window })).toEqual([
      [0, 4, 0],
      [4, 4, 0],
      [8, 2, 0],
    ]);
    expect(clipsOf(10, { window, tail: "drop" })).toEqual([
      [0, 4, 0],
      [4, 4, 0],
    ]);
    expect(clipsOf(10, { window, tail: "pad" })).toEqual([
      [0, 4, 0],
      [4, 4, 0],
      [8, 2, 2],
    ]);
    expect(clipsOf(10, { window, minimum: { frames: 3 } })).toEqual([
      [0, 4, 0],
      [4, 4, 0],
    ]);
    expect(clipsOf(8, { window })).toEqual([
      [0, 4, 0],
      [4, 4, 0],
    ]);
    expect(clipsOf(3, { window, tail: "drop" })).toEqual([]);
    expect(clipsOf(3, { window, tail: "pad" })).toEqual([[0, 3, 1]]);
    expect(clipsOf(0, { window })).toEqual([]);
  });

  test("that overlap have a tail only where samples are left over, and it overlaps too", () => {
    const options = { window: { frames: 4 }, stride: { frames: 3 } };
    expect(clipsOf(10, options)).toEqual([
      [0, 4, 0],
      [3, 4, 0],
      [6, 4, 0],
    ]);
    expect(clipsOf(11, options)).toEqual([
      [0, 4, 0],
      [3, 4, 0],
      [6, 4, 0],
      [9, 2, 0],
    ]);
  });

  test("with gaps have no tail within a gap", () => {
    const options = { window: { frames: 2 }, stride: { frames: 5 } };
    expect(clipsOf(5, options)).toEqual([[0, 2, 0]]);
    expect(clipsOf(6, options)).toEqual([
      [0, 2, 0],
      [5, 1, 0],
    ]);
  });

  test("are counted in whole frames of the codec", () => {
    const clips = planClips(240_001, planningOf({ window: { seconds: 5 }, tail: "keep" }, codec));
    expect(clips.map(({ window, numFrames, length }) => [window, numFrames, length])).toEqual([
      [0, 375, 120_000],
      [1, 375, 120_000],
      [2, 1, 1],
    ]);
  });

  test("cover every sample when they are kept or padded, and never leave the audio", () => {
    const lengths = fc.record({
      numSamples: fc.nat(200),
      length: fc.integer({ min: 1, max: 30 }),
      stride: fc.integer({ min: 1, max: 30 }),
      hopLength: fc.integer({ min: 1, max: 4 }),
      tail: fc.constantFrom("keep", "drop", "pad"),
    });
    fc.assert(
      fc.property(lengths, ({ numSamples, length, stride, hopLength, tail }) => {
        const clips = planClips(
          numSamples,
          planningOf({ window: { frames: length }, stride: { frames: stride }, tail }, { sampleRate: 1, hopLength }),
        );
        const [windowLength, windowStride] = [length * hopLength, stride * hopLength];
        const covered = new Set<number>();
        for (const [i, clip] of clips.entries()) {
          expect(clip.window).toBe(i);
          expect(clip.start).toBe(i * windowStride);
          expect(clip.start + clip.length).toBeLessThanOrEqual(numSamples);
          expect(clip.numFrames).toBe(Math.ceil((clip.length + clip.padding) / hopLength));
          if (tail !== "keep") expect(clip.length + clip.padding).toBe(windowLength);
          if (i < clips.length - 1 || tail === "drop") expect(clip.length).toBe(windowLength);
          for (let sample = clip.start; sample < clip.start + clip.length; sample++) covered.add(sample);
        }
        const missing = Array.from({ length: numSamples }, (_, sample) => sample).filter((sample) => !covered.has(sample));
        if (tail === "drop") expect(missing.length === 0 || missing.at(-1) === numSamples - 1 || windowStride > windowLength).toBe(true);
        else if (windowStride <= windowLength) expect(missing).toEqual([]);
        else expect(missing.every((sample) => sample % windowStride >= windowLength)).toBe(true);
      }),
    );
  });

  test("are not needed: the whole row is one clip, if it is long enough", () => {
    expect(planClips(641, planningOf({}, codec))).toEqual([{ window: null, start: 0, length: 641, padding: 0, numFrames: 3 }]);
    expect(planClips(0, planningOf({}, codec))).toEqual([]);
    expect(planClips(24_000, planningOf({ minimum: { seconds: 1 } }, codec))).toHaveLength(1);
    expect(planClips(23_999, planningOf({ minimum: { seconds: 1 } }, codec))).toEqual([]);
  });

  test.each([
    [{ window: { seconds: 0 } }, "at least one (0.013333333333333334 s); received 0 s"],
    [{ window: { frames: 1.5 } }, "window must be"],
    [{ window: { seconds: Number.NaN } }, "window must be"],
    [{ window: { frames: 2 }, stride: { frames: 0 } }, "stride must be"],
    [{ stride: { frames: 1 } }, "stride is for windows"],
    [{ tail: "pad" }, "tail is for windows"],
    [{ window: { frames: 1 }, tail: "zero" }, "tail must be keep, drop or pad"],
    [{ window: { frames: 2 }, minimum: { frames: 3 } }, "more than the 640 of a window"],
    [{ minimum: { seconds: -1 } }, "minimum must be"],
  ] as const)("%j is refused", (options, reason) => {
    expect(() => planningOf(options as ClipOptions, codec)).toThrow(RangeError);
    expect(() => planningOf(options as ClipOptions, codec)).toThrow(reason);
  });
});

describe("channels", () => {
  const left = Float32Array.of(1, 0);
  const right = Float32Array.of(0, 0.5);
  const stereo = { channelData: [left, right], sampleRate: 8000 };
  const mono = { channelData: [left], sampleRate: 8000 };
  const three = { channelData: [left, right, left], sampleRate: 8000 };
  const channelsOf = (waveform: typeof stereo, mode: Parameters<typeof splitChannels>[1]): unknown =>
    splitChannels(waveform, mode).map((clip) => [clip.channel, ...clip.waveform.channelData.map((samples) => [...samples])]);

  test("are mixed, chosen, split or kept", () => {
    expect(channelsOf(stereo, "mix")).toEqual([[null, [0.5, 0.25]]]);
    expect(channelsOf(stereo, "first")).toEqual([[null, [1, 0]]]);
    expect(channelsOf(stereo, "each")).toEqual([
      [0, [1, 0]],
      [1, [0, 0.5]],
    ]);
    expect(channelsOf(stereo, "stereo")).toEqual([[null, [1, 0], [0, 0.5]]]);
    expect(channelsOf(mono, "each")).toEqual([[0, [1, 0]]]);
    expect(channelsOf(mono, "stereo")).toEqual([[null, [1, 0], [1, 0]]]);
    expect(channelsOf(three, "each")).toHaveLength(3);
  });

  test("over two are not mixed", () => {
    expect(() => splitChannels(three, "mix")).toThrow("it has 3 channels");
    expect(() => splitChannels(three, "stereo")).toThrow("choose first or each");
  });

  test("fit the codec", () => {
    expect([defaultChannelMode(1), defaultChannelMode(2)]).toEqual(["mix", "stereo"]);
    expect(() => checkChannelMode("stereo", 2)).not.toThrow();
    expect(() => checkChannelMode("stereo", 1)).toThrow("needs a codec with two channels");
    expect(() => checkChannelMode("left" as "mix", 1)).toThrow("must be one of mix, first, each, stereo");
  });
});

describe("time ranges", () => {
  test("are the samples nearest to their ends", () => {
    expect(sampleRangeOf({}, { numSamples: 1000, sampleRate: 100 })).toEqual({ start: 0, end: 1000 });
    expect(sampleRangeOf({ start: 0.1 + 0.2, end: 2 }, { numSamples: 1000, sampleRate: 100 })).toEqual({ start: 30, end: 200 });
    expect(sampleRangeOf({ end: 10.05 }, { numSamples: 1000, sampleRate: 100 })).toEqual({ start: 0, end: 1000 });
  });

  test("of a truncated file end with it, and begin within it", () => {
    const cut = { numSamples: 1000, sampleRate: 100, isTruncated: true };
    expect(sampleRangeOf({ start: 9, end: 20 }, cut)).toEqual({ start: 900, end: 1000 });
    expect(() => sampleRangeOf({ start: 10, end: 20 }, cut)).toThrow("the audio is 10.000 s long, since its file is truncated");
  });

  test.each([
    [{ end: 10.2 }, 1000, "ends at 10.2 s, and the audio is 10.000 s long"],
    [{ start: 10 }, 1000, "starts at 10 s"],
    [{ start: 1, end: 1.001 }, 1000, "has no samples"],
    [{}, 0, "has no samples"],
  ])("%j of %d samples is refused", (range, numSamples, reason) => {
    expect(() => sampleRangeOf(range, { numSamples, sampleRate: 100 })).toThrow(reason);
  });
});

describe("silence", () => {
  test("is what lies below the threshold before the first and after the last frame that does not", () => {
    const samples = audio([50, 0], [20, 0.5], [100, 0.001], [30, -0.5], [95, 0.001]);
    const sound = (threshold: number, padding: number): unknown => findSound([samples], { threshold, padding });
    expect(sound(-40, 0)).toEqual({ start: 40, end: 200 });
    expect(sound(-40, 0.03)).toEqual({ start: 10, end: 230 });
    expect(sound(-70, 0)).toEqual({ start: 40, end: 295 });
    expect(sound(-40, 1)).toEqual({ start: 0, end: 295 });
    expect(sound(0, 0)).toBeUndefined();
  });

  test("has a threshold relative to full scale, over all channels", () => {
    expect(soundOf(1, 1, 0)).toEqual({ start: 0, end: 20 });
    expect(soundOf(0.1, 0.1, -19.9)).toBeUndefined();
    expect(soundOf(0.1, 0.1, -20.1)).toEqual({ start: 0, end: 20 });
    expect(soundOf(0.1, 0, -23.1)).toEqual({ start: 0, end: 20 });
    expect(soundOf(0.1, 0, -22.9)).toBeUndefined();
    expect(soundOf(0, 0, -200)).toBeUndefined();
  });

  test("is the same, however the audio is cut into pieces", () => {
    const levels = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom(0, 0.001, 0.3)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(levels, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 }), (parts, cuts) => {
        const samples = audio(...parts);
        const meter = new SoundMeter(rate, { threshold: -40, padding: 0.01 });
        for (let start = 0, i = 0; start < samples.length; start += cuts[i++ % cuts.length]!)
          meter.push([samples.subarray(start, start + cuts[i % cuts.length]!)]);
        expect(meter.range()).toEqual(findSound([samples], { threshold: -40, padding: 0.01 }));
      }),
    );
  });

  test("is measured with sensible options only", () => {
    expect(() => new SoundMeter(rate, { threshold: 3 })).toThrow("in dB, 0 or less");
    expect(() => new SoundMeter(rate, { threshold: -40, padding: -1 })).toThrow("padding must be in seconds");
  });
});
