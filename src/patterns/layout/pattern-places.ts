import { CodesError } from "../../core/index.ts";
import { doesNotFit } from "../grid/token-grid.ts";
import type { TokenArray, TokenType } from "../grid/token-grid.ts";
import type { PatternLayout } from "./pattern-layout.ts";

/** Where codes stand: number i of them is number `codes[i]` of the codes `[K, T]`, and `cells[i]` of the sequence `[K, S]`. */
export interface SequencePlaces {
  readonly codes: Uint32Array;
  readonly cells: Uint32Array;
}

/** Which codes are looked for, and how the two grids lie in memory. */
export interface PlacesOptions {
  /** Steps of the layout to look at, from the first on. */
  readonly numSteps: number;
  /** Frames of the clip; codes of later ones are passed over. */
  readonly numFrames: number;
  /** The distance from one row of the codes to the next. */
  readonly codesWidth: number;
  /** The distance from one row of the sequence to the next. */
  readonly cellsWidth: number;
}

/** Where each code stands, in the order of the layout. */
export function findPlaces({ starts, timesteps, codebooks }: PatternLayout, options: PlacesOptions): SequencePlaces {
  const { numSteps, numFrames, codesWidth, cellsWidth } = options;
  const codes = new Uint32Array(starts[numSteps]!);
  const cells = new Uint32Array(starts[numSteps]!);
  let count = 0;
  for (let step = 0; step < numSteps; step++) {
    const end = starts[step + 1]!;
    for (let index = starts[step]!; index < end; index++) {
      const timestep = timesteps[index]!;
      if (timestep >= numFrames) continue;
      const codebook = codebooks[index]!;
      codes[count] = codebook * codesWidth + timestep;
      cells[count++] = codebook * cellsWidth + step;
    }
  }
  return { codes: codes.subarray(0, count), cells: cells.subarray(0, count) };
}

/** Elements of a grid: those at `start + at[i]`, in this order. */
interface Elements<Data> {
  readonly data: Data;
  readonly start: number;
  readonly at: Uint32Array;
}

/**
 * Copies tokens from some places to others, whatever the types of the two arrays.
 * @throws CodesError with code CODES_OUT_OF_RANGE for a value that the target's type cannot hold.
 */
export function copyTokens(from: Elements<ArrayLike<number | bigint>>, to: Elements<TokenArray> & { readonly type: TokenType }): void {
  const { data: source, start: sourceStart, at: sources } = from;
  const { data: target, start: targetStart, at: targets } = to;
  const count = sources.length;
  // A loop for each combination of types: a loop that sees both numbers and bigints makes an object of every bigint.
  if (target instanceof BigInt64Array) {
    if (source instanceof BigInt64Array) {
      for (let index = 0; index < count; index++) target[targetStart + targets[index]!] = source[sourceStart + sources[index]!]!;
      return;
    }
    for (let index = 0; index < count; index++) {
      const token = source[sourceStart + sources[index]!]!;
      if (typeof token === "number" && !Number.isSafeInteger(token)) throw outOfRange(token, to.type);
      target[targetStart + targets[index]!] = BigInt(token);
    }
    return;
  }
  for (let index = 0; index < count; index++) {
    const token = source[sourceStart + sources[index]!]!;
    const number = typeof token === "number" ? token : Number(token);
    const place = targetStart + targets[index]!;
    target[place] = number;
    if (target[place] !== number) throw outOfRange(number, to.type);
  }
}

function outOfRange(token: number, type: TokenType): CodesError {
  return new CodesError("CODES_OUT_OF_RANGE", `token ${doesNotFit(token, type)}`);
}
