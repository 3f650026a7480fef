import { describe, expect, test } from "vitest";
import { AudioCodes } from "../../src/core/index.ts";
import type { TokenGrid } from "../../src/patterns/grid/token-grid.ts";
import { buildModelSequence, valle } from "../../src/patterns/index.ts";
import { joinValleRows, valleSequence, valleStage } from "../../src/patterns/valle/valle.ts";

/** Code `100 * q + 10 * clip + t`. */
const clipOf = (clip: number, numFrames: number) => ({
  data: Int32Array.from({ length: 8 * numFrames }, (_, index) => 100 * Math.floor(index / numFrames) + 10 * clip + (index % numFrames)),
  dims: [8, numFrames],
});

const clips = [clipOf(0, 4), clipOf(1, 2)];

function nested({ data, dims }: TokenGrid): unknown {
  const values: unknown[] = Array.from(data, Number);
  return dims
    .slice(1)
    .reduceRight(
      (rows: unknown[], size) => Array.from({ length: rows.length / size }, (_, row) => rows.slice(row * size, (row + 1) * size)),
      values,
    );
}

// Computed with torch 2.13 by lifeiteng/vall-e's valle/models/valle.py: pad_y_eos and the non-autoregressive inputs and targets of VALLE.forward, prefix mode 0.
describe("VALL-E's autoregressive model", () => {
  test("predicts codebook 0 and its end", () => {
    const { input, target } = valleSequence(clips);
    expect(nested(input)).toEqual([
      [0, 1, 2, 3],
      [10, 11, 1024, 1024],
    ]);
    expect(nested(target)).toEqual([
      [1, 2, 3, 1024],
      [11, 1024, 1024, 1024],
    ]);
    expect(input.type).toBe("int64");
  });

  test("reads its bos first where it was trained with one", () => {
    const { input, target } = valleSequence(clips, { prependBos: true });
    expect(nested(input)).toEqual([
      [1025, 0, 1, 2, 3],
      [1025, 10, 11, 1024, 1024],
    ]);
    expect(nested(target)).toEqual([
      [0, 1, 2, 3, 1024],
      [10, 11, 1024, 1024, 1024],
    ]);
  });

  test("has the layout that goes with it", () => {
    const codebook0 = { data: [7, 8], dims: [1, 2] };
    expect(nested(buildModelSequence(codebook0, valle()))).toEqual([[[7, 8, 1024]]]);
    expect(nested(buildModelSequence(codebook0, valle({ prependBos: true })))).toEqual([[[1025, 7, 8, 1024]]]);
  });

  test("takes clips of no frames", () => {
    expect(valleSequence(clipOf(0, 0)).input.dims).toEqual([1, 0]);
    expect(nested(valleSequence(clipOf(0, 0), { prependBos: true }).target)).toEqual([[1024]]);
  });
});

describe("VALL-E's non-autoregressive model", () => {
  test("reads the codebooks before its stage and predicts that of its stage", () => {
    const { input, target } = valleStage(clips, 3);
    expect(nested(input)).toEqual([
      [
        [0, 1, 2, 3],
        [100, 101, 102, 103],
        [200, 201, 202, 203],
      ],
      [
        [10, 11, 1024, 1024],
        [110, 111, 0, 0],
        [210, 211, 0, 0],
      ],
    ]);
    expect(nested(target)).toEqual([
      [300, 301, 302, 303],
      [310, 311, 1024, 1024],
    ]);
  });

  test("takes a batch in one tensor", () => {
    const data = [...clipOf(0, 3).data, ...clipOf(2, 3).data];
    expect(nested(valleStage({ data, dims: [2, 8, 3] }, 7, { type: "int32" }).target)).toEqual([
      [700, 701, 702],
      [720, 721, 722],
    ]);
    expect(nested(valleSequence({ data, dims: [2, 8, 3] }).target)).toEqual([
      [1, 2, 1024],
      [21, 22, 1024],
    ]);
  });

  test("has stages 1 to 7, for codes with as many codebooks", () => {
    expect(() => valleStage(clips, 0)).toThrow(/stage must be a whole number from 1 to 7; received 0/);
    expect(() => valleStage(clips, 8)).toThrow(RangeError);
    expect(() => valleStage({ data: [1, 2], dims: [2, 1] }, 2)).toThrow(/stage 2 predicts codebook 2; the codes have 2 codebooks/);
  });
});

describe("rows that VALL-E generated", () => {
  const rows = Array.from({ length: 7 }, (_, index) => Int32Array.of(100 * (index + 1), 100 * (index + 1) + 1));

  test("are the clip's codes, up to the end that the first model said", () => {
    const { data, dims } = joinValleRows([BigInt64Array.of(0n, 1n, 1024n, 5n), ...rows]);
    expect({ data: [...data], dims }).toEqual({
      data: [0, 1, 100, 101, 200, 201, 300, 301, 400, 401, 500, 501, 600, 601, 700, 701],
      dims: [1, 8, 2],
    });
    expect(AudioCodes.fromTensor({ data, dims }, { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 }).numFrames).toBe(
      2,
    );
    expect(joinValleRows([{ data: [3, 4] }, rows[0]!])).toEqual({ type: "int32", data: Int32Array.of(3, 4, 100, 101), dims: [1, 2, 2] });
  });

  test("must be of one length, and codes", () => {
    expect(() => joinValleRows([[0, 1, 2], ...rows])).toThrow(/codebook 1 has 2 codes; codebook 0 has 3 before its end/);
    expect(() =>
      joinValleRows([
        [0, 1],
        [0, 1024],
      ]),
    ).toThrow(/codebook 1 holds 1024, which is no code/);
    expect(() => joinValleRows([])).toThrow(/the number of rows must be a whole number from 1 to 8; received 0/);
  });
});
