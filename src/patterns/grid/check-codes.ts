import { CodesError } from "../../core/index.ts";
import type { GridView } from "./token-grid.ts";

/** What a grid may hold. */
interface CodeCheck {
  /** Whose codes they are to be, for the message. */
  readonly model?: string | undefined;
  /** Tokens that may stand in place of codes. @default none */
  readonly special?: readonly number[] | undefined;
  /** Whether rows are frames and columns codebooks, for the message. @default false */
  readonly isTimeMajor?: boolean | undefined;
}

/**
 * Checks that a grid holds nothing but codes.
 * @param codebookSize Codes are below this; null where it is not known.
 * @throws CodesError with code CODES_OUT_OF_RANGE naming the first value that is none.
 */
export function checkCodes({ data, numRows, numColumns }: GridView, codebookSize: number | null, check: CodeCheck = {}): void {
  const { model, special = [], isTimeMajor = false } = check;
  const wrong = firstNotBelow(data, codebookSize ?? Number.MAX_SAFE_INTEGER, special);
  if (wrong < 0) return;
  const [row, column] = [Math.floor(wrong / numColumns) % numRows, wrong % numColumns];
  const place = isTimeMajor ? `frame ${row} of codebook ${column}` : `frame ${column} of codebook ${row}`;
  const range = codebookSize === null ? "a whole number from 0" : `0 to ${codebookSize - 1}`;
  const expected = [range, ...special].join(" or ");
  throw new CodesError(
    "CODES_OUT_OF_RANGE",
    `value ${data[wrong]} at ${place} is not a code${model === undefined ? "" : ` of ${model}`}; expected ${expected}`,
  );
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
 * Whether a value that somebody else made, such as what a model predicts, is a code: a number or bigint.
 * @param codebookSize Codes are below this.
 */
export function isCode(value: unknown, codebookSize: number): boolean {
  if (typeof value !== "number" && typeof value !== "bigint") return false;
  const code = Number(value);
  return Number.isInteger(code) && code >= 0 && code < codebookSize;
}

/** Index of the first value that is neither an integer from 0 to `end - 1` nor special, -1 if all are. */
function firstNotBelow(data: ArrayLike<number | bigint>, end: number, special: readonly number[] = []): number {
  return data instanceof BigInt64Array ? firstBigIntNotBelow(data, BigInt(end), special) : firstNumberNotBelow(data, end, special);
}

function firstNumberNotBelow(data: ArrayLike<number | bigint>, end: number, special: readonly number[]): number {
  for (let index = 0; index < data.length; index++) {
    const code = Number(data[index]);
    if (!(Number.isInteger(code) && code >= 0 && code < end) && !special.includes(code)) return index;
  }
  return -1;
}

/** Apart, since comparing bigints is many times faster than converting them. */
function firstBigIntNotBelow(data: BigInt64Array, end: bigint, special: readonly number[]): number {
  for (let index = 0; index < data.length; index++) {
    const code = data[index]!;
    if ((code < 0n || code >= end) && !special.includes(Number(code))) return index;
  }
  return -1;
}
