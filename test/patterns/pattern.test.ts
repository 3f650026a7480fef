import { describe, expect, test } from "vitest";
import { patternProvider } from "../../src/patterns/layout/pattern-provider.ts";
import type { Pattern } from "../../src/patterns/layout/pattern.ts";
import { audiocraftCases, specOf } from "./golden-patterns.ts";
import type { AudiocraftCase } from "./golden-patterns.ts";

const works = audiocraftCases.filter(({ error }) => !error);
const fails = audiocraftCases.filter(({ error }) => error);

const patternOf = (golden: AudiocraftCase): Pattern => patternProvider(specOf(golden)).getPattern(golden.timesteps);
const gridOf = (rows: number[][]) => ({ data: Int32Array.from(rows.flat()), dims: [rows.length, rows[0]!.length] });
const rowsOf = (data: ArrayLike<number>, numRows: number) => {
  const numColumns = data.length / numRows;
  return Array.from({ length: numRows }, (_, row) => Array.from({ length: numColumns }, (__, column) => data[row * numColumns + column]!));
};

describe.each(works)("audiocraft's $provider pattern $id ($n_q codebooks, $timesteps frames)", (golden) => {
  const pattern = patternOf(golden);
  const { special_token: specialToken, keep_only_valid_steps: keepOnlyValidSteps, n_q: numCodebooks } = golden;

  test("has the reference's layout and what follows from it", () => {
    const layout = Array.from({ length: pattern.numSteps }, (_, step) => pattern.coordinates(step));
    expect(layout).toEqual(golden.layout);
    expect(pattern.numSequenceSteps).toBe(golden.num_sequence_steps);
    expect(pattern.maxDelay).toBe(golden.max_delay);
    expect(pattern.numValidSteps).toBe(golden.valid_steps);
    expect(pattern.startsWithSpecialToken).toBe(golden.starts_with_special_token);
    const first = golden.first_step_with_timestep.map((_, timestep) => pattern.firstStepWithTimestep(timestep));
    expect(first).toEqual(golden.first_step_with_timestep);
  });

  test("builds the reference's sequence and mask", () => {
    const sequence = pattern.buildSequence(gridOf(golden.codes), { specialToken, keepOnlyValidSteps });
    expect(sequence.dims).toEqual([1, numCodebooks, golden.sequence_steps]);
    expect(rowsOf(sequence.data, numCodebooks)).toEqual(golden.sequence);
    expect(rowsOf(sequence.mask, numCodebooks)).toEqual(golden.mask);
  });

  test("reverts it to the reference's codes", () => {
    const steps = golden.revert_steps ?? golden.sequence_steps;
    const sequence = gridOf(golden.sequence.map((row) => row.slice(0, steps)));
    const reverted = pattern.revertSequence(sequence, { specialToken, keepOnlyValidSteps });
    expect(rowsOf(reverted.data, numCodebooks)).toEqual(golden.reverted);
    expect(rowsOf(reverted.mask, numCodebooks)).toEqual(golden.reverted_mask);
  });

  test("puts logits where the reference puts them", () => {
    const steps = golden.revert_steps ?? golden.sequence_steps;
    const logits = Float32Array.from({ length: numCodebooks * steps }, (_, index) => 1000 * Math.floor(index / steps) + (index % steps));
    const reverted = pattern.revertLogits({ data: logits, dims: [1, 1, numCodebooks, steps] }, { fill: -1, keepOnlyValidSteps });
    expect(rowsOf(reverted.data, numCodebooks)).toEqual(golden.logits_reverted);
    expect(rowsOf(reverted.mask, numCodebooks)).toEqual(golden.logits_mask);
  });
});

describe.each(fails)("where audiocraft fails: $provider pattern $id", (golden) => {
  test(`${golden.error!.type} in ${golden.error!.stage}`, () => {
    const hasNoFrames = golden.error!.stage === "build_pattern_sequence";
    const isOneCoarseCodebook = golden.provider === "coarse_first" && golden.n_q === 1;
    if (!hasNoFrames && !isOneCoarseCodebook) {
      expect(() => patternOf(golden)).toThrow(RangeError);
      return;
    }
    const pattern = patternOf(golden);
    const numFrames = golden.codes?.[0]?.length ?? golden.timesteps;
    const codes = { data: new Int32Array(golden.n_q * numFrames).fill(7), dims: [golden.n_q, numFrames] };
    const sequence = pattern.buildSequence(codes, { specialToken: 2048 });
    expect(sequence.mask.reduce((sum, bit) => sum + bit, 0)).toBe(golden.n_q * numFrames);
    expect([...sequence.data]).toEqual([...sequence.mask].map((bit) => (bit === 1 ? 7 : 2048)));
    if (golden.layout !== undefined) expect(pattern.numSteps).toBe(golden.layout.length);
  });
});
