import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { magnetAttentionMask, magnetSpanCounts, maskMagnetCodes } from "../../src/patterns/magnet/magnet-masks.ts";
import { generator } from "./generator.ts";

// The expected values are those of audiocraft's solvers/magnet.py (896ec7c), run with torch 2.13 on a CPU and numpy 2.

const sumOf = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);

describe("MAGNeT's numbers of spans for a share of masked frames", () => {
  const tables: Record<string, number[]> = {
    "10,3": [
      0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
      2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5,
      5, 5, 6, 6, 6, 6, 6, 7, 7, 7, 8,
    ],
    "500,3": [
      0, 2, 4, 6, 7, 9, 11, 12, 14, 16, 18, 20, 21, 23, 25, 27, 29, 31, 32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 59, 61, 63, 65,
      67, 69, 72, 74, 76, 79, 81, 83, 86, 88, 91, 93, 96, 98, 101, 103, 106, 109, 112, 114, 117, 120, 123, 126, 129, 132, 135, 138, 141,
      145, 148, 151, 155, 158, 162, 165, 169, 173, 177, 181, 185, 189, 194, 198, 203, 208, 213, 218, 223, 229, 234, 240, 247, 253, 260, 268,
      276, 284, 294, 304, 316, 329, 344, 364, 392, 498,
    ],
    "20,5": [
      0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
      3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 7,
      7, 7, 8, 8, 8, 9, 9, 9, 10, 11, 16,
    ],
  };
  test.each(Object.entries(tables))("are the reference's for frames and span length %s", (key, table) => {
    const [numFrames, spanLength] = key.split(",").map(Number) as [number, number];
    expect(magnetSpanCounts(numFrames, spanLength)).toEqual(table);
  });

  test("are the reference's for 30 seconds, by their digest with those of all shorter clips to 399 frames", () => {
    expect(magnetSpanCounts(1500).filter((_, percent) => percent % 10 === 0)).toEqual([
      0, 52, 108, 169, 235, 310, 395, 496, 623, 804, 1498,
    ]);
    const digest = createHash("sha256");
    for (const spanLength of [1, 2, 3, 5, 8]) {
      for (let numFrames = spanLength; numFrames < 400; numFrames++)
        digest.update(`${magnetSpanCounts(numFrames, spanLength).join(",")}\n`);
    }
    expect(digest.digest("hex")).toBe("20e7ea8b3dcae7f02dd4e3e17c6e80e5c2380320e2778be97816b01e96d63a3c");
  });

  test("need a clip as long as a span", () => {
    expect(() => magnetSpanCounts(2, 3)).toThrow(/a clip of 2 frames cannot be masked in spans of 3/);
  });
});

describe("MAGNeT's training masks", () => {
  const references: Record<string, string[]> = {
    "12,3": ["000111111111", "111111111111", "011111000111", "011111111111", "111110000011", "111111111111"],
    "20,5": [
      "00011111111111100011",
      "00011111111111111111",
      "00111111111000001111",
      "11111111111111111111",
      "01111111000000000111",
      "11111111111111111111",
    ],
    "15,1": ["111110100110110", "111111111111111", "011111101001011", "111111111111111", "111001100011011", "111111111111111"],
    "50,3": [
      "11111111111110111110011111100011101110000000011101",
      "11111111111111111111111111111111111111111111111111",
      "00111001111110111111000011111111111111110000011100",
      "11111111111111111111111111111111111111111111111111",
      "00000000000011101111110111111111111111110001111101",
      "00111111111111111111111111111111111111111111111111",
    ],
  };
  test.each(Object.entries(references))("are the reference's for the same random numbers, frames and span length %s", (key, masks) => {
    const [numFrames, spanLength] = key.split(",").map(Number) as [number, number];
    const codes = { data: Int32Array.from({ length: 4 * numFrames }, (_, index) => index), dims: [4, numFrames] };
    for (const [seed, mask] of masks.entries()) {
      const masked = maskMagnetCodes(codes, { stage: 2, spanLength, random: generator(seed + 1) });
      expect([...masked.lossMask.subarray(2 * numFrames, 3 * numFrames)].join("")).toBe(mask);
    }
  });

  test("round a half to the even number of frames, as torch does", () => {
    const random = generator(1);
    const draws = [0.789271354675293, ...Array.from({ length: 20 }, random)][Symbol.iterator]();
    const masked = maskMagnetCodes(
      { data: new Int32Array(80), dims: [4, 20] },
      { stage: 3, spanLength: 1, random: () => draws.next().value! },
    );
    // 20 frames at the rate of this draw are 6.5.
    expect(sumOf(masked.lossMask)).toBe(6);
  });

  test("keep earlier codebooks, mask later ones and learn the masked codes of the stage", () => {
    const clip = fc.record({
      numFrames: fc.integer({ min: 3, max: 40 }),
      batchSize: fc.integer({ min: 1, max: 3 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
    });
    fc.assert(
      fc.property(clip, ({ numFrames, batchSize, seed }) => {
        const codes = {
          data: Int32Array.from({ length: batchSize * 4 * numFrames }, (_, index) => index % 2048),
          dims: [batchSize, 4, numFrames],
        };
        const { data, dims, stage, lossMask } = maskMagnetCodes(codes, { random: generator(seed), type: "int32" });
        expect(dims).toEqual([batchSize, 4, numFrames]);
        data.forEach((token, cell) => {
          const q = Math.floor(cell / numFrames) % 4;
          expect(lossMask[cell]).toBe(q === stage && token === 2048 ? 1 : 0);
          if (q < stage) expect(token).toBe(codes.data[cell]);
          if (q > stage) expect(token).toBe(2048);
          if (q === stage && token !== 2048) expect(token).toBe(codes.data[cell]);
        });
        for (let item = 0; item < batchSize; item++) {
          expect(sumOf(lossMask.subarray(item * 4 * numFrames, (item + 1) * 4 * numFrames))).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  test("are masked in whole spans, cut only where the clip ends", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 60 }),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 1e6 }),
        (numFrames, spanLength, seed) => {
          const { lossMask } = maskMagnetCodes(
            { data: new Int32Array(4 * numFrames), dims: [4, numFrames] },
            { stage: 0, spanLength, random: generator(seed) },
          );
          const runs = [...lossMask.subarray(0, numFrames)].join("").split(/(?<=1)(?=0)/u);
          for (const run of runs.slice(0, -1)) expect(run.replaceAll("0", "").length).toBeGreaterThanOrEqual(spanLength);
        },
      ),
    );
  });

  test("cannot be made of other codes", () => {
    expect(() => maskMagnetCodes({ data: new Int32Array(8), dims: [8, 1] })).toThrow(/the codes have 8 codebooks; MAGNeT reads 4/);
    expect(() => maskMagnetCodes({ data: new Int32Array(12).fill(2048), dims: [4, 3] })).toThrow(
      /value 2048 at frame 0 of codebook 0 is not a code of MAGNeT/,
    );
    expect(() => maskMagnetCodes({ data: new Int32Array(12), dims: [4, 3] }, { stage: 4 })).toThrow(
      /stage must be a whole number from 0 to 3; received 4/,
    );
  });
});

describe("MAGNeT's attention", () => {
  test("is restricted to five frames on each side but for the first codebook", () => {
    expect(magnetAttentionMask(0, 20)).toBeNull();
    const mask = magnetAttentionMask(1, 20)!;
    expect([...mask.keys()].every((cell) => mask[cell] === (Math.abs(Math.floor(cell / 20) - (cell % 20)) <= 5 ? 1 : 0))).toBe(true);
  });

  test("is not restricted by a context of −1, and takes whole numbers only", () => {
    expect(magnetAttentionMask(1, 3, -1)).toBeNull();
    expect([...magnetAttentionMask(3, 2, 0)!]).toEqual([1, 0, 0, 1]);
    expect(() => magnetAttentionMask(4, 3)).toThrow(/stage must be a whole number from 0 to 3; received 4/);
    expect(() => magnetAttentionMask(1, 2.5)).toThrow(/numFrames must be a whole number from 0 to 16384; received 2.5/);
    expect(() => magnetAttentionMask(1, 3, -2)).toThrow(/context must be a whole number, -1 or more; received -2/);
  });
});
