import { checkCount } from "../grid/check-count.ts";
import type { Pattern } from "./pattern.ts";

/** What a cell of a sequence holds; `start` is the special token in steps before all codes, `special` the one elsewhere. */
export type CellContent = "code" | "start" | "special" | "eos" | "pad";

/** How a sequence is to be shown. */
export interface PatternCellsOptions {
  /** Steps to show, from the first on. @default all */
  readonly numSteps?: number | undefined;
  /** Whether the pattern's last frame is not the clip's: its cells hold the token that ends the clip. @default false */
  readonly hasEos?: boolean | undefined;
  /** Whether cells after a codebook's last code hold a token of their own. @default false */
  readonly hasPadToken?: boolean | undefined;
}

/** The cells of a sequence, row-major `[K, numSteps]`. */
export interface PatternCells {
  readonly numCodebooks: number;
  readonly numSteps: number;
  readonly contents: readonly CellContent[];
  /** The frame that each cell's code is of, -1 where it holds none. */
  readonly timesteps: Int32Array;
}

/**
 * What stands where in a pattern's sequence, to be shown.
 * @throws RangeError if `numSteps` is more than the pattern has.
 */
export function patternCells(pattern: Pattern, options: PatternCellsOptions = {}): PatternCells {
  const { numSteps = pattern.numSteps, hasEos = false, hasPadToken = false } = options;
  checkCount("numSteps", numSteps, 0, pattern.numSteps);
  const { numCodebooks } = pattern;
  const numFrames = pattern.timesteps - (hasEos ? 1 : 0);
  const contents: CellContent[] = Array.from({ length: numCodebooks * numSteps }, () => "special");
  const timesteps = new Int32Array(numCodebooks * numSteps).fill(-1);
  const lastSteps = Array.from({ length: numCodebooks }, () => -1);
  let firstStep = numSteps;
  for (let step = 0; step < numSteps; step++) {
    for (const [timestep, q] of pattern.coordinates(step)) {
      if (timestep >= pattern.timesteps) continue;
      const cell = q * numSteps + step;
      contents[cell] = timestep < numFrames ? "code" : "eos";
      if (timestep < numFrames) timesteps[cell] = timestep;
      lastSteps[q] = step;
      firstStep = Math.min(firstStep, step);
    }
  }
  for (const [q, last] of lastSteps.entries()) {
    contents.fill("start", q * numSteps, q * numSteps + firstStep);
    if (hasPadToken) contents.fill("pad", q * numSteps + Math.max(firstStep, last + 1), (q + 1) * numSteps);
  }
  return { numCodebooks, numSteps, contents, timesteps };
}
