import fc from "fast-check";
import { expect, test } from "vitest";
import { AudioCodes } from "../../src/core/index.ts";
import { binOf, durationEdges, loudnessEdges } from "../../src/dataset/records/histogram.ts";
import {
  codebookUsage,
  hoursOf,
  mergeStatistics,
  noStatistics,
  StatisticsBuilder,
  statisticsSchema,
} from "../../src/dataset/records/statistics.ts";
import type { DatasetStatistics } from "../../src/dataset/records/statistics.ts";
import { clipOf, segmentedClipOf } from "./encoded-clips.ts";

function statisticsOf(seeds: readonly number[], errors: readonly string[] = []): DatasetStatistics {
  const builder = new StatisticsBuilder();
  for (const seed of seeds)
    builder.addClip(clipOf(seed, 1 + (seed % 50), seed % 2 === 0 ? {} : { loudness: { peak: 1, rms: 10 ** -(seed % 4) } }));
  for (const code of errors) builder.addError(code);
  return builder.build();
}

const seeds = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 });
const kinds = fc.array(fc.constantFrom("AUDIO_EMPTY", "AUDIO_CORRUPT", "FILE_NOT_FOUND"), { maxLength: 5 });

test("statistics of parts merge to those of the whole, in any order and grouping", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(seeds, kinds), { minLength: 1, maxLength: 4 }), (parts) => {
      const whole = statisticsOf(
        parts.flatMap(([clips]) => clips),
        parts.flatMap(([, errors]) => errors),
      );
      const each = parts.map(([clips, errors]) => statisticsOf(clips, errors));
      const merged = each.reduce(mergeStatistics, noStatistics);
      expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
      expect(JSON.stringify(each.reduceRight((sum, part) => mergeStatistics(part, sum), noStatistics))).toBe(JSON.stringify(whole));
      expect(statisticsSchema.parse(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
    }),
    { numRuns: 50 },
  );
});

test("codes are counted codebook by codebook, without the padding of short segments", () => {
  const clip = segmentedClipOf(1, 60_000);
  const builder = new StatisticsBuilder();
  builder.addClip(clip);
  const { codes, frames, samples } = builder.build();
  expect(frames).toBe(clip.codes.segmentFrames(0) + clip.codes.segmentFrames(1));
  expect(frames).toBeLessThan(2 * clip.codes.numFrames);
  expect(samples).toBe(clip.codes.numSamples);
  for (const counts of codes) expect(counts.reduce((sum, count) => sum + count, 0)).toBe(frames);
  expect(codes[1]![clip.codes.data[clip.codes.numFrames]!]).toBeGreaterThan(0);
});

test("entropy is that of the distribution: 0 bits for one code, log2 of n for n equal ones", () => {
  const codes = new AudioCodes({
    ...clipOf(0, 8).codes,
    shape: [1, 3, 8],
    data: Uint16Array.from([...Array(8).fill(7), 0, 0, 1, 1, 2, 2, 3, 3, 0, 1, 2, 3, 4, 5, 6, 7]),
  });
  const builder = new StatisticsBuilder();
  builder.addClip({ ...clipOf(0), codes });
  expect(codebookUsage(builder.build())).toEqual([
    { used: 1 / 1024, entropy: 0 },
    { used: 4 / 1024, entropy: 2 },
    { used: 8 / 1024, entropy: 3 },
  ]);
  expect(hoursOf({ ...builder.build(), samples: 24_000 * 5400 })).toBe(1.5);
});

test("parts of different codecs are not merged", () => {
  const builder = new StatisticsBuilder();
  builder.addClip(segmentedClipOf(1));
  expect(() => mergeStatistics(statisticsOf([1]), builder.build())).toThrow(/different codecs/);
});

test("a value lies in the bin whose lower edge it reaches", () => {
  for (const edges of [durationEdges, loudnessEdges]) {
    expect(edges).toEqual(edges.toSorted((a, b) => a - b));
    edges.forEach((edge, index) => expect(binOf(edges, edge)).toBe(index + 1));
    expect(binOf(edges, -Infinity)).toBe(0);
    expect(binOf(edges, Infinity)).toBe(edges.length);
  }
  expect([durationEdges[0], durationEdges[5], durationEdges.at(-1)]).toEqual([0.1, 0.315, 100_000]);
});
