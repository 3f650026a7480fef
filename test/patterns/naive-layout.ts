import type { PatternSpec } from "../../src/patterns/layout/pattern-spec.ts";

/** Where a code stands. */
export interface Cell {
  readonly timestep: number;
  readonly codebook: number;
  readonly step: number;
}

/** A pattern as a list of cells, by the rules that its documentation states: slow, and nothing to get wrong. */
export interface NaiveLayout {
  readonly numSteps: number;
  /** By step; timesteps beyond the clip included. */
  readonly cells: readonly Cell[];
}

const range = (end: number): number[] => Array.from({ length: Math.max(0, end) }, (_, index) => index);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function naiveLayout(spec: PatternSpec, timesteps: number): NaiveLayout {
  const { numSteps, cells } = statedLayout(spec, timesteps);
  return { numSteps, cells: cells.toSorted((a, b) => a.step - b.step || a.codebook - b.codebook) };
}

function statedLayout(spec: PatternSpec, timesteps: number): NaiveLayout {
  const K = spec.numCodebooks;
  switch (spec.kind) {
    case "parallel":
      return statedLayout({ ...spec, kind: "delay", delays: range(K).map(() => 0) }, timesteps);
    case "delay": {
      // Code t of codebook q stands `delays[q]` after its turn; flattened frames take K steps each.
      const { delays = range(K), flattenFirst = 0, emptyInitial = 0 } = spec;
      const longest = Math.max(...delays);
      const numFlat = Math.min(timesteps, flattenFirst);
      const lead = emptyInitial < 0 ? 0 : 1 + emptyInitial;
      const start = lead + numFlat * K - flattenFirst;
      const flat = range(numFlat).flatMap((t) => range(K).map((q) => ({ timestep: t, codebook: q, step: lead + t * K + q })));
      const delayed = delays.flatMap((delay, q) =>
        range(timesteps + longest - delay)
          .filter((t) => t >= flattenFirst)
          .map((t) => ({ timestep: t, codebook: q, step: start + t + delay })),
      );
      return { numSteps: lead + numFlat * K + Math.max(0, timesteps + longest - flattenFirst), cells: [...flat, ...delayed] };
    }
    case "unroll": {
      // Everything that a frame's time holds, sorted: unused inner steps first, then by the frame that the codes are of, then by codebook.
      const { flattening = range(K), delays = range(K).map(() => 0) } = spec;
      const longest = Math.max(...delays);
      const inners = range(Math.max(...flattening) + 1).map((inner) => range(K).filter((q) => flattening[q] === inner));
      const turns = range(timesteps + longest);
      const steps = turns.flatMap((turn) => {
        const holes = inners.filter((codebooks) => codebooks.length === 0);
        const groups = inners
          .filter((codebooks) => codebooks.length > 0 && turn >= delays[codebooks[0]!]!)
          .map((codebooks) => codebooks.map((q) => ({ timestep: turn - delays[q]!, codebook: q })))
          .toSorted(([a], [b]) => a!.timestep - b!.timestep || a!.codebook - b!.codebook);
        return [...holes.map(() => []), ...groups];
      });
      const numSteps = 1 + timesteps * inners.length + sum(inners.map(([first]) => longest - (first === undefined ? 0 : delays[first]!)));
      return { numSteps, cells: steps.flatMap((cells, index) => cells.map((cell) => ({ ...cell, step: 1 + index }))) };
    }
    case "coarse-first": {
      const { delays = range(K - 1).map(() => 0) } = spec;
      const longest = Math.max(0, ...delays);
      const coarse = range(timesteps).map((t) => ({ timestep: t, codebook: 0, step: 1 + t }));
      const fine = delays.flatMap((delay, index) =>
        range(timesteps + longest - delay).map((t) => ({ timestep: t, codebook: index + 1, step: 1 + timesteps + t + delay })),
      );
      return { numSteps: K === 1 ? 1 + timesteps : 1 + 2 * timesteps + longest, cells: [...coarse, ...fine] };
    }
    case "musiclm": {
      const { groupBy = 2 } = spec;
      const cells = range(timesteps).flatMap((t) =>
        range(K).map((q) => {
          const group = Math.floor(q / groupBy);
          return { timestep: t, codebook: q, step: 1 + group * groupBy * timesteps + t * groupBy + (q % groupBy) };
        }),
      );
      return { numSteps: 1 + timesteps * K, cells };
    }
    case "custom":
      return {
        numSteps: spec.layout.length,
        cells: spec.layout.flatMap((coordinates, step) => coordinates.map(([timestep, codebook]) => ({ timestep, codebook, step }))),
      };
  }
}

/** Steps without those at the end that exist for delays only, counted as the reference slices its lists. */
export function naiveValidSteps({ numSteps, cells }: NaiveLayout, timesteps: number): number {
  const reach = Math.max(0, ...cells.filter(({ step }) => step > 0).map(({ timestep }) => timestep + 1));
  return range(numSteps).slice(0, numSteps - (reach - timesteps)).length;
}
