import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freeCell, PatternCursor } from "../../src/patterns/layout/pattern-cursor.ts";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import { modelLayouts } from "../../src/patterns/models/model-layouts.ts";
import type { ModelLayout } from "../../src/patterns/models/model-layouts.ts";
import { buildModelSequence, modelCursor } from "../../src/patterns/sequence/model-sequence.ts";

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
function rowsOf(
  { data, dims }: { readonly data: ArrayLike<number | bigint>; readonly dims: readonly number[] },
  width: number,
): number[][] {
  const [batchSize, numRows, numColumns] = dims as [number, number, number];
  return Array.from({ length: batchSize * numRows }, (_, row) =>
    Array.from({ length: width }, (__, column) => Number(data[row * numColumns + column])),
  );
}

describe.each(["dia", "parler", "valle"] as const)("the cursor of %s", (name) => {
  const layout = modelLayouts[name];

  test("gives the beginning of the model's sequence of the clips that it ended", () => {
    fc.assert(
      fc.property(runs, ({ timesteps, promptFrames, lengths }) => {
        const clips = lengths.map((length, item) => clip(item, layout, length));
        const prompt = {
          data: lengths.flatMap((_, item) => clip(item, layout, promptFrames).data),
          dims: [lengths.length, layout.pattern.numCodebooks, promptFrames],
        };
        const cursor = modelCursor(layout, timesteps, { prompt, type: "int32" });
        for (;;) {
          // The model predicts its eos in codebook 0, in the cell of the first frame that is not there.
          const frame = cursor.timesteps[0]!;
          for (const [item, length] of lengths.entries()) if (frame >= length || frame < 0) cursor.endAt(length, item);
          if (cursor.isDone) break;
          const { timesteps: frames, forced } = cursor;
          cursor.push(
            forced.map((token, cell) =>
              token === freeCell ? codeOf(Math.floor(cell / frames.length), cell % frames.length, frames[cell % frames.length]!) : -5,
            ),
          );
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

describe("the eos of a model", () => {
  const endless = { specialToken: 12, padToken: 11, eosToken: 10, codebookSize: 10 };
  const cursorOf = (delays: readonly number[], batchSize: number = 1) =>
    new PatternCursor(patternProvider({ kind: "delay", numCodebooks: delays.length, delays }).getPattern(6), { ...endless, batchSize });

  test("ends a clip where the first codebook of a frame has it", () => {
    fc.assert(
      fc.property(runs, ({ timesteps, promptFrames, lengths }) => {
        for (const layout of [modelLayouts.dia, modelLayouts.parler, modelLayouts.valle]) {
          const { numCodebooks } = layout.pattern;
          const prompt = {
            data: lengths.flatMap((_, item) => clip(item, layout, promptFrames).data),
            dims: [lengths.length, numCodebooks, promptFrames],
          };
          const cursor = modelCursor(layout, timesteps, { prompt, type: "int32" });
          while (!cursor.isDone) {
            const frames = cursor.timesteps;
            const predicted = Array.from({ length: lengths.length * numCodebooks }, (_, cell) => {
              const [item, q] = [Math.floor(cell / numCodebooks), cell % numCodebooks];
              return q === 0 && frames[0]! >= lengths[item]! ? layout.tokens.eos! : codeOf(item, q, frames[q]!);
            });
            cursor.push(predicted);
          }
          expect(cursor.lengths).toEqual(lengths);
          const expected = buildModelSequence(
            lengths.map((length, item) => clip(item, layout, length)),
            layout,
            { type: "int32" },
          );
          const width = cursor.sequence.dims[2]!;
          expect(rowsOf(cursor.sequence, width)).toEqual(rowsOf(expected, width));
        }
      }),
    );
  });

  test("ends one clip of a batch, and with it all cells of the frame", () => {
    const cursor = cursorOf([0, 0], 2);
    cursor.push([1, 2, 3, 4]);
    expect([...cursor.push([10, 7, 5, 6]).data]).toEqual([10, 10, 5, 6]);
    expect(cursor.lengths).toEqual([1, 6]);
    expect([...cursor.push([7n, 7n, 10n, 10n]).data]).toEqual([11, 11, 10, 10]);
    expect(cursor.isDone).toBe(true);
    expect([...cursor.takeFrames().data]).toEqual([1, 12, 2, 12, 3, 5, 4, 6]);
  });

  test.each([
    ["in a later codebook of the step", [0, 0], [[3, 10]], "eosToken 10 for frame 0 of codebook 1 comes too late: the frame has begun"],
    ["in a later step", [0, 1], [[3, 0], [4, 10]], "eosToken 10 for frame 0 of codebook 1 comes too late: the frame has begun"], // prettier-ignore
  ] as const)("is refused %s, and the cursor stays where it was", (_, delays, steps, message) => {
    const cursor = cursorOf(delays);
    for (const step of steps.slice(0, -1)) cursor.push(step);
    expect(() => cursor.push(steps.at(-1)!)).toThrow(
      expect.objectContaining({ code: "CODES_OUT_OF_RANGE", message: expect.stringContaining(message) as string }),
    );
    expect([cursor.step, cursor.lengths]).toEqual([steps.length, [6]]);
  });

  test("ends nothing where another token of the step is none", () => {
    const cursor = cursorOf([0, 1]);
    cursor.push([1, 0]);
    expect(() => cursor.push([10, 99])).toThrow("token 99 for frame 0 is not a code");
    expect([cursor.step, cursor.lengths]).toEqual([2, [6]]);
    expect([...cursor.push([10, 5]).data]).toEqual([10, 5]);
  });

  test("is no more than garbage where no code is the model's", () => {
    const cursor = cursorOf([0, 2]);
    expect([...cursor.push([1, 10]).data]).toEqual([1, 12]);
  });
});

describe("Moshi's cursor", () => {
  test("goes on from the model's sequence until all frames are whole", () => {
    const layout = modelLayouts.moshi;
    const whole = clip(0, layout, 2);
    const cursor = modelCursor(layout, 2, { type: "int32" });
    while (!cursor.isDone) {
      const frames = cursor.timesteps;
      cursor.push(cursor.forced.map((token, q) => (token === freeCell ? codeOf(0, q, frames[q]!) : -5)));
    }
    const expected = buildModelSequence(whole, layout, { type: "int32" });
    expect([expected.dims[2], cursor.sequence.dims[2]]).toEqual([3, 4]);
    expect(rowsOf(cursor.sequence, 3)).toEqual(rowsOf(expected, 3));
    expect([...cursor.takeFrames().data]).toEqual(whole.data);
  });
});

test("a layout that was not called is refused", () => {
  for (const use of [
    () => modelCursor(modelLayouts.dia.pattern as never, 2),
    () => buildModelSequence(clip(0, modelLayouts.dia, 2), (() => null) as never),
  ]) {
    expect(use).toThrow(TypeError);
    expect(use).toThrow("expected a layout such as musicgen(); received");
  }
});

describe("the end of a clip", () => {
  test("is one token in each row, in the cell after the row's last code", () => {
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

  test("cannot be a code", () => {
    const pattern = patternProvider({ kind: "parallel", numCodebooks: 1 }).getPattern(2);
    const options = { specialToken: 10, eosToken: 9, codebookSize: 10 };
    const message = "eosToken 9 could be taken for a code: codes are 0 to 9; choose 10 or more, or a negative one";
    expect(() => new PatternCursor(pattern, options)).toThrow(message);
    expect(() => pattern.buildSequence({ data: [1], dims: [1, 1] }, options)).toThrow(message);
  });
});
