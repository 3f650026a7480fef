import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/core/index.ts";
import {
  barkCoarseFrames,
  barkCoarseSteps,
  barkHistoryLengths,
  barkSemanticLength,
  barkSemanticLengths,
  trimBarkHistory,
} from "../../src/patterns/index.ts";
import { barkCodes } from "./bark-codes.ts";
import reference from "./bark/reference.json" with { type: "json" };

const range = (numFrames: number) => {
  const lengths = barkSemanticLengths(numFrames);
  return lengths === null ? null : [lengths.min, lengths.max];
};

describe("Bark's rates", () => {
  test("give as many coarse tokens as the reference generates", () => {
    for (const [numSemantic, steps] of Object.entries(reference.steps)) {
      expect(barkCoarseSteps(Number(numSemantic)), `${numSemantic} semantic tokens`).toBe(steps);
      expect(barkCoarseFrames(Number(numSemantic))).toBe(steps / 2);
    }
    expect(barkCoarseFrames(0)).toBe(0);
  });

  test("accept the lengths of semantic prompts that the reference accepts", () => {
    expect(reference.semanticLengths.map((_, index) => range(index + 1))).toEqual(reference.semanticLengths);
    for (const [numFrames, lengths] of Object.entries(reference.semanticLengthsOf)) expect(range(Number(numFrames))).toEqual(lengths);
    expect(range(0)).toBeNull();
  });

  test("are the reference's rule for every length, as JavaScript rounds like Python here", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 1.4, max: 1.6, noNaN: true }), (numFrames, ratio) => {
        const length = Math.max(1, Math.round(numFrames / ratio));
        const lengths = barkSemanticLengths(numFrames);
        const isAccepted = lengths !== null && length >= lengths.min && length <= lengths.max;
        expect(isAccepted).toBe((numFrames / length).toFixed(1) === "1.5");
      }),
    );
  });

  test("name a semantic length that is accepted wherever there is one", () => {
    expect([75, 150, 375, 750].map(barkSemanticLength)).toEqual([50, 100, 250, 499]);
    for (let numFrames = 1; numFrames <= 3000; numFrames++) {
      const lengths = barkSemanticLengths(numFrames);
      if (lengths === null) continue;
      expect(barkSemanticLength(numFrames)).toBeGreaterThanOrEqual(lengths.min);
      expect(barkSemanticLength(numFrames)).toBeLessThanOrEqual(lengths.max);
    }
    fc.assert(fc.property(fc.integer({ min: 15, max: 100_000 }), (numFrames) => barkSemanticLengths(numFrames) !== null));
  });

  test("refuse what is not a number of things", () => {
    for (const count of [-1, 1.5, Number.NaN]) {
      expect(() => barkCoarseFrames(count)).toThrow(RangeError);
      expect(() => barkSemanticLength(count)).toThrow(RangeError);
      expect(() => barkSemanticLengths(count)).toThrow(RangeError);
      expect(() => barkHistoryLengths(count, 3)).toThrow(/numSemantic must be a whole number/);
      expect(() => barkHistoryLengths(3, count)).toThrow(/numFrames must be a whole number/);
    }
    for (const history of [59, 631, 100.5]) expect(() => barkHistoryLengths(10, 15, history)).toThrow(/from 60 to 630/);
  });
});

describe("the history of Bark's coarse model", () => {
  test.each(reference.history)(
    "of %i semantic tokens and %i frames, %i tokens looked back on, is the reference's",
    (numSemantic, numFrames, maxCoarseHistory, keptSemantic, keptCoarse, semanticSum, coarseSum) => {
      const semanticPrompt = { data: Array.from({ length: numSemantic }, (_, index) => (37 * index) % 10_000), dims: [numSemantic] };
      const coarsePrompt = barkCodes(2, numFrames);
      const { semanticTokens, coarseTokens } = trimBarkHistory({ semanticPrompt, coarsePrompt }, { maxCoarseHistory, type: "int32" });
      expect([semanticTokens.dims, coarseTokens.dims]).toEqual([
        [1, keptSemantic],
        [1, keptCoarse],
      ]);
      expect(crc32(new Uint8Array(semanticTokens.data.buffer))).toBe(semanticSum);
      expect(crc32(new Uint8Array(coarseTokens.data.buffer))).toBe(coarseSum);
      expect(barkHistoryLengths(numSemantic, numFrames, maxCoarseHistory)).toEqual({ numSemantic: keptSemantic, numCoarse: keptCoarse });
    },
  );

  test("is empty where no semantic token can be used, which the references get wrong", () => {
    const coarsePrompt = barkCodes(2, 1);
    const { semanticTokens, coarseTokens } = trimBarkHistory({ semanticPrompt: { data: [5], dims: [1] }, coarsePrompt });
    expect([semanticTokens.data, coarseTokens.data]).toEqual([new BigInt64Array(0), new BigInt64Array(0)]);
    expect([semanticTokens.dims, coarseTokens.dims]).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(barkHistoryLengths(0, 300)).toEqual({ numSemantic: 0, numCoarse: 0 });
    expect(barkHistoryLengths(300, 0)).toEqual({ numSemantic: 0, numCoarse: 0 });
  });

  test("never holds more than there is, nor more than the model may look back on", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2000 }), fc.nat({ max: 3000 }), fc.integer({ min: 60, max: 630 }), (semantic, frames, most) => {
        const { numSemantic, numCoarse } = barkHistoryLengths(semantic, frames, most);
        expect(numSemantic).toBeLessThanOrEqual(semantic);
        expect(numCoarse).toBeLessThanOrEqual(Math.max(0, Math.min(most, 2 * frames) - 2));
      }),
    );
  });
});
