import { checkCount } from "../grid/check-count.ts";
import { checkLayout, checkSize, layoutOf, LayoutBuilder, mostEntries } from "./pattern-layout.ts";
import { parsePatternSpec } from "./pattern-spec.ts";
import type { CoarseFirstSpec, DelaySpec, MusicLmSpec, PatternSpec, UnrollSpec } from "./pattern-spec.ts";
import { Pattern } from "./pattern.ts";

/** Gives the pattern for clips of any length. */
export interface PatternProvider {
  readonly spec: PatternSpec;
  /** K. */
  readonly numCodebooks: number;
  /**
   * @param timesteps Frames (T) of the clip, 0 or more.
   * @throws RangeError if no pattern of this kind has that length, or it has too many steps or coordinates.
   */
  getPattern(timesteps: number): Pattern;
  /**
   * Steps of `getPattern(timesteps)`, without laying it out.
   * @throws RangeError as `getPattern` does.
   */
  countSteps(timesteps: number): number;
}

/** Limits of the patterns that a provider makes. */
export interface PatternProviderOptions {
  /** Most steps and coordinates that a pattern may have: each takes up to ten bytes. @default 2^26 */
  readonly maxEntries?: number | undefined;
}

/** A layout that is yet to be made. */
interface LayoutPlan {
  readonly numSteps: number;
  readonly numCoordinates: number;
  write(builder: LayoutBuilder): void;
}

type LayoutFunction = (timesteps: number) => LayoutPlan;

/**
 * A provider for a pattern given as data.
 *
 * Results equal those of audiocraft's providers: `delay` its `DelayedPatternProvider`, `unroll` its `UnrolledPatternProvider`,
 * `coarse-first` its `CoarseFirstPattern`, `musiclm` its `MusicLMPattern`. Besides, a coarse-first pattern may have one codebook; and musiclm
 * refuses a number of codebooks that is no multiple of `groupBy` for every clip, of no frames too, where the reference gives one empty step.
 * Source: audiocraft `modules/codebooks_patterns.py` (896ec7c).
 * @throws RangeError if the spec's parts do not fit together: a wrong number of delays, or descending ones, or a custom layout that is none.
 */
export function patternProvider(spec: PatternSpec, { maxEntries = mostEntries }: PatternProviderOptions = {}): PatternProvider {
  const parsed = parsePatternSpec(spec);
  const layoutFor = layoutFunction(parsed);
  const { numCodebooks } = parsed;
  const planFor = (timesteps: number): LayoutPlan => {
    checkCount("timesteps", timesteps, 0);
    const plan = layoutFor(timesteps);
    checkSize(plan, maxEntries);
    return plan;
  };
  return {
    spec: parsed,
    numCodebooks,
    getPattern(timesteps) {
      const plan = planFor(timesteps);
      const builder = new LayoutBuilder(plan.numSteps, plan.numCoordinates);
      plan.write(builder);
      return new Pattern({ numCodebooks, timesteps, layout: builder.build() });
    },
    countSteps: (timesteps) => planFor(timesteps).numSteps,
  };
}

function layoutFunction(spec: PatternSpec): LayoutFunction {
  switch (spec.kind) {
    case "parallel":
      return delayLayout({ ...spec, kind: "delay", delays: Array.from({ length: spec.numCodebooks }, () => 0) });
    case "delay":
      return delayLayout(spec);
    case "unroll":
      return unrollLayout(spec);
    case "coarse-first":
      return coarseFirstLayout(spec);
    case "musiclm":
      return musicLmLayout(spec);
    case "custom": {
      const { numCodebooks, layout } = spec;
      const columns = layoutOf(layout);
      checkLayout(columns, numCodebooks);
      return (timesteps) => {
        if (timesteps !== spec.timesteps)
          throw new RangeError(`this custom pattern is for clips of ${spec.timesteps} frames; the clip has ${timesteps}`);
        return { numSteps: layout.length, numCoordinates: columns.timesteps.length, write: (builder) => builder.addAll(columns) };
      };
    }
  }
}

/** Each codebook's row moved right by its delay, after an empty step. */
function delayLayout({ numCodebooks, delays = ascending(numCodebooks), flattenFirst = 0, emptyInitial = 0 }: DelaySpec): LayoutFunction {
  checkPerCodebook("delays", delays, numCodebooks);
  const maxDelay = delays.at(-1)!;
  const numEmpty = Math.max(0, 1 + emptyInitial);
  return (timesteps) => {
    const numFlat = Math.min(timesteps, flattenFirst);
    const numTurns = Math.max(0, timesteps + maxDelay - flattenFirst);
    const numDelayed = sum(delays.map((delay) => Math.max(0, numTurns - delay)));
    return {
      numSteps: numEmpty + numFlat * numCodebooks + numTurns,
      numCoordinates: numFlat * numCodebooks + numDelayed,
      write(builder) {
        for (let step = 0; step < numEmpty; step++) builder.endStep();
        for (let t = 0; t < numFlat; t++) {
          for (let q = 0; q < numCodebooks; q++) {
            builder.add(t, q);
            builder.endStep();
          }
        }
        for (let turn = flattenFirst; turn < timesteps + maxDelay; turn++) {
          // The codebooks whose turn has come are the first ones, as delays do not descend.
          for (let q = 0; q < numCodebooks && turn - delays[q]! >= flattenFirst; q++) builder.add(turn - delays[q]!, q);
          builder.endStep();
        }
      },
    };
  };
}

/**
 * Frame by frame, each frame over several inner steps. A delayed group of codebooks moves into a later frame's time,
 * where empty inner steps come first, then the groups from the earliest frame on.
 */
function unrollLayout(spec: UnrollSpec): LayoutFunction {
  const { numCodebooks, flattening = ascending(numCodebooks), delays = zeros(numCodebooks) } = spec;
  checkPerCodebook("flattening", flattening, numCodebooks);
  checkPerCodebook("delays", delays, numCodebooks);
  const groups = innerSteps(flattening, delays);
  const maxDelay = delays.at(-1)!;
  const numEmpty = flattening.at(-1)! + 1 - groups.length;
  const earliestFirst = groups.toSorted((a, b) => b.delay - a.delay || a.codebooks[0]! - b.codebooks[0]!);
  return (timesteps) => {
    const numTurns = timesteps + maxDelay;
    return {
      numSteps: 1 + numTurns * numEmpty + sum(groups.map(({ delay }) => numTurns - delay)),
      numCoordinates: sum(delays.map((delay) => numTurns - delay)),
      write(builder) {
        builder.endStep();
        let first = earliestFirst.length;
        for (let turn = 0; turn < numTurns; turn++) {
          for (let hole = 0; hole < numEmpty; hole++) builder.endStep();
          while (first > 0 && earliestFirst[first - 1]!.delay <= turn) first--;
          for (let group = first; group < earliestFirst.length; group++) {
            const { delay, codebooks } = earliestFirst[group]!;
            for (const q of codebooks) builder.add(turn - delay, q);
            builder.endStep();
          }
        }
      },
    };
  };
}

/** Codebooks that share a step of the frame, with the delay that they share. */
function innerSteps(flattening: readonly number[], delays: readonly number[]): { delay: number; codebooks: number[] }[] {
  const groups = new Map<number, { delay: number; codebooks: number[] }>();
  for (const [q, inner] of flattening.entries()) {
    const group = groups.get(inner) ?? { delay: delays[q]!, codebooks: [] };
    if (group.delay !== delays[q]) {
      throw new RangeError(
        `codebooks ${group.codebooks[0]} and ${q} share inner step ${inner} but have the delays ${group.delay} and ${delays[q]}; expected equal ones`,
      );
    }
    group.codebooks.push(q);
    groups.set(inner, group);
  }
  return [...groups.values()];
}

function coarseFirstLayout({ numCodebooks, delays = zeros(numCodebooks - 1) }: CoarseFirstSpec): LayoutFunction {
  checkPerCodebook("delays", delays, numCodebooks - 1, "for each codebook but the first");
  const maxDelay = delays.at(-1) ?? 0;
  return (timesteps) => {
    const numTurns = numCodebooks === 1 ? 0 : timesteps + maxDelay;
    return {
      numSteps: 1 + timesteps + numTurns,
      numCoordinates: timesteps + sum(delays.map((delay) => numTurns - delay)),
      write(builder) {
        builder.endStep();
        for (let t = 0; t < timesteps; t++) {
          builder.add(t, 0);
          builder.endStep();
        }
        for (let turn = 0; turn < numTurns; turn++) {
          for (let index = 0; index < delays.length && delays[index]! <= turn; index++) builder.add(turn - delays[index]!, index + 1);
          builder.endStep();
        }
      },
    };
  };
}

function musicLmLayout({ numCodebooks, groupBy = 2 }: MusicLmSpec): LayoutFunction {
  if (numCodebooks % groupBy !== 0) {
    throw new RangeError(`numCodebooks must be a multiple of groupBy; received ${numCodebooks} codebooks in groups of ${groupBy}`);
  }
  return (timesteps) => ({
    numSteps: 1 + timesteps * numCodebooks,
    numCoordinates: timesteps * numCodebooks,
    write(builder) {
      builder.endStep();
      for (let first = 0; first < numCodebooks; first += groupBy) {
        for (let t = 0; t < timesteps; t++) {
          for (let q = first; q < first + groupBy; q++) {
            builder.add(t, q);
            builder.endStep();
          }
        }
      }
    },
  });
}

/** Values of a list that a message shows. */
const shownValues = 32;

function checkPerCodebook(name: string, values: readonly number[], length: number, what: string = "for each codebook"): void {
  const found = `[${values.slice(0, shownValues).join(", ")}${values.length > shownValues ? `, … ${values.length} in all` : ""}]`;
  if (values.length !== length) throw new RangeError(`${name} needs one value ${what}, ${length} in all; received ${found}`);
  const descent = values.findIndex((value, index) => index > 0 && value < values[index - 1]!);
  if (descent > 0) {
    throw new RangeError(`${name} must not descend; received ${found}, where ${values[descent]} follows ${values[descent - 1]}`);
  }
}

function ascending(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
