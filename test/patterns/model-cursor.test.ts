import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modelLayouts } from "../../src/patterns/model-layouts.ts";
import type { ModelLayout } from "../../src/patterns/model-layouts.ts";
import { buildModelSequence, modelCursor } from "../../src/patterns/model-sequence.ts";
import { freeCell, PatternCursor } from "../../src/patterns/pattern-cursor.ts";
import { patternProvider } from "../../src/patterns/pattern-provider.ts";

/** A model that wants to end each clip of a batch after so many frames, of at most `timesteps`. */
interface Run {
  readonly timesteps: number;
  readonly promptFrames: number;
  readonly lengths: readonly number[];
}

const runs: fc.Arbitrary<Run> = fc.integer({ min: 1, max: 24 }).chain((timesteps) =>
  fc.integer({ min: 0, max: timesteps }).chain((promptFrames) =>
    fc.record({
      timesteps: fc.constant(timesteps),
      promptFrames: fc.constant(promptFrames),
      lengths: fc.array(fc.integer({ min: promptFrames, max: timesteps }), { minLength: 1, maxLength: 3 }),
    }),
  ),
);

const codeOf = (item: number, q: number, t: number): number => (item * 331 + q * 97 + t * 7) % 1024;

/** `[1, K, T]` of one clip. */
function clip(item: number, { pattern }: ModelLayout, numFrames: number) {
  const { numCodebooks } = pattern;
  return {
    data: Array.from({ length: numCodebooks * numFrames }, (_, cell) => codeOf(item, Math.floor(cell / numFrames), cell % numFrames)),
    dims: [1, numCodebooks, numFrames],
  };
}

/** Rows of a grid `[B, K, n]`, their first `width` tokens. */
function rowsOf({ data, dims }: { readonly data: ArrayLike<number | bigint>; readonly dims: readonly number[] }, width: number): number[][] {
  const [batchSize, numRows, numColumns] = dims as [number, number, number];
  return Array.from({ length: batchSize * numRows }, (_, row) => Array.from({ length: width }, (__, column) => Number(data[row * numColumns + column])));
}

describe.each(["dia", "parler", "valle"] as const)("the cursor of %s", (name) => {
  const layout = modelLayouts[name];

  it("gives the beginning of the model's sequence of the clips that it ended", () => {
    fc.assert(
      fc.property(runs, ({ timesteps, promptFrames, lengths }) => {
        const clips = lengths.map((length, item) => clip(item, layout, length));
        const prompt = { data: lengths.flatMap((_, item) => clip(item, layout, promptFrames).data), dims: [lengths.length, layout.pattern.numCodebooks, promptFrames] };
        const cursor = modelCursor(layout, timesteps, { prompt, type: "int32" });
        for (;;) {
          // The model predicts its eos in codebook 0, in the cell of the first frame that is not there.
          const frame = cursor.timesteps[0]!;
          for (const [item, length] of lengths.entries()) if (frame >= length || frame < 0) cursor.endAt(length, item);
          if (cursor.isDone) break;
          const { timesteps: frames, forced } = cursor;
          cursor.push(forced.map((token, cell) => (token === freeCell ? codeOf(Math.floor(cell / frames.length), cell % frames.length, frames[cell % frames.length]!) : -5)));
        }
        const expected = buildModelSequence(clips, layout, { type: "int32" });
        const { sequence } = cursor;
        expect(rowsOf(sequence, sequence.dims[2]!)).toEqual(rowsOf(expected, sequence.dims[2]!));
        const beyond = rowsOf(expected, expected.dims[2]!).flatMap((row) => row.slice(sequence.dims[2]));
        expect(beyond.filter((token) => token < layout.codebookSize)).toEqual([]);
      }),
    );
  });
});

describe("the end of a clip", () => {
  it("is one token in each row, in the cell after the row's last code", () => {
    const pattern = patternProvider({ kind: "delay", numCodebooks: 2, delays: [0, 2] }).getPattern(3);
    const cursor = new PatternCursor(pattern, { specialToken: 12, padToken: 11, eosToken: 10, codebookSize: 10 });
    cursor.push([1, 0]);
    cursor.push([2, 0]);
    cursor.endAt(2);
    while (!cursor.isDone) cursor.push([9, 5]);
    // prettier-ignore
    expect(rowsOf(cursor.sequence, 5)).toEqual([
      [12, 1, 2, 10, 11],
      [12, 12, 12, 5, 5],
    ]);
    const codes = { data: [1, 2, 5, 5], dims: [2, 2] };
    // prettier-ignore
    expect(rowsOf(pattern.buildSequence(codes, { specialToken: 12, padToken: 11, eosToken: 10, codebookSize: 10 }), 6)).toEqual([
      [12, 1, 2, 10, 11, 11],
      [12, 12, 12, 5, 5, 10],
    ]);
  });

  it("cannot be a code", () => {
    const pattern = patternProvider({ kind: "parallel", numCodebooks: 1 }).getPattern(2);
    const options = { specialToken: 10, eosToken: 9, codebookSize: 10 };
    const message = "eosToken 9 could be taken for a code: codes are 0 to 9; choose 10 or more, or a negative one";
    expect(() => new PatternCursor(pattern, options)).toThrow(message);
    expect(() => pattern.buildSequence({ data: [1], dims: [1, 1] }, options)).toThrow(message);
  });
});
