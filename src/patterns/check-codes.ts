import { CodesError } from "../core/index.ts";
import type { ModelLayout } from "./model-layouts.ts";
import { viewGrids } from "./token-grid.ts";
import type { CodesInput, GridView } from "./token-grid.ts";

/**
 * Checks that a grid holds nothing but codes.
 * @param codebookSize Codes are below this; null where it is not known.
 * @param model Whose codes they are to be, for the message.
 * @throws CodesError with code CODES_OUT_OF_RANGE naming the first value that is none.
 */
export function checkCodes({ data, numRows, numColumns }: GridView, codebookSize: number | null, model?: string): void {
  const wrong = firstNotBelow(data, codebookSize ?? Number.MAX_SAFE_INTEGER);
  if (wrong < 0) return;
  const place = `frame ${wrong % numColumns} of codebook ${Math.floor(wrong / numColumns) % numRows}`;
  const expected = codebookSize === null ? "a whole number from 0" : `0 to ${codebookSize - 1}`;
  throw new CodesError("CODES_OUT_OF_RANGE", `value ${data[wrong]} at ${place} is not a code${model === undefined ? "" : ` of ${model}`}; expected ${expected}`);
}

/**
 * Checks that a special token cannot be taken for a code.
 * @param codebookSize Codes are below this; where it is null, the token must be above all of `codes`.
 * @throws RangeError naming the token.
 */
export function checkNotCode(name: string, token: number, codebookSize: number | null, codes: ArrayLike<number | bigint> = []): void {
  if (token < 0 || (codebookSize === null ? firstNotBelow(codes, token) < 0 : token >= codebookSize)) return;
  const reason = codebookSize === null ? "some codes are as large" : `codes are 0 to ${codebookSize - 1}`;
  const choice = codebookSize === null ? "one above all codes (models use the codebook's size)" : `${codebookSize} or more`;
  throw new RangeError(`${name} ${token} could be taken for a code: ${reason}; choose ${choice}, or a negative one`);
}

/**
 * Codes for a model: one grid, or one for each of several clips, as far as they can be told to be of its codec.
 * @throws CodesError CODES_MISMATCH for codebooks of another size, CODES_OUT_OF_RANGE for values that are no codes.
 */
export function viewModelCodes(codes: CodesInput | readonly CodesInput[], layout: ModelLayout): GridView[] {
  const views = viewGrids(codes);
  for (const view of views) {
    if (view.codebookSize !== null) checkModelCodec(view.codebookSize, layout);
    checkCodes(view, layout.codebookSize, layout.name);
  }
  return views;
}

/** @throws CodesError CODES_MISMATCH if codebooks of this size are not those of the model's codec. */
export function checkModelCodec(found: number, { name, codec, codebookSize }: ModelLayout): void {
  if (found === codebookSize) return;
  throw new CodesError("CODES_MISMATCH", `these codes have codebooks of ${found} entries; ${name} reads those of ${codec}, which have ${codebookSize}`);
}

/** Index of the first value that is not an integer from 0 to `end - 1`, -1 if all are. */
function firstNotBelow(data: ArrayLike<number | bigint>, end: number): number {
  return data instanceof BigInt64Array ? firstBigIntNotBelow(data, BigInt(end)) : firstNumberNotBelow(data, end);
}

function firstNumberNotBelow(data: ArrayLike<number | bigint>, end: number): number {
  for (let index = 0; index < data.length; index++) {
    const code = Number(data[index]);
    if (!(Number.isInteger(code) && code >= 0 && code < end)) return index;
  }
  return -1;
}

/** Apart, since comparing bigints is many times faster than converting them. */
function firstBigIntNotBelow(data: BigInt64Array, end: bigint): number {
  for (let index = 0; index < data.length; index++) {
    const code = data[index]!;
    if (code < 0n || code >= end) return index;
  }
  return -1;
}
