import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TokenType } from "../../src/patterns/grid/token-grid.ts";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import type { PatternKind } from "../../src/patterns/layout/pattern-spec.ts";
import type { Pattern } from "../../src/patterns/layout/pattern.ts";
import { clips, patternCases } from "./arbitrary-patterns.ts";
import type { PatternCase, Rows } from "./arbitrary-patterns.ts";
import { naiveLayout, naiveValidSteps } from "./naive-layout.ts";

const codebookSize = 2048;
const types: readonly TokenType[] = ["uint16", "uint32", "int32", "int64"];
const arrayOf = { uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array, int64: BigInt64Array } as const;

interface LawCase extends PatternCase {
  readonly batch: readonly Rows[];
  readonly type: TokenType;
  readonly inputType: TokenType;
  readonly specialToken: number;
  readonly padToken: number | undefined;
  readonly keepOnlyValidSteps: boolean;
}

const lawCases = (kind: PatternKind): fc.Arbitrary<LawCase> =>
  patternCases[kind].chain(({ spec, timesteps }) =>
    fc.constantFrom(...types).chain((type) =>
      fc.record({
        spec: fc.constant(spec),
        timesteps: fc.constant(timesteps),
        batch: fc.array(clips(spec.numCodebooks, timesteps, codebookSize), { minLength: 1, maxLength: 3 }),
        type: fc.constant(type),
        inputType: fc.constantFrom(...types),
        specialToken: type.startsWith("u") ? fc.constantFrom(2048, 65_535) : fc.constantFrom(2048, -1, 1_000_000),
        padToken: fc.constantFrom(undefined, 2049),
        keepOnlyValidSteps: fc.boolean(),
      }),
    ),
  );

const patternOf = ({ spec, timesteps }: PatternCase): Pattern => patternProvider(spec).getPattern(timesteps);

/** A clip as a tensor `[K, T]` of some type. */
function tensor(rows: Rows, type: TokenType = "int32"): { data: ArrayLike<number | bigint>; dims: number[] } {
  const values = rows.flat();
  return { data: type === "int64" ? BigInt64Array.from(values, BigInt) : arrayOf[type].from(values), dims: [rows.length, rows[0]!.length] };
}

const numbers = (data: ArrayLike<number | bigint>): number[] => Array.from(data, Number);
const table = <T>(numRows: number, numColumns: number, value: (row: number, column: number) => T): T[][] =>
  Array.from({ length: numRows }, (_, row) => Array.from({ length: numColumns }, (__, column) => value(row, column)));

/** A clip laid out cell by cell, with the mask, and which steps are the clip's. */
function naiveSequence(clip: Rows, { spec, timesteps, specialToken, padToken = specialToken, keepOnlyValidSteps }: LawCase) {
  const layout = naiveLayout(spec, timesteps);
  const numSteps = keepOnlyValidSteps ? naiveValidSteps(layout, timesteps) : layout.numSteps;
  const own = layout.cells.filter(({ timestep }) => timestep < clip[0]!.length);
  const isAfterEnd = (codebook: number, step: number) => {
    const steps = own.filter((cell) => cell.codebook === codebook).map((cell) => cell.step);
    return steps.length > 0 && steps.every((last) => last < step);
  };
  const rows = table(spec.numCodebooks, numSteps, (q, step) => {
    const cell = own.find((each) => each.codebook === q && each.step === step);
    return { token: cell ? clip[q]![cell.timestep]! : isAfterEnd(q, step) ? padToken : specialToken, isCode: cell !== undefined };
  });
  return {
    numSteps,
    tokens: rows.flat().map(({ token }) => token),
    mask: rows.flat().map(({ isCode }) => Number(isCode)),
    attention: Array.from({ length: numSteps }, (_, step) => Number(own.some((cell) => cell.step >= step))),
  };
}

const check = (kind: PatternKind, law: (each: LawCase) => void): void => fc.assert(fc.property(lawCases(kind), law));

function testPattern(kind: PatternKind): void {
  describe(`${kind} patterns`, () => {
    test("have the steps and the cells that the rules state", () => {
      check(kind, (each) => {
        const pattern = patternOf(each);
        const { numSteps, cells } = naiveLayout(each.spec, each.timesteps);
        expect(pattern.numSteps).toBe(numSteps);
        expect(pattern.numSequenceSteps).toBe(numSteps - 1);
        const actual = Array.from({ length: numSteps }, (_, step) => pattern.coordinates(step).toSorted(([, a], [, b]) => a - b));
        expect(actual).toEqual(
          Array.from({ length: numSteps }, (_, step) =>
            cells.filter((cell) => cell.step === step).map((cell) => [cell.timestep, cell.codebook]),
          ),
        );
        const numValidSteps = naiveValidSteps({ numSteps, cells }, each.timesteps);
        expect(pattern.numValidSteps).toBe(numValidSteps);
        const { starts, timesteps, codebooks } = pattern.validLayout;
        const valid = Array.from({ length: numValidSteps }, (_, step) =>
          Array.from(timesteps.subarray(starts[step], starts[step + 1]), (timestep, index) => [timestep, codebooks[starts[step]! + index]]),
        );
        expect(valid).toEqual(Array.from({ length: numValidSteps }, (_, step) => pattern.coordinates(step)));
        expect([starts.length, timesteps.length]).toEqual([numValidSteps + 1, valid.flat().length]);
        expect(pattern.startsWithSpecialToken).toBe(cells.every(({ step }) => step > 0));
      });
    });

    test("say in which steps a timestep is, and where each codebook ends", () => {
      check(kind, (each) => {
        const pattern = patternOf(each);
        const { cells } = naiveLayout(each.spec, each.timesteps);
        for (let timestep = 0; timestep <= each.timesteps; timestep++) {
          const steps = cells.filter((cell) => cell.timestep === timestep).map(({ step }) => step);
          expect(pattern.stepsWithTimestep(timestep)).toEqual(steps);
          expect(pattern.firstStepWithTimestep(timestep)).toBe(steps[0] ?? null);
          for (let codebook = 0; codebook < each.spec.numCodebooks; codebook++) {
            const own = cells.filter((cell) => cell.timestep === timestep && cell.codebook === codebook).map(({ step }) => step);
            expect(pattern.stepsWithTimestep(timestep, codebook)).toEqual(own);
            const last = Math.max(
              -1,
              ...cells.filter((cell) => cell.timestep < timestep && cell.codebook === codebook).map(({ step }) => step),
            );
            expect(pattern.lastSteps(timestep)[codebook]).toBe(last);
          }
        }
      });
    });

    test("lay out batches of any lengths and types cell by cell as the rules state", () => {
      check(kind, (each) => {
        const { batch, type, inputType } = each;
        const sequence = patternOf(each).buildSequence(
          batch.map((clip) => tensor(clip, inputType)),
          { ...each, codebookSize },
        );
        const expected = batch.map((clip) => naiveSequence(clip, each));
        expect(sequence.type).toBe(type);
        expect(sequence.data).toBeInstanceOf(arrayOf[type]);
        expect(sequence.dims).toEqual([batch.length, each.spec.numCodebooks, expected[0]!.numSteps]);
        expect(numbers(sequence.data)).toEqual(expected.flatMap(({ tokens }) => tokens));
        expect(numbers(sequence.mask)).toEqual(expected.flatMap(({ mask }) => mask));
        expect(numbers(sequence.attentionMask.data)).toEqual(expected.flatMap(({ attention }) => attention));
        expect(sequence.attentionMask).toMatchObject({ type, dims: [batch.length, expected[0]!.numSteps] });
        expect(sequence.lengths).toEqual(batch.map((clip) => clip[0]!.length));
      });
    });

    test("lay out each clip of a batch as if it were alone", () => {
      check(kind, (each) => {
        const pattern = patternOf(each);
        const options = { ...each, codebookSize };
        const together = pattern.buildSequence(
          each.batch.map((clip) => tensor(clip)),
          options,
        );
        const alone = each.batch.map((clip) => pattern.buildSequence(tensor(clip), options));
        for (const field of ["data", "mask"] as const) {
          expect(numbers(together[field])).toEqual(alone.flatMap((sequence) => numbers(sequence[field])));
        }
        expect(numbers(together.attentionMask.data)).toEqual(alone.flatMap((sequence) => numbers(sequence.attentionMask.data)));
      });
    });

    test("give with keepOnlyValidSteps the first steps of the whole sequence", () => {
      check(kind, (each) => {
        const pattern = patternOf(each);
        const clip = tensor(each.batch[0]!);
        const whole = pattern.buildSequence(clip, { ...each, codebookSize, keepOnlyValidSteps: false });
        const valid = pattern.buildSequence(clip, { ...each, codebookSize, keepOnlyValidSteps: true });
        const first = (data: ArrayLike<number | bigint>) =>
          numbers(data).filter((_, index) => index % pattern.numSteps < pattern.numValidSteps);
        expect(numbers(valid.data)).toEqual(first(whole.data));
        expect(numbers(valid.mask)).toEqual(first(whole.mask));
        expect(numbers(valid.attentionMask.data)).toEqual(first(whole.attentionMask.data));
      });
    });

    test("are reverted to the codes, wherever the steps that are there hold them", () => {
      fc.assert(
        fc.property(lawCases(kind), fc.nat({ max: 30 }), (each, cut) => {
          const { batch, spec, timesteps, specialToken, type, keepOnlyValidSteps } = each;
          const pattern = patternOf(each);
          const whole = pattern.buildSequence(
            batch.map((clip) => tensor(clip)),
            { ...each, codebookSize },
          );
          const width = whole.dims[2]!;
          const numSteps = Math.max(0, width - cut);
          const data = whole.data.filter((_: number | bigint, index: number) => index % width < numSteps) as typeof whole.data;
          const reverted = pattern.revertSequence(
            { data, dims: [batch.length, spec.numCodebooks, numSteps] },
            { specialToken, type, keepOnlyValidSteps, lengths: whole.lengths },
          );
          const { cells } = naiveLayout(spec, timesteps);
          const expected = batch.map((clip) =>
            table(spec.numCodebooks, timesteps, (q, t) => {
              const isThere =
                t < clip[0]!.length && cells.some((cell) => cell.timestep === t && cell.codebook === q && cell.step < numSteps);
              return { code: isThere ? clip[q]![t]! : specialToken, isThere };
            }),
          );
          expect(reverted.dims).toEqual([batch.length, spec.numCodebooks, timesteps]);
          expect(numbers(reverted.data)).toEqual(expected.flat(2).map(({ code }) => code));
          expect(numbers(reverted.mask)).toEqual(expected.flat(2).map(({ isThere }) => Number(isThere)));
        }),
      );
    });

    test("put the logits of a step where the codes of the next are, unless there is no empty first step", () => {
      fc.assert(
        fc.property(lawCases(kind), fc.nat({ max: 30 }), (each, cut) => {
          const { spec, timesteps, keepOnlyValidSteps } = each;
          const pattern = patternOf(each);
          const { cells } = naiveLayout(spec, timesteps);
          const shift = cells.every(({ step }) => step > 0) ? 1 : 0;
          const most = keepOnlyValidSteps ? pattern.numValidSteps : pattern.numSteps;
          const numSteps = Math.max(0, most - cut);
          const [batchSize, card, K] = [2, 3, spec.numCodebooks];
          const data = Float32Array.from({ length: batchSize * card * K * numSteps }, (_, index) => index);
          const reverted = pattern.revertLogits({ data, dims: [batchSize, card, K, numSteps] }, { fill: -1, keepOnlyValidSteps });
          // The last of a code's cells counts, as in revertSequence.
          const columns = table(K, timesteps, (q, t) => {
            const own = cells.filter(
              (cell) => cell.timestep === t && cell.codebook === q && cell.step < most && cell.step - shift < numSteps,
            );
            return own.length === 0 ? null : own.at(-1)!.step - shift;
          });
          const expected = table(batchSize * card, 1, (plane) =>
            columns.map((row, q) => row.map((column) => (column === null ? -1 : (plane * K + q) * numSteps + column))),
          );
          expect(reverted.dims).toEqual([batchSize, card, K, timesteps]);
          expect(numbers(reverted.data)).toEqual(expected.flat(3));
          expect(numbers(reverted.mask)).toEqual(columns.flat().map((column) => Number(column !== null)));
        }),
      );
    });

    test("do the same when they are written out as a custom layout", () => {
      check(kind, (each) => {
        const pattern = patternOf(each);
        const layout = Array.from({ length: pattern.numSteps }, (_, step) => pattern.coordinates(step));
        const provider = patternProvider({ kind: "custom", numCodebooks: each.spec.numCodebooks, timesteps: each.timesteps, layout });
        const copy = provider.getPattern(each.timesteps);
        const codes = each.batch.map((clip) => tensor(clip));
        expect(copy.maxDelay).toBe(pattern.maxDelay);
        expect(copy.buildSequence(codes, { ...each, codebookSize })).toEqual(pattern.buildSequence(codes, { ...each, codebookSize }));
        expect(() => provider.getPattern(each.timesteps + 1)).toThrow(
          `this custom pattern is for clips of ${each.timesteps} frames; the clip has ${each.timesteps + 1}`,
        );
      });
    });
  });
}

for (const kind of ["parallel", "delay", "unroll", "coarse-first", "musiclm", "custom"] as const) testPattern(kind);

describe("a pattern that provider and layout allow", () => {
  test.each(["parallel", "delay", "unroll", "coarse-first"] as const)(
    "of kind %s is plain text for one codebook without delays",
    (kind) => {
      const sequence = patternProvider({ kind, numCodebooks: 1 })
        .getPattern(3)
        .buildSequence(tensor([[5, 6, 7]]), { specialToken: 9 });
      expect([...sequence.data]).toEqual([9, 5, 6, 7]);
    },
  );

  test("takes a batch as one tensor, as several, or as both", () => {
    const pattern = patternProvider({ kind: "delay", numCodebooks: 2 }).getPattern(2);
    const [a, b] = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]] as const; // prettier-ignore
    const batch = { data: [...a.flat(), ...b.flat()], dims: [2, 2, 2] };
    const expected = [9, 1, 2, 9, 9, 9, 3, 4, 9, 5, 6, 9, 9, 9, 7, 8];
    expect([...pattern.buildSequence(batch, { specialToken: 9 }).data]).toEqual(expected);
    expect([...pattern.buildSequence([tensor(a), tensor(b)], { specialToken: 9 }).data]).toEqual(expected);
    expect([...pattern.buildSequence([batch, tensor(a)], { specialToken: 9 }).data]).toEqual([...expected, ...expected.slice(0, 8)]);
  });

  test("has special tokens only, and nothing to attend to, for a clip of no frames", () => {
    const pattern = patternProvider({ kind: "delay", numCodebooks: 2 }).getPattern(0);
    const sequence = pattern.buildSequence({ data: [], dims: [2, 0] }, { specialToken: 9, padToken: 10 });
    expect([...sequence.data]).toEqual([9, 9, 9, 9]);
    expect(sequence.attentionMask).toEqual({ type: "int32", data: Int32Array.of(0, 0), dims: [1, 2] });
    expect(pattern.revertSequence(sequence, { specialToken: 9 })).toMatchObject({ dims: [1, 2, 0], data: new Int32Array(0) });
  });

  test("has no step for the codebook after its last, as the reference says", () => {
    const pattern = patternProvider({ kind: "delay", numCodebooks: 2 }).getPattern(3);
    expect(pattern.stepsWithTimestep(0, 2)).toEqual([]);
    expect(pattern.firstStepWithTimestep(0, 2)).toBeNull();
  });

  test("remembers nothing of one call in the next", () => {
    const pattern = patternProvider({ kind: "delay", numCodebooks: 1 }).getPattern(3);
    const build = (row: number[]) => [...pattern.buildSequence(tensor([row]), { specialToken: 9 }).data];
    expect([build([1, 2, 3]), build([4]), build([5, 6]), build([1, 2, 3])]).toEqual([[9, 1, 2, 3], [9, 4, 9, 9], [9, 5, 6, 9], [9, 1, 2, 3]]); // prettier-ignore
  });
});

const grid = (rows: number, columns: number) => ({ data: new Int32Array(rows * columns), dims: [rows, columns] });

describe("a pattern refuses", () => {
  const pattern = patternProvider({ kind: "delay", numCodebooks: 2 }).getPattern(3);
  const clip = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  const build =
    (codes: unknown, options: object = {}) =>
    () =>
      pattern.buildSequence(codes as typeof clip, { specialToken: 8, ...options });
  const revert =
    (sequence: unknown, options: object = {}) =>
    () =>
      pattern.revertSequence(sequence as typeof clip, { specialToken: 8, ...options });

  test.each([
    ["codes with other codebooks", build(grid(3, 3)), "the codes have 3 codebooks; this pattern is for 2", "CODES_MISMATCH"],
    ["codes with more frames", build(grid(2, 4)), "the codes have 4 frames; this pattern is for at most 3", "CODES_MISMATCH"],
    [
      "a negative code",
      build(tensor([[1], [-1]])),
      "value -1 at frame 0 of codebook 1 is not a code; expected a whole number from 0",
      "CODES_OUT_OF_RANGE",
    ],
    [
      "a code above the codebook",
      build(clip, { codebookSize: 6 }),
      "value 6 at frame 2 of codebook 1 is not a code; expected 0 to 5",
      "CODES_OUT_OF_RANGE",
    ],
    [
      "a bigint above it",
      build(tensor([[1], [6]], "int64"), { codebookSize: 6 }),
      "value 6 at frame 0 of codebook 1 is not a code; expected 0 to 5",
      "CODES_OUT_OF_RANGE",
    ],
    [
      "a fraction",
      build({ data: [1, 0.5], dims: [2, 1] }),
      "value 0.5 at frame 0 of codebook 1 is not a code; expected a whole number from 0",
      "CODES_OUT_OF_RANGE",
    ],
    [
      "a special token below some code",
      build(tensor([[70_000], [1]]), { specialToken: 65_535, type: "uint16" }),
      "specialToken 65535 could be taken for a code: some codes are as large; choose one above all codes (models use the codebook's size), or a negative one",
      undefined,
    ],
    [
      "a special token that the type cannot hold",
      build(clip, { specialToken: -1, type: "uint16" }),
      /specialToken -1 does not fit uint16/,
      undefined,
    ],
    ["a code that the type cannot hold", build({ data: [2 ** 31, 1], dims: [2, 1] }, { specialToken: -1 }), /token 2147483648 does not fit int32/, "CODES_OUT_OF_RANGE"], // prettier-ignore
    [
      "a special token that is a code",
      build(clip, { codebookSize: 9 }),
      "specialToken 8 could be taken for a code: codes are 0 to 8; choose 9 or more, or a negative one",
      undefined,
    ],
    ["a padToken that is a code", build(clip, { padToken: 6 }), /padToken 6 could be taken for a code: some codes are as large/, undefined],
    ["a special token with a fraction", build(clip, { specialToken: 8.5 }), /specialToken 8.5 does not fit int32/, undefined],
    [
      "a codebook size that is none",
      build(clip, { codebookSize: 0 }),
      "codebookSize must be a whole number, 1 or more; received 0",
      undefined,
    ],
    ["an unknown type", build(clip, { type: "int8" }), /unknown type of tokens "int8"/, undefined],
    ["a flat list of codes", build({ data: [1, 2], dims: [2] }), /a tensor of shape \[2\] is not a grid/, "CODES_MISMATCH"],
    ["a tensor whose data is of another length", build({ data: [1], dims: [2, 1] }), /needs 2 values; found 1/, "CODES_MISMATCH"],
    ["a tensor without data", build({ dims: [2, 1] }), /the tensor has no data/, "CODES_MISMATCH"],
    ["a word for a code", build({ data: [1, "2"], dims: [2, 1] }), 'value "2" at position 1 is not a number', "CODES_OUT_OF_RANGE"],
    ["null for a code", build({ data: [null, 2], dims: [2, 1] }), "value null at position 0 is not a number", "CODES_OUT_OF_RANGE"],
    ["a truth for a code", build({ data: [1, true], dims: [2, 1] }), "value true at position 1 is not a number", "CODES_OUT_OF_RANGE"],
    ["no clips", build([]), "expected at least one clip; received an empty list", undefined],
    ["nothing", build(null), /expected AudioCodes or a tensor/, "CODES_MISMATCH"],
    [
      "codes of several segments",
      build({ shape: [2, 2, 3], data: new Uint16Array(12) }),
      /2 segments, each with frames of its own/,
      "CODES_MISMATCH",
    ],
    ["a sequence with other codebooks", revert(grid(3, 3)), "the sequence has 3 codebooks; this pattern is for 2", "CODES_MISMATCH"],
    ["a sequence with more steps", revert(grid(2, 6)), "the sequence has 6 steps; this pattern has 5", "CODES_MISMATCH"],
    [
      "a sequence with more valid steps",
      revert(grid(2, 5), { keepOnlyValidSteps: true }),
      "the sequence has 5 steps; this pattern has 4 valid ones",
      "CODES_MISMATCH",
    ],
    ["a token that the type cannot hold", revert(tensor([[8, -1], [8, 8]]), { type: "uint16" }), /token -1 does not fit uint16; expected an integer from 0 to 65535/, "CODES_OUT_OF_RANGE"], // prettier-ignore
    [
      "a fraction for int64",
      revert({ data: [8, 1.5, 8, 8], dims: [2, 2] }, { type: "int64" }),
      /token 1.5 does not fit int64/,
      "CODES_OUT_OF_RANGE",
    ],
    [
      "lengths of another batch",
      revert(grid(2, 5), { lengths: [1, 2] }),
      "lengths needs one number for each of 1 sequences; received 2",
      undefined,
    ],
    ["lengths beyond the pattern", revert(grid(2, 5), { lengths: [4] }), "lengths must be from 0 to 3 frames; received 4", undefined],
    [
      "logits for other codebooks",
      () => pattern.revertLogits({ data: new Float32Array(6), dims: [1, 2, 3, 1] }),
      /logits of shape \[1, 2, 3, 1\] and 6 values do not fit/,
      "CODES_MISMATCH",
    ],
    [
      "logits of negative sizes",
      () => pattern.revertLogits({ data: new Float32Array(4), dims: [-1, -1, 2, 2] }),
      /logits of shape \[-1, -1, 2, 2\]/,
      "CODES_MISMATCH",
    ],
    [
      "logits that are no float32",
      () => pattern.revertLogits({ data: [1, 2] as never, dims: [1, 1, 2, 1] }),
      /expected a Float32Array of shape \[batch, card, 2, steps\]/,
      "CODES_MISMATCH",
    ],
    [
      "logits with more steps",
      () => pattern.revertLogits({ data: new Float32Array(12), dims: [1, 1, 2, 6] }),
      "the logits have 6 steps; this pattern has 5",
      "CODES_MISMATCH",
    ],
    ["a step that it does not have", () => pattern.coordinates(5), "the pattern has steps 0 to 4; received 5", undefined],
    [
      "a timestep that it does not have",
      () => pattern.stepsWithTimestep(4),
      "timestep must be a whole number from 0 to 3; received 4",
      undefined,
    ],
    [
      "a codebook that it does not have",
      () => pattern.stepsWithTimestep(0, 3),
      "codebook must be a whole number from 0 to 2; received 3",
      undefined,
    ],
  ])("%s", (_, call, message, code) => {
    expect(call).toThrow(message);
    if (code === undefined) expect(call).toThrow(RangeError);
    else expect(call).toThrow(expect.objectContaining({ code }));
  });
});
