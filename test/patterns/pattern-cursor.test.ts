import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { freeCell, PatternCursor } from "../../src/patterns/layout/pattern-cursor.ts";
import type { CursorOptions } from "../../src/patterns/layout/pattern-cursor.ts";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import type { PatternKind, PatternSpec } from "../../src/patterns/layout/pattern-spec.ts";
import type { Pattern } from "../../src/patterns/layout/pattern.ts";
import { clips, patternCases } from "./arbitrary-patterns.ts";
import type { PatternCase, Rows } from "./arbitrary-patterns.ts";
import { naiveLayout } from "./naive-layout.ts";
import type { Cell } from "./naive-layout.ts";

const codebookSize = 1024;
const specialToken = 1024;
/** What a model says for cells that are not its to fill. */
const garbage = 999_999;

/** The model says that a sequence, or each, ends; `share` of the frames that it may still drop are kept. */
interface Ending {
  readonly afterPush: number;
  readonly item: number | undefined;
  readonly share: number;
}

interface RunCase extends PatternCase {
  /** What the model says in the end, the prompt's frames first. */
  readonly batch: readonly Rows[];
  /** Of each sequence. */
  readonly promptFrames: readonly number[];
  readonly padToken: number | undefined;
  readonly type: "int32" | "int64" | "uint16";
  readonly endings: readonly Ending[];
}

const runCases = (kind: PatternKind, { canEnd }: { canEnd: boolean }): fc.Arbitrary<RunCase> =>
  patternCases[kind].chain(({ spec, timesteps }) =>
    fc.integer({ min: 1, max: 3 }).chain((batchSize) =>
      fc.record({
        spec: fc.constant(spec),
        timesteps: fc.constant(timesteps),
        batch: fc.array(clips(spec.numCodebooks, timesteps, codebookSize, timesteps), { minLength: batchSize, maxLength: batchSize }),
        promptFrames: fc.oneof(
          fc.array(fc.integer({ min: 0, max: timesteps }), { minLength: batchSize, maxLength: batchSize }),
          fc.integer({ min: 0, max: timesteps }).map((numFrames) => Array.from({ length: batchSize }, () => numFrames)),
        ),
        padToken: fc.constantFrom(undefined, 1025),
        type: fc.constantFrom("int32" as const, "int64" as const, "uint16" as const),
        endings: canEnd
          ? fc.array(
              fc.record({
                afterPush: fc.nat({ max: 12 }),
                item: fc.option(fc.nat({ max: batchSize - 1 }), { nil: undefined }),
                share: fc.double({ min: 0, max: 1, noNaN: true }),
              }),
              { maxLength: 3 },
            )
          : fc.constant([]),
      }),
    ),
  );

const numbers = (data: ArrayLike<number | bigint>): number[] => Array.from(data, Number);
const cut = (rows: Rows, numFrames: number): Rows => rows.map((row) => row.slice(0, numFrames));
const tensor = (batch: readonly Rows[], numFrames: number) => ({
  data: Int32Array.from(batch.flatMap((rows) => cut(rows, numFrames)).flat()),
  dims: [batch.length, batch[0]!.length, numFrames],
});

/** Column `step` of a grid `[B, K, S]`, as `[B, K]`. */
function column({ data, dims }: { data: ArrayLike<number | bigint>; dims: readonly number[] }, step: number): number[] {
  const numSteps = dims[2]!;
  return numbers(data).filter((_, index) => index % numSteps === step);
}

/** Grids `[B, K, n]` one after the other, as rows of `[B, K]`. */
function join(grids: readonly { data: ArrayLike<number | bigint>; dims: readonly number[] }[], numRows: number): number[][] {
  return Array.from({ length: numRows }, (_, row) =>
    grids.flatMap(({ data, dims }) => numbers(data).slice(row * dims[2]!, (row + 1) * dims[2]!)),
  );
}

/** Generates to the end and checks on the way everything that can be said of a step. */
function run(each: RunCase): { cursor: PatternCursor<"int32" | "int64" | "uint16">; pattern: Pattern; frames: number[][] } {
  const { spec, timesteps, batch, promptFrames, padToken, type } = each;
  const K = spec.numCodebooks;
  const pattern = patternProvider(spec).getPattern(timesteps);
  const { cells, numSteps } = naiveLayout(spec, timesteps);
  const own = cells.filter(({ timestep }) => timestep < timesteps);
  const stepOf = (q: number, t: number) => own.find((cell) => cell.codebook === q && cell.timestep === t)?.step ?? Infinity;
  const isKnown = ({ codebook, timestep }: Cell, item: number, step: number) =>
    timestep < promptFrames[item]! || stepOf(codebook, timestep) < step;
  const lengths = batch.map(() => timesteps);
  const completeFrames = (step: number) => {
    const isComplete = (t: number, item: number) => t < promptFrames[item]! || t >= lengths[item]!;
    const isEmitted = (t: number) => batch[0]!.every((_, q) => stepOf(q, t) < step);
    let count = 0;
    while (count < Math.max(...lengths) && (isEmitted(count) || batch.every((_, item) => isComplete(count, item)))) count++;
    return count;
  };
  const begun = (item: number, step: number) =>
    Math.max(
      promptFrames[item]!,
      ...own.filter((cell) => cell.step < step && cell.timestep < lengths[item]!).map(({ timestep }) => timestep + 1),
    );
  const built = () =>
    pattern.buildSequence(
      batch.map((rows, item) => tensor([rows], lengths[item]!)),
      { specialToken, padToken, codebookSize },
    );

  const isEven = promptFrames.every((numFrames) => numFrames === promptFrames[0]);
  const prompt = isEven ? tensor(batch, promptFrames[0]!) : batch.map((rows, item) => tensor([rows], promptFrames[item]!));
  const cursor = new PatternCursor(pattern, { specialToken, padToken, codebookSize, prompt, type });
  let whole = built();
  const columns = Array.from({ length: cursor.step }, (_, step) => column(whole, step));

  const firstFree = own.find((cell) => batch.some((_, item) => !isKnown(cell, item, cell.step)))?.step;
  expect(cursor.step).toBe(firstFree ?? 1 + Math.max(-1, ...own.map(({ step }) => step)));
  expect(cursor.prefix.type).toBe(type);
  expect(cursor.prefix.dims).toEqual([batch.length, K, cursor.step]);

  const taken = [cursor.takeFrames()];
  for (let numPushes = 0; !cursor.isDone;) {
    const step = cursor.step;
    expect(step).toBeLessThan(numSteps);
    const here = own.filter((cell) => cell.step === step);
    const stepped = column(whole, step);
    const expected = batch.flatMap((_, item) =>
      Array.from({ length: K }, (__, q) => {
        const cell = here.find(({ codebook }) => codebook === q);
        const isFree = cell !== undefined && cell.timestep < lengths[item]! && !isKnown(cell, item, step);
        return isFree ? freeCell : stepped[item * K + q]!;
      }),
    );
    expect([...cursor.timesteps]).toEqual(Array.from({ length: K }, (_, q) => here.find(({ codebook }) => codebook === q)?.timestep ?? -1));
    expect([...cursor.forced]).toEqual(expected);
    const tokens = stepped.map((token, cell) => (expected[cell] === freeCell ? token : garbage));
    const next = cursor.push(numPushes % 2 === 0 ? tokens : BigInt64Array.from(tokens, BigInt));
    expect(next.dims).toEqual([batch.length, K, 1]);
    expect(numbers(next.data)).toEqual(stepped);
    columns.push(stepped);
    numPushes++;

    taken.push(cursor.takeFrames());
    const numTaken = taken.reduce((sum, { dims }) => sum + dims[2]!, 0);
    expect(numTaken).toBe(completeFrames(cursor.step));
    for (const { afterPush, item, share } of each.endings) {
      if (afterPush !== numPushes) continue;
      const items = item === undefined ? [...lengths.keys()] : [item];
      const least = Math.max(...items.map((index) => begun(index, cursor.step)));
      const end = least + Math.round(share * (timesteps - least));
      if (least > 0) expect(() => cursor.endAt(least - 1, item)).toThrow(`expected ${least}, those that have begun, to ${timesteps}`);
      cursor.endAt(end, item);
      for (const index of items) lengths[index] = Math.min(lengths[index]!, end);
      expect(cursor.lengths).toEqual(lengths);
      whole = built();
    }
    const isOver = batch.every((_, item) => own.every((cell) => cell.timestep >= lengths[item]! || cell.step < cursor.step));
    expect(cursor.isDone).toBe(isOver);
  }

  taken.push(cursor.takeFrames()); // an ending after the last push may have completed some
  expect(cursor.sequence.dims).toEqual([batch.length, K, columns.length]);
  expect(numbers(cursor.sequence.data)).toEqual(
    Array.from({ length: batch.length * K }, (_, row) => columns.map((tokens) => tokens[row]!)).flat(),
  );
  const frames = join(taken, batch.length * K);
  expect(frames[0]).toHaveLength(completeFrames(cursor.step));
  expect(frames).toEqual(
    batch.flatMap((rows, item) =>
      rows.map((row) => row.slice(0, frames[0]!.length).map((code, t) => (t < lengths[item]! ? code : specialToken))),
    ),
  );
  return { cursor, pattern, frames };
}

function testCursor(kind: PatternKind): void {
  describe(`a cursor over ${kind} patterns`, () => {
    test("makes step by step the sequence that the finished codes give, and hands out each frame as soon as it is known", () => {
      fc.assert(
        fc.property(runCases(kind, { canEnd: false }), (each) => {
          const { cursor, pattern, frames } = run(each);
          const options = { specialToken, padToken: each.padToken, codebookSize };
          const whole = pattern.buildSequence(tensor(each.batch, each.timesteps), options);
          const beginning = numbers(whole.data).filter((_, index) => index % pattern.numSteps < cursor.step);
          expect(numbers(cursor.sequence.data)).toEqual(beginning);
          // A custom layout may lack cells: its codes are then not in the sequence, and frames end before the first that stays unknown.
          const { data, mask } = pattern.revertSequence(cursor.sequence, { specialToken });
          if (!mask.includes(0)) expect(frames[0]).toHaveLength(each.timesteps);
          const reverted = frames.map((row, index) =>
            row.map((_, t) => index * each.timesteps + t).map((cell, t) => (mask[cell] === 1 ? data[cell] : row[t])),
          );
          expect(frames).toEqual(reverted);
        }),
      );
    });

    test("does the same where sequences of the batch end early", () => {
      fc.assert(fc.property(runCases(kind, { canEnd: true }), (each) => void run(each)));
    });
  });
}

for (const kind of ["parallel", "delay", "unroll", "coarse-first", "musiclm", "custom"] as const) testCursor(kind);

const musicGen: PatternSpec = { kind: "delay", numCodebooks: 4 };
const cursorFor = (options: Partial<CursorOptions<"int32">> = {}, timesteps: number = 6, spec: PatternSpec = musicGen): PatternCursor =>
  new PatternCursor(patternProvider(spec).getPattern(timesteps), { specialToken, codebookSize, ...options });
const promptOf = (numFrames: number, batchSize: number = 1) => ({
  data: Int32Array.from({ length: batchSize * 4 * numFrames }, (_, index) => index),
  dims: [batchSize, 4, numFrames],
});

describe("a cursor for MusicGen", () => {
  test.each([0, 1, 3, 5])("starts with 1 + T0 steps for a prompt of %i frames", (numFrames) => {
    expect(cursorFor({ prompt: promptOf(numFrames) }).prefix.dims).toEqual([1, 4, 1 + numFrames]);
  });

  test("keeps the prompt's codes that lie after the prefix", () => {
    const cursor = cursorFor({ prompt: { data: [11, 12, 21, 22, 31, 32, 41, 42], dims: [4, 2] } });
    expect([...cursor.prefix.data]).toEqual([1024, 11, 12, 1024, 1024, 21, 1024, 1024, 1024, 1024, 1024, 1024]);
    const steps = [1, 2, 3].map((token) => [
      ...cursor.push([token, garbage, garbage, garbage].map((each, q) => (q < token ? token : each))).data,
    ]);
    expect(steps).toEqual([[1, 22, 31, 1024], [2, 2, 32, 41], [3, 3, 3, 42]]); // prettier-ignore
  });

  test("is done at once where the prompt is the whole clip", () => {
    const cursor = cursorFor({ prompt: promptOf(6) });
    expect(cursor.isDone).toBe(true);
    expect([...cursor.sequence.data]).toEqual([...cursor.pattern.buildSequence(promptOf(6), { specialToken }).data]);
    expect([...cursor.takeFrames().data]).toEqual([...promptOf(6).data]);
    expect(cursor.takeFrames().dims).toEqual([1, 4, 0]);
  });

  test("fills the triangle at the end of an early stop, with a token of its own if there is one", () => {
    const cursor = cursorFor({ padToken: 1025 });
    for (let step = 0; step < 3; step++) cursor.push([7, 7, 7, 7]);
    cursor.endAt(3);
    const steps = [];
    while (!cursor.isDone) steps.push([...cursor.push([8, 8, 8, 8]).data]);
    expect(steps).toEqual([[1025, 8, 8, 8], [1025, 1025, 8, 8], [1025, 1025, 1025, 8]]); // prettier-ignore
    expect(cursor.lengths).toEqual([3]);
    expect(cursor.takeFrames().dims).toEqual([1, 4, 3]);
  });

  test("is over as soon as it ends with the frames that it has", () => {
    const cursor = cursorFor();
    cursor.endAt(0);
    expect(cursor.isDone).toBe(true);
    expect(cursor.takeFrames().dims).toEqual([1, 4, 0]);
  });

  test("starts a batch without a prompt", () => {
    expect(cursorFor({ batchSize: 3 }).prefix.dims).toEqual([3, 4, 1]);
  });
});

test("a frame is taken when its codes are known, though the layout repeats one later", () => {
  const layout = [[], [[0, 0]], [[0, 1]], [[0, 0]]] as const;
  const cursor = cursorFor({}, 1, { kind: "custom", numCodebooks: 2, timesteps: 1, layout });
  cursor.push([5, garbage]);
  cursor.push([garbage, 6]);
  expect([...cursor.takeFrames().data]).toEqual([5, 6]);
  expect([...cursor.push([garbage, garbage]).data]).toEqual([5, specialToken]);
});

const afterPushes =
  (count: number, act: (cursor: PatternCursor) => unknown, options: Partial<CursorOptions<"int32">> = {}) =>
  () => {
    const cursor = cursorFor(options);
    for (let step = 0; step < count; step++) cursor.push(new Int32Array(4 * cursor.batchSize));
    return act(cursor);
  };

describe("a cursor refuses", () => {
  test.each([
    [
      "a special token that is a code",
      () => cursorFor({ specialToken: 1023 }),
      "specialToken 1023 could be taken for a code: codes are 0 to 1023; choose 1024 or more, or a negative one",
      RangeError,
    ],
    [
      "the mark of free cells",
      () => cursorFor({ specialToken: freeCell }),
      `specialToken ${freeCell} marks free cells; choose 1024 or more, or -1`,
      RangeError,
    ],
    [
      "a padToken that is a code",
      () => cursorFor({ padToken: 0 }),
      "padToken 0 could be taken for a code: codes are 0 to 1023; choose 1024 or more, or a negative one",
      RangeError,
    ],
    [
      "a special token that the type cannot hold",
      () => cursorFor({ specialToken: 2 ** 31 }),
      /specialToken 2147483648 does not fit int32/,
      RangeError,
    ],
    [
      "a codebook size that is none",
      () => cursorFor({ codebookSize: 0 }),
      "codebookSize must be a whole number, 1 or more; received 0",
      RangeError,
    ],
    ["a batch of none", () => cursorFor({ batchSize: 0 }), "batchSize must be a whole number, 1 or more; received 0", RangeError],
    [
      "a prompt for no clips",
      () => cursorFor({ prompt: promptOf(2, 0) }),
      "batchSize must be a whole number, 1 or more; received 0",
      RangeError,
    ],
    ["a list of no prompts", () => cursorFor({ prompt: [] }), "expected at least one clip; received an empty list", RangeError],
    [
      "a batch that is not the prompt's",
      () => cursorFor({ batchSize: 2, prompt: promptOf(1) }),
      "batchSize is 2 and the prompt has 1 clips; expected as many",
      RangeError,
    ],
    [
      "a prompt with other codebooks",
      () => cursorFor({ prompt: { data: [1, 2], dims: [2, 1] } }),
      "the prompt has 2 codebooks and 1 frames; this pattern takes 4 and at most 6",
      { code: "CODES_MISMATCH" },
    ],
    [
      "a prompt with more frames",
      () => cursorFor({ prompt: promptOf(7) }),
      "the prompt has 4 codebooks and 7 frames; this pattern takes 4 and at most 6",
      { code: "CODES_MISMATCH" },
    ],
    [
      "a prompt that holds a special token",
      () => cursorFor({ prompt: { data: [1, 2, 3, 4, 5, 6, 7, 1024], dims: [4, 2] } }),
      "value 1024 at frame 1 of codebook 3 is not a code of the prompt; expected 0 to 1023",
      { code: "CODES_OUT_OF_RANGE" },
    ],
    [
      "a special token from the model",
      afterPushes(2, (cursor) => cursor.push([0, 0, 1024, 0])),
      "token 1024 for frame 0 is not a code; expected 0 to 1023. Mask special tokens when sampling, or call endAt when the model ends",
      { code: "CODES_OUT_OF_RANGE" },
    ],
    [
      "a fraction from the model",
      afterPushes(0, (cursor) => cursor.push([0.5, 0, 0, 0])),
      /token 0.5 for frame 0 is not a code/,
      { code: "CODES_OUT_OF_RANGE" },
    ],
    [
      "null from the model",
      afterPushes(0, (cursor) => cursor.push([null as never, 0, 0, 0])),
      "value null at position 0 is not a number",
      { code: "CODES_OUT_OF_RANGE" },
    ],
    [
      "a word from the model",
      afterPushes(0, (cursor) => cursor.push(["1" as never, 0, 0, 0])),
      'value "1" at position 0 is not a number',
      { code: "CODES_OUT_OF_RANGE" },
    ],
    [
      "too few tokens",
      afterPushes(0, (cursor) => cursor.push([1, 2, 3])),
      "expected 4 tokens, one for each of 4 codebooks; received 3",
      RangeError,
    ],
    [
      "the tokens of one sequence for two",
      afterPushes(0, (cursor) => cursor.push([1, 2, 3, 4]), { batchSize: 2 }),
      "expected 8 tokens, one for each of 4 codebooks in 2 sequences; received 4",
      RangeError,
    ],
    [
      "tokens after the end",
      afterPushes(9, (cursor) => cursor.push([1, 2, 3, 4])),
      "the sequence is complete; nothing is left to predict",
      RangeError,
    ],
    [
      "to end within the prompt",
      afterPushes(0, (cursor) => cursor.endAt(1), { prompt: promptOf(2) }),
      "cannot end after 1 frames; expected 2, those that have begun, to 6",
      RangeError,
    ],
    [
      "to end before frames that have begun",
      afterPushes(5, (cursor) => cursor.endAt(4)),
      "cannot end after 4 frames; expected 5, those that have begun, to 6",
      RangeError,
    ],
    ["to end after the pattern", afterPushes(0, (cursor) => cursor.endAt(7)), /cannot end after 7 frames/, RangeError],
    ["to end within a frame", afterPushes(0, (cursor) => cursor.endAt(1.5)), /cannot end after 1.5 frames/, RangeError],
    [
      "to end a sequence that is not there",
      afterPushes(0, (cursor) => cursor.endAt(2, 1)),
      "item must be a whole number from 0 to 0; received 1",
      RangeError,
    ],
  ])("%s", (_, call, message, kind) => {
    expect(call).toThrow(message);
    if (typeof kind === "function") expect(call).toThrow(kind);
    else expect(call).toThrow(expect.objectContaining(kind));
  });

  test("a bad token without moving on", () => {
    const cursor = cursorFor();
    expect(() => cursor.push([1024, 0, 0, 0])).toThrow("token 1024");
    expect(cursor.step).toBe(1);
    expect([...cursor.push([3, 0, 0, 0]).data]).toEqual([3, 1024, 1024, 1024]);
  });
});
