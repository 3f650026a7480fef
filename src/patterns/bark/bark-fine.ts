import { CodesError } from "../../core/index.ts";
import { checkCount } from "../grid/check-count.ts";
import { gridOf, viewGrid } from "../grid/token-grid.ts";
import type { CodesInput, TokenArrays, TokenGrid, TokenType } from "../grid/token-grid.ts";
import type { BarkTokenOptions } from "./bark-coarse.ts";
import { bark, readBarkCodes } from "./bark-codes.ts";
import type { BarkCodes } from "./bark-codes.ts";

/** One run of the fine model. */
export interface BarkFineWindow<Type extends TokenType = TokenType> {
  /** The window's codes `[1, 1024, 8]`, frame by frame, 1024 where a code is not known: part of the layout itself, so predictions written here are seen by later windows. */
  readonly tokens: TokenGrid<Type>;
  /** First row of the layout that the window covers. */
  readonly start: number;
  /** First row of the window to be predicted; the rows before it are history, or done already. */
  readonly predictFrom: number;
}

/** Codes laid out for the fine model, which fills in one codebook after another, window by window. */
export interface BarkFineLayout<Type extends TokenType = TokenType> {
  /** All rows `[numRows, 8]`: history, clip, and padding up to 1024 rows. */
  readonly tokens: TokenGrid<Type>;
  /** The windows, in the order in which they are to be predicted. */
  readonly windows: readonly BarkFineWindow<Type>[];
  /** Frames of history before the clip. */
  readonly numHistoryFrames: number;
  /** Frames of the clip (T). */
  readonly numFrames: number;
}

/** What Bark's fine model reads besides the codes to be filled in. */
export interface BarkFineOptions<Type extends TokenType> extends BarkTokenOptions<Type> {
  /** Codes that went before, such as a history prompt's `finePrompt`: 8 codebooks, of which the last 512 frames are used. @default none */
  readonly history?: CodesInput | undefined;
}

/**
 * Where the fine model's windows of 1024 rows lie: one every 512 rows, the last moved back to end with the rows.
 *
 * ```
 * rows       |history|clip ..........................|        numHistoryFrames = 512
 * window 0   |hhhhhhh|ppppppp|                                h = seen, p = predicted
 * window 1           |hhhhhhh|ppppppp|
 * window 2             .. |hhhhhhh|ppppppp|                   moved back: its first predictions replace earlier ones
 * ```
 * @param numFrames Frames of the clip, 1 or more.
 * @param numHistoryFrames 0…512.
 * @throws RangeError outside these ranges.
 * Source: suno-ai/bark `bark/generation.py`, `generate_fine` (`start_idx`, `rel_start_fill_idx`); transformers' `BarkFineModel.generate` is the same.
 */
export function barkFineWindows(
  numFrames: number,
  numHistoryFrames: number = 0,
): { readonly start: number; readonly predictFrom: number }[] {
  const { fineWindowLength: length, fineWindowStride: stride } = bark;
  checkCount("numFrames", numFrames, 1);
  checkCount("numHistoryFrames", numHistoryFrames, 0, stride);
  const numRows = Math.max(length, numHistoryFrames + numFrames);
  return Array.from({ length: Math.ceil((numRows - length) / stride) + 1 }, (_, n) => {
    const start = Math.min(n * stride, numRows - length);
    return { start, predictFrom: Math.min(numHistoryFrames + n * stride, numRows - stride) - start };
  });
}

/**
 * Lays out codes for Bark's fine model: known codebooks as they are, the others 1024.
 * For each window in turn and each unknown codebook q, run the model on `window.tokens` and write its codes to rows `predictFrom` to 1023, column q;
 * then `revertBarkFine` gives the completed codes.
 * @param codes One clip's, `[K, T]` with the K = 1…7 codebooks that are known; the coarse model gives 2.
 * @throws CodesError if they are of another codec, a value is no code, or there are no frames.
 * Source: suno-ai/bark `bark/generation.py`, `generate_fine`.
 */
export function layOutBarkFine<Type extends TokenType = "int64">(
  codes: CodesInput,
  options: BarkFineOptions<Type> = {},
): BarkFineLayout<Type> {
  const { type = "int64" as Type, history } = options;
  const { fineWindowLength: length, numFineCodebooks: width } = bark;
  const numKnown = viewGrid(codes).numRows;
  if (numKnown < 1 || numKnown >= width) {
    throw new CodesError(
      "CODES_MISMATCH",
      `found ${numKnown} codebooks; the fine model completes 1 to ${width - 1} of them, usually ${bark.numCoarseCodebooks}`,
    );
  }
  const clip = readBarkCodes(codes, numKnown);
  const past = history === undefined ? undefined : readBarkCodes(history, width);
  if (clip.batchSize !== 1 || (past !== undefined && past.batchSize !== 1)) {
    throw new CodesError("CODES_MISMATCH", "the fine model's windows are those of one clip; lay out the clips of a batch one by one");
  }
  if (clip.numFrames === 0) throw new CodesError("CODES_MISMATCH", "there are no frames to complete");
  const numHistoryFrames = Math.min(past?.numFrames ?? 0, bark.fineWindowStride);
  const numRows = Math.max(length, numHistoryFrames + clip.numFrames);
  const rows = new Uint16Array(numRows * width).fill(bark.finePadToken);
  if (past !== undefined) putFrames(rows, past, past.numFrames - numHistoryFrames, width);
  putFrames(rows.subarray(numHistoryFrames * width), clip, 0, numKnown);
  const tokens = gridOf(type, [numRows, width], rows);
  const windows = barkFineWindows(clip.numFrames, numHistoryFrames).map(({ start, predictFrom }) => {
    const data = tokens.data.subarray(start * width, (start + length) * width) as TokenArrays[Type];
    return { tokens: { type, data, dims: [1, length, width] }, start, predictFrom };
  });
  return { tokens, windows, numHistoryFrames, numFrames: clip.numFrames };
}

/**
 * The codes of a layout whose windows have been predicted, without history and padding.
 * @returns `[1, 8, T]`, 0…1023.
 * @throws CodesError CODES_OUT_OF_RANGE where a code is still unknown.
 */
export function revertBarkFine<Type extends TokenType = "int32">(
  layout: BarkFineLayout,
  options: BarkTokenOptions<Type> = {},
): TokenGrid<Type> {
  const { type = "int32" as Type } = options;
  const { tokens, numHistoryFrames, numFrames } = layout;
  const { numFineCodebooks: width } = bark;
  const codes = new Uint16Array(width * numFrames);
  for (let t = 0; t < numFrames; t++) {
    for (let q = 0; q < width; q++) {
      const code = Number(tokens.data[(numHistoryFrames + t) * width + q]);
      if (!(code >= 0 && code < bark.codebookSize)) {
        const found = code === bark.finePadToken ? "is not predicted yet" : `is ${code}, which is no code`;
        throw new CodesError(
          "CODES_OUT_OF_RANGE",
          `codebook ${q} of frame ${t} ${found}; expected 0 to ${bark.codebookSize - 1} in every cell of the clip`,
        );
      }
      codes[q * numFrames + t] = code;
    }
  }
  return gridOf(type, [1, width, numFrames], codes);
}

/** Writes frames from `firstFrame` on as the first rows. */
function putFrames(rows: Uint16Array, { data, numFrames }: BarkCodes, firstFrame: number, numCodebooks: number): void {
  for (let q = 0; q < numCodebooks; q++) {
    for (let t = firstFrame; t < numFrames; t++) rows[(t - firstFrame) * bark.numFineCodebooks + q] = data[q * numFrames + t]!;
  }
}
