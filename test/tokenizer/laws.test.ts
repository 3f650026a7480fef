import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { codecFieldsFor, codecFieldsOf } from "../../src/dataset/records/codec-fields.ts";
import { publishedCodes } from "../../src/dataset/records/published-names.ts";
import { AudioTokenizer } from "../../src/index.ts";
import type { Waveform } from "../../src/index.ts";
import { codecNames, goldenCases, goldenFolder } from "../golden.ts";
import { runsOf } from "../long-searches.ts";

/** Noise over a tone, of any length: what a codec makes of it differs in every frame. */
function waveformOf(tokenizer: AudioTokenizer, { numSamples, seed }: { numSamples: number; seed: number }): Waveform {
  let state = seed + 1;
  const noise = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  const channelData = Array.from({ length: tokenizer.channels }, (_, channel) =>
    Float32Array.from({ length: numSamples }, (_value, i) => 0.3 * Math.sin(i * (0.01 + 0.002 * channel)) + 0.2 * noise()),
  );
  return { channelData, sampleRate: tokenizer.sampleRate };
}

/** Lengths around frame and segment borders, and anything up to a little over two segments. */
function clips(tokenizer: AudioTokenizer): fc.Arbitrary<{ numSamples: number; seed: number }> {
  const { hopLength, segment } = tokenizer;
  const borders = [1, 2, hopLength - 1, hopLength, hopLength + 1, 7 * hopLength];
  if (segment !== null) borders.push(segment.stride, segment.stride + 1, segment.length, 2 * segment.stride + 100);
  const most = segment === null ? 30 * hopLength : 2 * segment.length;
  return fc.record({
    numSamples: fc.oneof(fc.constantFrom(...borders), fc.integer({ min: 1, max: most })),
    seed: fc.nat({ max: 1_000_000 }),
  });
}

describe.each(codecNames)("%s", async (codec) => {
  const path = join(goldenFolder, codec, "hf");
  const tokenizer = await AudioTokenizer.fromPretrained(path, { threads: 1 });
  const twoThreads = await AudioTokenizer.fromPretrained(path, { threads: 2 });
  afterAll(() => Promise.all([tokenizer.dispose(), twoThreads.dispose()]));
  const numRuns = runsOf(codec === "mini-48khz" ? 6 : 25);

  test("codes do not depend on threads", async () => {
    for (const golden of await goldenCases(codec)) {
      const codes = await tokenizer.encode(golden.waveform);
      expect(await twoThreads.encode(golden.waveform)).toEqualCodes(codes);
      expect(await tokenizer.encode(golden.waveform)).toEqualCodes(codes);
    }
  });

  test("says how many codebooks a call gives, and which codec datasets name, before anything is encoded", async () => {
    const clip = waveformOf(tokenizer, { numSamples: tokenizer.hopLength, seed: 1 });
    const counts = Array.from({ length: tokenizer.numQuantizers }, (_, index) => ({ numCodebooks: index + 1 }));
    for (const options of [{}, ...tokenizer.bandwidths.map((bandwidth) => ({ bandwidth })), ...counts]) {
      const codes = await tokenizer.encode(clip, options);
      expect(tokenizer.numCodebooksFor(options)).toBe(codes.numCodebooks);
      expect(codecFieldsFor(tokenizer, codes.numCodebooks)).toEqual(codecFieldsOf(publishedCodes(codes)));
    }
    for (const options of [{ numCodebooks: 0 }, { numCodebooks: tokenizer.numQuantizers + 1 }, { bandwidth: 0.7 }]) {
      expect(() => tokenizer.numCodebooksFor(options)).toThrow(RangeError);
    }
  });

  test("a batch of any lengths gives each clip the codes it gets alone, and the audio", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(clips(tokenizer), { minLength: 1, maxLength: 5 }), async (specs) => {
        const waveforms = specs.map((spec) => waveformOf(tokenizer, spec));
        const batch = await tokenizer.encodeBatch(waveforms);
        const audio = await tokenizer.decodeBatch(batch);
        for (const [index, waveform] of waveforms.entries()) {
          const alone = await tokenizer.encode(waveform);
          expect(batch[index]!).toEqualCodes(alone);
          expect(audio[index]!).toEqualSamples(await tokenizer.decode(alone));
        }
      }),
      { numRuns },
    );
  });

  test("more clips than go through together come out as alone, from either number of threads", async () => {
    const waveforms = Array.from({ length: 37 }, (_, seed) => waveformOf(tokenizer, { numSamples: 1 + ((seed * 997) % 4000), seed }));
    const alone = await Promise.all(waveforms.map((waveform) => tokenizer.encode(waveform)));
    const audio = await Promise.all(alone.map((codes) => tokenizer.decode(codes)));
    for (const each of [tokenizer, twoThreads]) {
      const batch = await each.encodeBatch(waveforms);
      expect(batch.map((codes, index) => codes.equals(alone[index]!))).toEqual(waveforms.map(() => true));
      expect(await each.decodeBatch(alone)).toEqual(audio);
    }
  });

  test("fewer codebooks are a prefix of more", async () => {
    await fc.assert(
      fc.asyncProperty(clips(tokenizer), fc.integer({ min: 1, max: tokenizer.numQuantizers }), async (spec, numCodebooks) => {
        const waveform = waveformOf(tokenizer, spec);
        const all = await tokenizer.encode(waveform);
        const fewer = await tokenizer.encode(waveform, { numCodebooks });
        expect(fewer).toEqualCodes(all.selectCodebooks(numCodebooks));
        expect(fewer.bandwidth).toBeCloseTo(all.bandwidth * (numCodebooks / all.numCodebooks), 10);
      }),
      { numRuns },
    );
  });

  test("decoding gives back the length that was encoded", async () => {
    await fc.assert(
      fc.asyncProperty(clips(tokenizer), async (spec) => {
        const codes = await tokenizer.encode(waveformOf(tokenizer, spec), { numCodebooks: 1 });
        const { channelData, sampleRate } = await tokenizer.decode(codes);
        expect(codes.numSamples).toBe(spec.numSamples);
        expect(sampleRate).toBe(tokenizer.sampleRate);
        expect(channelData.map((samples) => samples.length)).toEqual(channelData.map(() => spec.numSamples));
        expect(channelData.every((samples) => samples.every(Number.isFinite))).toBe(true);
      }),
      { numRuns },
    );
  });

  test("every bandwidth takes the codebooks that its bits pay for", async () => {
    const waveform = waveformOf(tokenizer, { numSamples: 1000, seed: 1 });
    const bitsPerCode = Math.log2(tokenizer.codebookSize);
    for (const bandwidth of tokenizer.bandwidths) {
      const { numCodebooks } = await tokenizer.encode(waveform, { bandwidth });
      expect(numCodebooks).toBe(Math.floor((bandwidth * 1000) / (bitsPerCode * tokenizer.frameRate)));
    }
  });
});

describe("stereo through a mono codec", async () => {
  const path = join(goldenFolder, "mini-32khz", "hf");
  const mono = await AudioTokenizer.fromPretrained(path, { threads: 1 });
  const stereo = await AudioTokenizer.fromPretrained(path, { threads: 1, interleaveStereo: true });
  afterAll(() => Promise.all([mono.dispose(), stereo.dispose()]));
  const waveform = waveformOf(stereo, { numSamples: 5000, seed: 3 });
  const [left, right] = waveform.channelData.map((samples) => ({ channelData: [samples], sampleRate: waveform.sampleRate }));

  test("has twice the codebooks and bandwidth", () => {
    expect(stereo.channels).toBe(2);
    expect(stereo.numQuantizers).toBe(2 * mono.numQuantizers);
    expect(stereo.bandwidths).toEqual([4.4]);
  });

  test("interleaves the codebooks that left and right get alone", async () => {
    const codes = await stereo.encode(waveform, { bandwidth: 4.4 });
    const alone = await mono.encodeBatch([left!, right!]);
    const rows = Array.from({ length: codes.numCodebooks }, (_, row) => {
      const channel = alone[row % 2]!;
      const k = Math.floor(row / 2);
      return [...channel.data.subarray(k * channel.numFrames, (k + 1) * channel.numFrames)];
    });
    expect([...codes.data]).toEqual(rows.flat());
  });

  test("decodes each channel from its own codebooks", async () => {
    const audio = await stereo.decode(await stereo.encode(waveform, { numCodebooks: 4 }));
    const expected = await mono.decodeBatch(await mono.encodeBatch([left!, right!], { numCodebooks: 2 }));
    expect(audio.channelData).toEqual(expected.map(({ channelData }) => channelData[0]));
  });

  test("takes even numbers of codebooks only", async () => {
    await expect(stereo.encode(waveform, { numCodebooks: 3 })).rejects.toThrow(/even number from 2 to 8/u);
  });
});
