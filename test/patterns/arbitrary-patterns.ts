import fc from "fast-check";
import type { Coordinate } from "../../src/patterns/layout/pattern-layout.ts";
import type { PatternKind, PatternSpec } from "../../src/patterns/layout/pattern-spec.ts";

/** A pattern and the length of clips that it is for. */
export interface PatternCase {
  readonly spec: PatternSpec;
  readonly timesteps: number;
}

const numCodebooks = fc.integer({ min: 1, max: 5 });
const lengths = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 3, max: 9 }));
const emptyInitial = fc.integer({ min: -1, max: 3 });

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Numbers that do not descend; the larger ones are delays longer than most clips. */
const ascending = (length: number, max: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max }), { minLength: length, maxLength: length }).map((values) => values.toSorted((a, b) => a - b));
const delaysOf = (length: number): fc.Arbitrary<number[]> => fc.constantFrom(2, 4, 15).chain((max) => ascending(length, max));

const specs: Readonly<Record<Exclude<PatternKind, "custom">, fc.Arbitrary<PatternSpec>>> = {
  parallel: fc.record({ kind: fc.constant("parallel" as const), numCodebooks, emptyInitial: optional(emptyInitial) }),
  delay: numCodebooks.chain((count) =>
    fc.record({
      kind: fc.constant("delay" as const),
      numCodebooks: fc.constant(count),
      delays: optional(delaysOf(count)),
      flattenFirst: optional(fc.integer({ min: 0, max: 12 })),
      emptyInitial: optional(emptyInitial),
    }),
  ),
  unroll: numCodebooks.chain((count) =>
    fc
      .record({ flattening: optional(ascending(count, 6)), delayAtInner: optional(delaysOf(Math.max(7, count))) })
      .map(({ flattening, delayAtInner }) => ({
        kind: "unroll" as const,
        numCodebooks: count,
        flattening,
        // One delay for each inner step, so that codebooks that share a step share their delay.
        delays: delayAtInner && Array.from({ length: count }, (_, q) => delayAtInner[flattening?.[q] ?? q]!),
      })),
  ),
  "coarse-first": numCodebooks.chain((count) =>
    fc.record({ kind: fc.constant("coarse-first" as const), numCodebooks: fc.constant(count), delays: optional(delaysOf(count - 1)) }),
  ),
  musiclm: fc
    .record({ groupBy: fc.integer({ min: 1, max: 3 }), numGroups: fc.integer({ min: 1, max: 3 }), isDefault: fc.boolean() })
    .map(({ groupBy, numGroups, isDefault }) => ({
      kind: "musiclm" as const,
      numCodebooks: (isDefault ? 2 : groupBy) * numGroups,
      groupBy: isDefault ? undefined : groupBy,
    })),
};

/** Layouts that no provider gives: cells are missing, stand twice, or lie beyond the clip. */
const customCases: fc.Arbitrary<PatternCase> = fc.tuple(fc.integer({ min: 1, max: 4 }), lengths).chain(([count, timesteps]) =>
  fc
    .array(fc.array(fc.constantFrom(null, 0, 1, 1, 1, 2), { minLength: count, maxLength: count }), { minLength: 1, maxLength: 14 })
    .map((advances) => {
      const next = Array.from({ length: count }, () => -1);
      const layout = advances.map((row) =>
        row.flatMap((advance, codebook): Coordinate[] => {
          if (advance === null) return [];
          next[codebook] = Math.max(0, next[codebook]! + advance);
          return [[next[codebook]!, codebook]];
        }),
      );
      return { spec: { kind: "custom" as const, numCodebooks: count, timesteps, layout }, timesteps };
    }),
);

/** Patterns of every kind. A layout without steps, which a clip of no frames can lead to, is none. */
export const patternCases: Readonly<Record<PatternKind, fc.Arbitrary<PatternCase>>> = {
  parallel: caseOf(specs.parallel),
  delay: caseOf(specs.delay),
  unroll: caseOf(specs.unroll),
  "coarse-first": caseOf(specs["coarse-first"]),
  musiclm: caseOf(specs.musiclm),
  custom: customCases,
};

function caseOf(spec: fc.Arbitrary<PatternSpec>): fc.Arbitrary<PatternCase> {
  return fc.record({ spec, timesteps: lengths }).filter((each) => !hasNoSteps(each));
}

function hasNoSteps({ spec, timesteps }: PatternCase): boolean {
  if ((spec.kind !== "parallel" && spec.kind !== "delay") || (spec.emptyInitial ?? 0) >= 0) return false;
  const longest = spec.kind === "parallel" ? 0 : (spec.delays?.at(-1) ?? spec.numCodebooks - 1);
  const flattened = spec.kind === "parallel" ? 0 : (spec.flattenFirst ?? 0);
  return Math.min(timesteps, flattened) === 0 && timesteps + longest <= flattened;
}

/** Codes of a clip, by codebook and frame. */
export type Rows = readonly (readonly number[])[];

/** A clip of some length up to a pattern's. */
export function clips(numRows: number, maxFrames: number, codebookSize: number, minFrames: number = 0): fc.Arbitrary<Rows> {
  return fc.integer({ min: minFrames, max: maxFrames }).chain((numFrames) => {
    const row = fc.array(fc.integer({ min: 0, max: codebookSize - 1 }), { minLength: numFrames, maxLength: numFrames });
    return fc.array(row, { minLength: numRows, maxLength: numRows });
  });
}
