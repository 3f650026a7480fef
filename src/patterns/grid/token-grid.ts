import { CodesError } from "../../core/index.ts";
import type { AudioCodesData, TensorLike } from "../../core/index.ts";
import { checkCount } from "./check-count.ts";

/** Typed arrays that tokens travel in; `int64` is what ONNX language models take. */
export interface TokenArrays {
  uint16: Uint16Array;
  uint32: Uint32Array;
  int32: Int32Array;
  int64: BigInt64Array;
}

/** The type of tokens, as tensors name it. */
export type TokenType = keyof TokenArrays;

/** An array of tokens of any type. */
export type TokenArray = TokenArrays[TokenType];

/**
 * Codes or tokens, row-major, with their shape: fits `new Tensor(type, grid.data, grid.dims)` of transformers.js and ONNX Runtime.
 * Codes are `[B, K, T]`, sequences `[B, K, S]`.
 */
export interface TokenGrid<Type extends TokenType = TokenType> {
  readonly type: Type;
  readonly data: TokenArrays[Type];
  readonly dims: readonly number[];
}

/** Codes of one clip or of a batch of equal lengths: `AudioCodes` of one segment, or a tensor `[K, T]` or `[B, K, T]`. */
export type CodesInput = AudioCodesData | TensorLike;

/** A grid seen as `[batchSize, numRows, numColumns]`, whatever it came as. */
export interface GridView {
  readonly data: ArrayLike<number | bigint>;
  readonly batchSize: number;
  readonly numRows: number;
  readonly numColumns: number;
  /** Codes are below this; null where the grid does not say. */
  readonly codebookSize: number | null;
}

/** The array type of each type of tokens. */
export const tokenArrays: Readonly<{
  uint16: Uint16ArrayConstructor;
  uint32: Uint32ArrayConstructor;
  int32: Int32ArrayConstructor;
  int64: BigInt64ArrayConstructor;
}> = { uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array, int64: BigInt64Array };

const ranges: Readonly<Record<TokenType, readonly [min: number, max: number]>> = {
  uint16: [0, 0xffff],
  uint32: [0, 0xffff_ffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** Four gigabytes of int32; more is a mistake in a size, found before memory runs out. */
const maxTokens = 2 ** 30;

/**
 * A grid of `product(dims)` tokens, all `fill`.
 * @throws RangeError if `fill` is not an integer that `type` can hold, or for more than 2^30 tokens, before anything is allocated.
 */
export function filledGrid<Type extends TokenType>(type: Type, dims: readonly number[], fill: number = 0): TokenGrid<Type> {
  checkToken(fill, type);
  const length = dims.reduce((product, size) => product * size, 1);
  if (length > maxTokens)
    throw new RangeError(
      `a grid of shape [${dims.join(", ")}] has ${length} tokens; expected at most ${maxTokens}: take shorter clips or fewer at a time`,
    );
  const data = new tokenArrays[type](length) as TokenArrays[Type];
  if (fill !== 0) fillTokens(data, fill);
  return { type, data, dims };
}

/** Puts a token that fits the array into its elements `start` to `end` (exclusive). */
export function fillTokens(data: TokenArray, token: number, start?: number, end?: number): void {
  if (data instanceof BigInt64Array) data.fill(BigInt(token), start, end);
  else data.fill(token, start, end);
}

/**
 * A grid that holds these tokens, as many as `dims` say.
 * @throws RangeError if one is not an integer that `type` can hold.
 */
export function gridOf<Type extends TokenType>(type: Type, dims: readonly number[], tokens: ArrayLike<number>): TokenGrid<Type> {
  const grid = filledGrid(type, dims);
  const { data } = grid;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (data instanceof BigInt64Array) {
      if (!Number.isSafeInteger(token)) checkToken(token, type);
      data[index] = BigInt(token);
    } else {
      data[index] = token;
      if (data[index] !== token) checkToken(token, type);
    }
  }
  return grid;
}

/**
 * A grid of the values that a function gives for each row and column; `dims` but the last are counted through as rows.
 * @throws RangeError if a value is not an integer that `type` can hold.
 */
export function tabulateGrid<Type extends TokenType>(
  type: Type,
  dims: readonly number[],
  valueAt: (row: number, column: number) => number | bigint,
): TokenGrid<Type> {
  const grid = filledGrid(type, dims);
  const { data } = grid;
  const [min, max] = ranges[type];
  const numColumns = dims.at(-1)!;
  for (let index = 0, row = 0; index < data.length; row++) {
    for (let column = 0; column < numColumns; column++, index++) {
      const value = valueAt(row, column);
      const token = typeof value === "number" ? value : Number(value);
      if (!(Number.isInteger(token) && token >= min && token <= max)) checkToken(token, type);
      if (data instanceof BigInt64Array) data[index] = BigInt(token);
      else data[index] = token;
    }
  }
  return grid;
}

/**
 * The tokens as numbers. Where an algorithm looks at each of them it reads these, since it is many times slower on bigints.
 * The array itself unless there are bigints in it.
 */
export function numbersOf(data: ArrayLike<number | bigint>): ArrayLike<number> {
  if (ArrayBuffer.isView(data) && !(data instanceof BigInt64Array || data instanceof BigUint64Array))
    return data as unknown as ArrayLike<number>;
  const numbers = new Float64Array(data.length);
  for (let index = 0; index < numbers.length; index++) numbers[index] = Number(data[index]);
  return numbers;
}

/**
 * Swaps rows and columns: codes `[B, K, T]` as time-major models and files take them, `[B, T, K]` (Dia, VALL-E, SoundStorm), and back.
 * @param grid `[K, T]` or `[B, K, T]`.
 */
export function transposeGrid<Type extends TokenType = "int32">(
  grid: CodesInput,
  { type = "int32" as Type }: { readonly type?: Type | undefined } = {},
): TokenGrid<Type> {
  const { data, batchSize, numRows, numColumns } = viewGrid(grid);
  const numbers = numbersOf(data);
  return tabulateGrid(type, [batchSize, numColumns, numRows], (row, column) => {
    const item = Math.floor(row / numColumns);
    return numbers[(item * numRows + column) * numColumns + (row % numColumns)]!;
  });
}

/**
 * One clip of a batch, as `AudioCodes.fromTensor` takes it: `AudioCodes.fromTensor(clipOf(batch, b, batch.lengths[b]), codec)`.
 * @param grid `[B, K, T]`.
 * @param item Which clip, from 0.
 * @param numFrames Frames that the clip really has. By default T.
 * @returns `[K, numFrames]`, of the grid's type.
 * @throws RangeError for a clip that the batch does not have, or more frames.
 */
export function clipOf<Type extends TokenType>(grid: TokenGrid<Type>, item: number, numFrames?: number): TokenGrid<Type> {
  const { batchSize, numRows, numColumns } = viewGrid(grid);
  const { type, data } = grid;
  checkCount("item", item, 0, batchSize - 1);
  const length = numFrames ?? numColumns;
  checkCount("numFrames", length, 0, numColumns);
  const clip = filledGrid(type, [numRows, length]);
  for (let row = 0; row < numRows; row++) {
    const start = (item * numRows + row) * numColumns;
    clip.data.set(data.subarray(start, start + length) as never, row * length);
  }
  return clip;
}

/**
 * Checks that a token is an integer that fits the array it is for.
 * @throws RangeError naming the token and the range.
 */
export function checkToken(token: number, type: TokenType, name: string = "token"): void {
  const range = ranges[type];
  if (range === undefined) throw new RangeError(`unknown type of tokens ${JSON.stringify(type)}; expected uint16, uint32, int32 or int64`);
  const [min, max] = range;
  if (!Number.isInteger(token) || token < min || token > max) throw new RangeError(`${name} ${doesNotFit(token, type)}`);
}

/** Says why a token is refused, for errors. */
export function doesNotFit(token: number, type: TokenType): string {
  const [min, max] = ranges[type];
  return `${token} does not fit ${type}; expected an integer from ${min} to ${max}`;
}

/**
 * Reads one grid, or one for each of several clips, see `viewGrid`.
 * @throws RangeError if there are no clips.
 */
export function viewGrids(codes: CodesInput | readonly CodesInput[]): GridView[] {
  if (Array.isArray(codes) && codes.length === 0) throw new RangeError("expected at least one clip; received an empty list");
  return (Array.isArray(codes) ? (codes as readonly CodesInput[]) : [codes as CodesInput]).map(viewGrid);
}

/**
 * Reads codes of any accepted form as `[B, K, T]`.
 * @throws CodesError with code CODES_MISMATCH for several segments, other shapes, or a length that is not that of the shape;
 * CODES_OUT_OF_RANGE for values that are no numbers.
 */
export function viewGrid(input: CodesInput): GridView {
  const shape: unknown = isAudioCodes(input) ? input.shape : (input as TensorLike | null | undefined)?.dims;
  if (!Array.isArray(shape)) throw mismatch("expected AudioCodes or a tensor with data and dims");
  if (isAudioCodes(input) && shape[0] !== 1) {
    throw mismatch(
      `these codes have ${shape[0]} segments, each with frames of its own; a sequence takes one: pass codes.sliceSegments(i, i + 1)`,
    );
  }
  const dims = shape as readonly number[];
  if ((dims.length !== 2 && dims.length !== 3) || !dims.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw mismatch(`a tensor of shape [${dims.join(", ")}] is not a grid; expected [rows, columns] or [batch, rows, columns]`);
  }
  const [numRows, numColumns] = dims.slice(-2) as [number, number];
  const batchSize = dims.length === 3 ? dims[0]! : 1;
  const { data } = input;
  if (typeof data?.length !== "number") throw mismatch("the tensor has no data; expected a typed array or a list of numbers");
  if (data.length !== batchSize * numRows * numColumns) {
    throw mismatch(`a tensor of shape [${dims.join(", ")}] needs ${batchSize * numRows * numColumns} values; found ${data.length}`);
  }
  checkNumbers(data);
  return { data, batchSize, numRows, numColumns, codebookSize: isAudioCodes(input) ? input.codebookSize : null };
}

/**
 * Checks that an array holds numbers or bigints, for callers without types: `null`, `true` and `"1"` would pass for the numbers 0 and 1.
 * @throws CodesError with code CODES_OUT_OF_RANGE naming the first other value.
 */
export function checkNumbers(data: ArrayLike<unknown>): void {
  if (ArrayBuffer.isView(data)) return;
  for (let index = 0; index < data.length; index++) {
    const value = data[index];
    if (typeof value === "number" || typeof value === "bigint") continue;
    const found = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new CodesError("CODES_OUT_OF_RANGE", `value ${found} at position ${index} is not a number`);
  }
}

function isAudioCodes(input: CodesInput): input is AudioCodesData {
  return typeof input === "object" && input !== null && "shape" in input;
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
