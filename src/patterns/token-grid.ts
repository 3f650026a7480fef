import { CodesError } from "../core/index.ts";
import type { AudioCodesData, TensorLike } from "../core/index.ts";

/** Typed arrays that tokens travel in; `int64` is what ONNX language models take. */
export interface TokenArrays {
  uint16: Uint16Array;
  uint32: Uint32Array;
  int32: Int32Array;
  int64: BigInt64Array;
}

export type TokenType = keyof TokenArrays;

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

const arrayTypes = { uint16: Uint16Array, uint32: Uint32Array, int32: Int32Array, int64: BigInt64Array } as const;

const ranges: Readonly<Record<TokenType, readonly [min: number, max: number]>> = {
  uint16: [0, 0xffff],
  uint32: [0, 0xffff_ffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * A grid of `product(dims)` tokens, all `fill`.
 * @throws RangeError if `fill` is not an integer that `type` can hold.
 */
export function filledGrid<Type extends TokenType>(type: Type, dims: readonly number[], fill: number = 0): TokenGrid<Type> {
  checkToken(fill, type);
  const length = dims.reduce((product, size) => product * size, 1);
  const data = new arrayTypes[type](length) as TokenArrays[Type];
  if (fill !== 0) {
    if (data instanceof BigInt64Array) data.fill(BigInt(fill));
    else data.fill(fill);
  }
  return { type, data, dims };
}

/**
 * Checks that a token is an integer that fits the array it is for.
 * @throws RangeError naming the token and the range.
 */
export function checkToken(token: number, type: TokenType, name: string = "token"): void {
  const range = ranges[type];
  if (range === undefined) throw new RangeError(`unknown type of tokens ${JSON.stringify(type)}; expected uint16, uint32, int32 or int64`);
  const [min, max] = range;
  if (!Number.isInteger(token) || token < min || token > max) {
    throw new RangeError(`${name} ${token} does not fit ${type}; expected an integer from ${min} to ${max}`);
  }
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
      if (typeof token === "number" && !Number.isSafeInteger(token)) throw doesNotFit(token, to.type);
      target[targetStart + targets[index]!] = BigInt(token);
    }
    return;
  }
  for (let index = 0; index < count; index++) {
    const token = source[sourceStart + sources[index]!]!;
    const number = typeof token === "number" ? token : Number(token);
    const place = targetStart + targets[index]!;
    target[place] = number;
    if (target[place] !== number) throw doesNotFit(number, to.type);
  }
}

/**
 * Reads codes of any accepted form as `[B, K, T]`.
 * @throws CodesError with code CODES_MISMATCH for several segments, other shapes, or a length that is not that of the shape.
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
  return { data, batchSize, numRows, numColumns, codebookSize: isAudioCodes(input) ? input.codebookSize : null };
}

function isAudioCodes(input: CodesInput): input is AudioCodesData {
  return typeof input === "object" && input !== null && "shape" in input;
}

function doesNotFit(token: number, type: TokenType): CodesError {
  const [min, max] = ranges[type];
  return new CodesError("CODES_OUT_OF_RANGE", `token ${token} does not fit ${type}; expected an integer from ${min} to ${max}`);
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
