import { checkCount } from "./check-count.ts";
import { checkLayout, layoutOf, LayoutBuilder } from "./pattern-layout.ts";
import type { PatternLayout } from "./pattern-layout.ts";
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
   * @throws RangeError if no pattern of this kind has that length.
   */
  getPattern(timesteps: number): Pattern;
}

type LayoutFunction = (timesteps: number) => PatternLayout;

/**
 * A provider for a pattern given as data.
 *
 * Results equal those of audiocraft's providers: `delay` its `DelayedPatternProvider`, `unroll` its `UnrolledPatternProvider`,
 * `coarse-first` its `CoarseFirstPattern`, `musiclm` its `MusicLMPattern`. Besides, a coarse-first pattern may have one codebook; and musiclm
 * refuses a number of codebooks that is no multiple of `groupBy` for every clip, of no frames too, where the reference gives one empty step.
 * Source: audiocraft `modules/codebooks_patterns.py` (896ec7c).
 * @throws RangeError if the spec's parts do not fit together: a wrong number of delays, or descending ones, or a custom layout that is none.
 */
export function patternProvider(spec: PatternSpec): PatternProvider {
  const parsed = parsePatternSpec(spec);
  const layoutFor = layoutFunction(parsed);
  const { numCodebooks } = parsed;
  return {
    spec: parsed,
    numCodebooks,
    getPattern(timesteps) {
      checkCount("timesteps", timesteps, 0);
      return new Pattern({ numCodebooks, timesteps, layout: layoutFor(timesteps) });
    },
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
      const layout = layoutOf(spec.layout);
      checkLayout(layout, spec.numCodebooks);
      return (timesteps) => {
        if (timesteps === spec.timesteps) return layout;
        throw new RangeError(`this custom pattern is for clips of ${spec.timesteps} frames; the clip has ${timesteps}`);
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
    const builder = new LayoutBuilder(numEmpty + numFlat * numCodebooks + numTurns, numFlat * numCodebooks + numDelayed);
    for (let step = 0; step < numEmpty; step++) builder.endStep();
    for (let t = 0; t < numFlat; t++) {
      for (let q = 0; q < numCodebooks; q++) {
        builder.add(t, q);
        builder.endStep();
      }
    }
    for (let turn = flattenFirst; turn < timesteps + maxDelay; turn++) {
      for (let q = 0; q < numCodebooks; q++) if (turn - delays[q]! >= flattenFirst) builder.add(turn - delays[q]!, q);
      builder.endStep();
    }
    return builder.build();
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
    const numSteps = 1 + numTurns * numEmpty + sum(groups.map(({ delay }) => numTurns - delay));
    const builder = new LayoutBuilder(numSteps, sum(delays.map((delay) => numTurns - delay)));
    builder.endStep();
    for (let turn = 0; turn < numTurns; turn++) {
      for (let hole = 0; hole < numEmpty; hole++) builder.endStep();
      for (const { delay, codebooks } of earliestFirst) {
        if (turn < delay) continue;
        for (const q of codebooks) builder.add(turn - delay, q);
        builder.endStep();
      }
    }
    return builder.build();
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
    const builder = new LayoutBuilder(1 + timesteps + numTurns, timesteps + sum(delays.map((delay) => numTurns - delay)));
    builder.endStep();
    for (let t = 0; t < timesteps; t++) {
      builder.add(t, 0);
      builder.endStep();
    }
    for (let turn = 0; turn < numTurns; turn++) {
      for (const [index, delay] of delays.entries()) if (turn >= delay) builder.add(turn - delay, index + 1);
      builder.endStep();
    }
    return builder.build();
  };
}

function musicLmLayout({ numCodebooks, groupBy = 2 }: MusicLmSpec): LayoutFunction {
  if (numCodebooks % groupBy !== 0) {
    throw new RangeError(`numCodebooks must be a multiple of groupBy; received ${numCodebooks} codebooks in groups of ${groupBy}`);
  }
  return (timesteps) => {
    const builder = new LayoutBuilder(1 + timesteps * numCodebooks, timesteps * numCodebooks);
    builder.endStep();
    for (let first = 0; first < numCodebooks; first += groupBy) {
      for (let t = 0; t < timesteps; t++) {
        for (let q = first; q < first + groupBy; q++) {
          builder.add(t, q);
          builder.endStep();
        }
      }
    }
    return builder.build();
  };
}

function checkPerCodebook(name: string, values: readonly number[], length: number, what: string = "for each codebook"): void {
  if (values.length !== length) throw new RangeError(`${name} needs one value ${what}, ${length} in all; received [${values.join(", ")}]`);
  const descent = values.findIndex((value, index) => index > 0 && value < values[index - 1]!);
  if (descent > 0) {
    throw new RangeError(`${name} must not descend; received [${values.join(", ")}], where ${values[descent]} follows ${values[descent - 1]}`);
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
