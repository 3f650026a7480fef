import { printableJson } from "../../core/index.ts";

/** One cell of a pattern: the code of `codebook` (q) at `timestep` (t). */
export type Coordinate = readonly [timestep: number, codebook: number];

/**
 * What every step of a sequence holds, in order: the coordinates of step s are entries `starts[s]` to `starts[s + 1]`.
 * Columns instead of objects, so that the layout of an hour takes megabytes and milliseconds.
 */
export interface PatternLayout {
  /** Where the coordinates of each step start, `[numSteps + 1]`, ascending. */
  readonly starts: Uint32Array;
  /** The frame of each coordinate, `[numCoordinates]`. Timesteps beyond the clip are allowed: they stand for steps that exist but hold nothing. */
  readonly timesteps: Uint32Array;
  /** The codebook of each coordinate, `[numCoordinates]`. */
  readonly codebooks: Uint16Array;
}

/** A day of 75 frames a second, eight codebooks flattened, fits; more is a mistake in the pattern, found before memory runs out. */
export const mostEntries: number = 2 ** 26;

/** Writes a layout step by step into columns of known lengths. */
export class LayoutBuilder {
  readonly #layout: PatternLayout;
  #numSteps = 0;
  #numCoordinates = 0;

  /**
   * @param numSteps Steps that will be ended.
   * @param numCoordinates Coordinates that will be added.
   * @throws RangeError for more than 2^26 of either, before anything is allocated.
   */
  constructor(numSteps: number, numCoordinates: number) {
    checkSize({ numSteps, numCoordinates });
    this.#layout = {
      starts: new Uint32Array(numSteps + 1),
      timesteps: new Uint32Array(numCoordinates),
      codebooks: new Uint16Array(numCoordinates),
    };
  }

  /** Puts a coordinate into the step at hand. */
  add(timestep: number, codebook: number): void {
    this.#layout.timesteps[this.#numCoordinates] = timestep;
    this.#layout.codebooks[this.#numCoordinates++] = codebook;
  }

  /** Ends the step at hand, empty or not. */
  endStep(): void {
    this.#layout.starts[++this.#numSteps] = this.#numCoordinates;
  }

  /** Takes over all steps of another layout, as long as it has none. */
  addAll({ starts, timesteps, codebooks }: PatternLayout): void {
    this.#layout.starts.set(starts);
    this.#layout.timesteps.set(timesteps);
    this.#layout.codebooks.set(codebooks);
  }

  build(): PatternLayout {
    return this.#layout;
  }
}

/**
 * A layout from nested lists, as audiocraft writes it: for each step its `[timestep, codebook]` pairs.
 * @throws TypeError if it is anything else.
 * @throws RangeError for a timestep or codebook that is not a non-negative integer.
 */
export function layoutOf(steps: readonly (readonly Coordinate[])[]): PatternLayout {
  if (!Array.isArray(steps)) throw new TypeError("a layout is a list of steps, each a list of [timestep, codebook] pairs");
  const wrong = steps.findIndex((coordinates) => !Array.isArray(coordinates));
  if (wrong >= 0) throw new TypeError(`step ${wrong} of the layout is not a list of [timestep, codebook] pairs`);
  const builder = new LayoutBuilder(
    steps.length,
    steps.reduce((count, coordinates) => count + coordinates.length, 0),
  );
  for (const [step, coordinates] of steps.entries()) {
    for (const coordinate of coordinates as readonly unknown[]) {
      if (!Array.isArray(coordinate) || coordinate.length !== 2) {
        throw new TypeError(`step ${step} of the layout holds ${printableJson(coordinate)}; expected a pair [timestep, codebook]`);
      }
      const [timestep, codebook] = coordinate as [number, number];
      if (
        !Number.isInteger(timestep) ||
        timestep < 0 ||
        timestep > 0xffff_ffff ||
        !Number.isInteger(codebook) ||
        codebook < 0 ||
        codebook > 0xffff
      ) {
        throw new RangeError(
          `step ${step} of the layout holds [${timestep}, ${codebook}]; expected a timestep from 0 to ${0xffff_ffff} and a codebook from 0 to ${0xffff}`,
        );
      }
      builder.add(timestep, codebook);
    }
    builder.endStep();
  }
  return builder.build();
}

/**
 * Checks that the columns of a layout belong together, and what audiocraft demands of it: at least one step, known codebooks, each at most once in a step, and never back in time.
 * Timesteps may be missing or lie beyond the clip.
 * Source: audiocraft `modules/codebooks_patterns.py` (896ec7c), `Pattern._validate_layout`.
 * @throws RangeError naming the step at fault.
 */
export function checkLayout({ starts, timesteps, codebooks }: PatternLayout, numCodebooks: number): void {
  const numSteps = starts.length - 1;
  if (numSteps < 1) throw new RangeError("the pattern has no steps; expected at least one");
  if (starts[0] !== 0 || starts[numSteps] !== timesteps.length || codebooks.length !== timesteps.length) {
    throw new RangeError(
      `starts from ${starts[0]} to ${starts[numSteps]} do not fit ${timesteps.length} timesteps and ${codebooks.length} codebooks; layoutOf makes a layout of lists`,
    );
  }
  const latestTimestep = new Float64Array(numCodebooks);
  const latestStep = new Float64Array(numCodebooks).fill(-1);
  for (let step = 0; step < numSteps; step++) {
    if (starts[step + 1]! < starts[step]!)
      throw new RangeError(`starts must ascend; received ${starts[step + 1]} after ${starts[step]} for step ${step}`);
    for (let index = starts[step]!; index < starts[step + 1]!; index++) {
      const codebook = codebooks[index]!;
      const timestep = timesteps[index]!;
      if (codebook >= numCodebooks) {
        throw new RangeError(`step ${step} holds codebook ${codebook}; this pattern has ${numCodebooks}, counted from 0`);
      }
      if (latestStep[codebook] === step)
        throw new RangeError(`step ${step} holds codebook ${codebook} twice; a step has one cell for each codebook`);
      if (timestep < latestTimestep[codebook]!) {
        throw new RangeError(
          `step ${step} goes back to timestep ${timestep} of codebook ${codebook} after timestep ${latestTimestep[codebook]}; ` +
            "the timesteps of a codebook must not descend",
        );
      }
      latestTimestep[codebook] = timestep;
      latestStep[codebook] = step;
    }
  }
}

/** @throws RangeError for more steps or coordinates than a layout may have. */
export function checkSize(
  { numSteps, numCoordinates }: { readonly numSteps: number; readonly numCoordinates: number },
  maxEntries: number = mostEntries,
): void {
  for (const [count, what] of [
    [numSteps, "steps"],
    [numCoordinates, "coordinates"],
  ] as const) {
    // prettier-ignore
    if (count > maxEntries) throw new RangeError(`the pattern has ${count} ${what}; expected at most ${maxEntries}: choose shorter clips or smaller delays`);
  }
}
