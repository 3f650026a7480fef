import { describe, expect, test } from "vitest";
import { AudioCodes } from "../../src/core/index.ts";
import { clipOf, filledGrid, gridOf, transposeGrid, viewGrid } from "../../src/patterns/grid/token-grid.ts";
import { modelLayouts } from "../../src/patterns/models/model-layouts.ts";
import { buildModelSequence, revertModelSequence } from "../../src/patterns/sequence/model-sequence.ts";

describe("a clip of a batch", () => {
  test("becomes AudioCodes again, at its own length", () => {
    const batch = [3, 1, 2].map((numFrames, item) => ({
      data: Array.from({ length: 4 * numFrames }, (_, index) => 100 * item + index),
      dims: [4, numFrames],
    }));
    const back = revertModelSequence(buildModelSequence(batch, modelLayouts.musicgen), modelLayouts.musicgen, { type: "int64" });
    const codec = { sampleRate: 32_000, channels: 1, hopLength: 640, codebookSize: 2048 };
    for (const [item, { data, dims }] of batch.entries()) {
      const clip = clipOf(back, item, back.lengths[item]);
      expect(clip).toEqual({ type: "int64", data: BigInt64Array.from(data, BigInt), dims });
      expect(Array.from(AudioCodes.fromTensor(clip, codec).data)).toEqual(data);
    }
    expect(clipOf(back, 1).dims).toEqual([4, 3]);
  });

  test("is one that is there", () => {
    const grid = filledGrid("int32", [2, 1, 3]);
    expect(() => clipOf(grid, 2)).toThrow("item must be a whole number from 0 to 1; received 2");
    expect(() => clipOf(grid, 0, 4)).toThrow("numFrames must be a whole number from 0 to 3; received 4");
  });
});

describe("a grid", () => {
  test("that memory is not for is refused by its shape", () => {
    expect(() => filledGrid("int64", [2, 2 ** 16, 2 ** 15])).toThrow(RangeError);
    expect(() => filledGrid("int64", [2, 2 ** 16, 2 ** 15])).toThrow(
      "a grid of shape [2, 65536, 32768] has 4294967296 tokens; expected at most 1073741824",
    );
  });

  test.each(["uint16", "int32", "int64"] as const)("of type %s holds no fraction and nothing that does not fit", (type) => {
    expect(() => gridOf(type, [1, 1], [0.5])).toThrow(`token 0.5 does not fit ${type}`);
    expect(() => gridOf(type, [1, 1], [2 ** 60])).toThrow(RangeError);
    expect(Array.from(gridOf(type, [1, 2], [0, 65_535]).data, Number)).toEqual([0, 65_535]);
  });

  test("holds numbers or bigints, of both kinds at once too, and nothing that passes for one", () => {
    expect(transposeGrid({ data: [1, 2n, 3, 4n], dims: [2, 2] })).toEqual({
      type: "int32",
      data: Int32Array.of(1, 3, 2, 4),
      dims: [1, 2, 2],
    });
    for (const value of [null, undefined, true, "1", [1]]) {
      expect(() => viewGrid({ data: [0, value as never], dims: [1, 2] })).toThrow(expect.objectContaining({ code: "CODES_OUT_OF_RANGE" }));
    }
  });
});
