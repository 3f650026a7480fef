import { CodesError } from "../../core/index.ts";
import type { TensorLike } from "../../core/index.ts";
import { checkCount } from "../grid/check-count.ts";
import { checkToken, filledGrid, numbersOf, tabulateGrid, viewGrid } from "../grid/token-grid.ts";
import type { CodesInput, GridView, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { viewModelCodes } from "../models/check-model-codes.ts";
import { musicgen } from "../models/model-layouts.ts";
import { isDelayed, numDelaysOf } from "./musicgen-lengths.ts";
import type { MusicgenShape } from "./musicgen-lengths.ts";

/** `pad_token_id` of the released models, whose codes are 0 to 2047. */
export const defaultPadToken = 2048;

/** A cell of a pattern mask whose code the model is to generate. */
export const toBeGenerated = -1;

/** The sequence that MusicGen generates in. */
export interface MusicgenDelayPatternOptions<Type extends TokenType = TokenType> extends MusicgenShape {
  /** L: columns of the whole sequence (`max_length`), the first one and the prompt included; see `musicgenMaxLengthFor`. */
  readonly maxLength: number;
  /** `pad_token_id`, also the decoder's start token: stands in every cell that holds no code. @default 2048 */
  readonly padToken?: number | undefined;
  /** `int64` is what the models take. @default "int64" */
  readonly type?: Type | undefined;
}

/** What a MusicGen decoder is started with. Row b·K + q is codebook q of clip b. */
export interface MusicgenDelayedPrompt<Type extends TokenType = TokenType> {
  /** `[B·K, n]`: the columns before the first that is to be generated. */
  readonly decoderInputIds: TokenGrid<Type>;
  /** `[B·K, L]`: what each cell must hold, or −1 where the model decides. */
  readonly patternMask: TokenGrid<Type>;
}

/**
 * The ids that MusicGen continues from: codes of an audio prompt, or nothing but the first column.
 *
 * ```
 * prompt        decoderInputIds   patternMask, L = 8          P = padToken, - = to be generated
 * a0 a1         P a0 a1           P a0 a1  -  -  P  P  P      the prompt's last codes lie beyond decoderInputIds:
 * b0 b1         P  P b0           P  P b0 b1  -  -  P  P      generation must keep to the mask,
 * c0 c1         P  P  P           P  P  P c0 c1  -  -  P      see musicgenLogitsProcessor
 * d0 d1         P  P  P           P  P  P  P d0 d1  -  -      and applyMusicgenDelayPatternMask
 * ```
 * @param codes `[K, T0]` or `[B, K, T0]`, in stereo from `interleaveStereo`; or the sizes of a batch without a prompt.
 * @throws RangeError if `maxLength` is too short for the prompt (it says which fits), or the codebooks do not fit the channels.
 * @throws CodesError if a value is not a code, or the codes are of another codec.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `_prepare_decoder_input_ids_for_generation`, `build_delay_pattern_mask`.
 */
export function musicgenDecoderInputIds<Type extends TokenType = "int64">(
  codes: CodesInput | { readonly batchSize: number; readonly numCodebooks: number },
  options: Omit<MusicgenDelayPatternOptions<Type>, "numCodebooks">,
): MusicgenDelayedPrompt<Type> {
  if (Array.isArray(codes)) {
    throw new TypeError(
      "a model continues prompts of one length; pass clips of equal lengths as one tensor [B, K, T0], others one after the other",
    );
  }
  const { padToken = defaultPadToken, maxLength } = options;
  const prompt = typeof codes === "object" && codes !== null && "batchSize" in codes ? withoutFrames(codes) : codes;
  const { data, batchSize, numRows: numCodebooks, numColumns: numFrames } = viewGrid(prompt);
  if (Number(data[0]) === padToken) {
    throw new CodesError(
      "CODES_OUT_OF_RANGE",
      `the prompt begins with padToken ${padToken}, as ids do; pass the codes alone, or such ids to musicgenDelayPatternMask`,
    );
  }
  viewMusicgenCodes(prompt, padToken);
  const shape = { ...options, numCodebooks };
  const fitting = numFrames + numDelaysOf(shape);
  if (numFrames > 0 && (isDelayed(shape, maxLength) ? fitting : numFrames + 1) > maxLength) {
    throw new RangeError(
      `a prompt of ${numFrames} frames does not fit maxLength ${maxLength}; ${fitting} holds the prompt alone, and each further column one more frame`,
    );
  }
  const codesOf = numbersOf(data);
  const numColumns = numFrames + 1;
  const ids = new Float64Array(batchSize * numCodebooks * numColumns).fill(padToken);
  for (let index = 0, row = 0; index < codesOf.length; row++) {
    for (let frame = 0; frame < numFrames; frame++) ids[row * numColumns + 1 + frame] = codesOf[index++]!;
  }
  return musicgenDelayPatternMask({ data: ids, dims: [batchSize * numCodebooks, numColumns] }, shape);
}

/**
 * Codes of MusicGen: all below `padToken`, which is the first id that is none.
 * @param special Tokens that may stand in place of codes.
 */
export function viewMusicgenCodes(codes: CodesInput | readonly CodesInput[], padToken: number, special?: readonly number[]): GridView[] {
  checkCount("padToken", padToken, 1);
  return viewModelCodes(codes, { ...musicgen(), codebookSize: padToken }, special);
}

/**
 * Delays the rows of ids, as transformers does inside `generate`.
 * @param ids `[B·K, n]`, column 0 the decoder's start. Whatever stands there is overwritten: ids without that column lose their first frame
 * (`musicgenDecoderInputIds` adds it). Cells of −1 are taken for ones to be generated.
 * @returns For L < 2C − 1 the ids as they are and a mask of −1 only, unless `delayShort`.
 * @throws RangeError if `maxLength` is too short for the ids (it says which fits).
 * @throws CodesError if the rows are not a whole number of clips, or there is no column.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `build_delay_pattern_mask`.
 */
export function musicgenDelayPatternMask<Type extends TokenType = "int64">(
  ids: TensorLike,
  options: MusicgenDelayPatternOptions<Type>,
): MusicgenDelayedPrompt<Type> {
  const { numCodebooks, channels = 1, maxLength, padToken = defaultPadToken, type = "int64" as Type } = options;
  const numDelays = numDelaysOf(options);
  checkToken(padToken, type, "padToken");
  const { data, numRows, numColumns } = viewRows(ids, numCodebooks);
  if (numColumns === 0) throw mismatch("ids need at least the decoder's start column; found none");
  const numbers = numbersOf(data);
  const idAt = (row: number, column: number): number => numbers[row * numColumns + column]!;
  if (!isDelayed(options, maxLength)) {
    return {
      decoderInputIds: tabulateGrid(type, [numRows, numColumns], idAt),
      patternMask: filledGrid(type, [numRows, maxLength], toBeGenerated),
    };
  }
  const fitting = numColumns - 1 + numDelays;
  if (numColumns > 1 && fitting > maxLength) {
    throw new RangeError(
      `ids of ${numColumns} columns do not fit maxLength ${maxLength} with their delays; the least that fits is ${fitting}`,
    );
  }
  const maskAt = (row: number, column: number): number => {
    const delay = Math.floor((row % numCodebooks) / channels);
    if (column <= delay || column > maxLength - numDelays + delay) return padToken;
    return column - delay < numColumns ? idAt(row, column - delay) : toBeGenerated;
  };
  // Row 0 of a clip has no delay, so that it is the first to have a cell to generate.
  let numGiven = numColumns;
  for (let row = 0; row < numRows; row += numCodebooks) {
    for (let column = numGiven - 1; column > 0; column--) if (idAt(row, column) === toBeGenerated) numGiven = column;
  }
  const patternMask = tabulateGrid(type, [numRows, maxLength], maskAt);
  const decoderInputIds = filledGrid(type, [numRows, numGiven]);
  for (let row = 0; row < numRows; row++) {
    decoderInputIds.data.set(patternMask.data.subarray(row * maxLength, row * maxLength + numGiven) as never, row * numGiven);
  }
  return { decoderInputIds, patternMask };
}

/**
 * What the decoder must be fed: the mask's token where it has one, else what was generated.
 *
 * A loop of one's own applies it to every new column: `applyMusicgenDelayPatternMask({ data: sampled, dims: [rows, 1] }, patternMask, { firstColumn: n })`.
 * @param ids `[B·K, n]`.
 * @param patternMask `[B·K, L]` with L ≥ `firstColumn` + n.
 * @param options `firstColumn`: where in the sequence the ids begin, 0 by default.
 * @returns `[B·K, n]`.
 * @throws CodesError if ids and mask do not fit each other.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `apply_delay_pattern_mask`.
 */
export function applyMusicgenDelayPatternMask<Type extends TokenType = "int64">(
  ids: TensorLike,
  patternMask: TensorLike,
  { firstColumn = 0, type = "int64" as Type }: { readonly firstColumn?: number | undefined; readonly type?: Type | undefined } = {},
): TokenGrid<Type> {
  const { data, numRows, numColumns } = viewRows(ids, 1);
  checkCount("firstColumn", firstColumn, 0);
  const mask = viewMask(patternMask, numRows, numColumns, firstColumn);
  return tabulateGrid(type, [numRows, numColumns], (row, column) => {
    const token = mask.data[row * mask.numColumns + firstColumn + column]!;
    return Number(token) === toBeGenerated ? data[row * numColumns + column]! : token;
  });
}

/** A pattern mask that has so many rows, and so many columns from the first on. */
export function viewMask(patternMask: TensorLike, numRows: number, numColumns: number, firstColumn: number = 0): RowsView {
  const mask = viewRows(patternMask, 1);
  if (mask.numRows === numRows && mask.numColumns >= firstColumn + numColumns) return mask;
  throw mismatch(
    `ids [${numRows}, ${numColumns}] from column ${firstColumn} do not fit a pattern mask [${mask.numRows}, ${mask.numColumns}]; ` +
      "generate with the maxLength that the mask was made for",
  );
}

function withoutFrames({ batchSize, numCodebooks }: { readonly batchSize: number; readonly numCodebooks: number }): TensorLike {
  checkCount("batchSize", batchSize, 1);
  numDelaysOf({ numCodebooks, channels: 1 });
  return { data: [], dims: [batchSize, numCodebooks, 0] };
}

/** Ids as `[B·K, n]`, also where batch and codebooks are dimensions of their own. */
type RowsView = Pick<GridView, "data" | "numRows" | "numColumns">;

/** @throws CodesError if there are not whole clips of rows. */
export function viewRows(ids: TensorLike, numCodebooks: number): RowsView {
  const { data, batchSize, numRows: rowsOfEach, numColumns } = viewGrid(ids);
  const numRows = batchSize * rowsOfEach;
  if (numRows === 0 || numRows % numCodebooks !== 0) {
    throw mismatch(`ids of ${numRows} rows are not those of whole clips; expected a multiple of ${numCodebooks} codebooks`);
  }
  return { data, numRows, numColumns };
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}
