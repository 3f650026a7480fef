import { CodesError } from "../../core/index.ts";
import type { TensorLike } from "../../core/index.ts";
import { checkCodes } from "../grid/check-codes.ts";
import { checkToken, filledGrid, gridOf, numbersOf, tabulateGrid, viewGrid } from "../grid/token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { ignoredLabel } from "../sequence/next-step-labels.ts";
import { numDelaysOf } from "./musicgen-lengths.ts";
import { defaultPadToken, viewMusicgenCodes } from "./musicgen.ts";

/** How labels become MusicGen's inputs. */
export interface MusicgenShiftTokensOptions<Type extends TokenType = TokenType> {
  /** `pad_token_id`: stands where a label is ignored. @default 2048 */
  readonly padToken?: number | undefined;
  /** `decoder_start_token_id`: the first step. @default padToken */
  readonly startToken?: number | undefined;
  /** Type of the labels. @default "int64" */
  readonly type?: Type | undefined;
}

/**
 * The decoder's input in training: labels one step later, after the start token.
 * @param labels `[B, S, K]`, steps before codebooks; `[S, K]` is a batch of one. Codes below `padToken`, `padToken` and −100.
 * @returns `[B, K, S]`.
 * @throws CodesError if there is no step, or another value.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `shift_tokens_right`.
 */
export function musicgenShiftTokensRight<Type extends TokenType = "int64">(
  labels: TensorLike,
  options: MusicgenShiftTokensOptions<Type> = {},
): TokenGrid<Type> {
  const { padToken = defaultPadToken, startToken = padToken, type = "int64" as Type } = options;
  checkToken(padToken, type, "padToken");
  const view = viewGrid(labels);
  const { batchSize, numRows: numSteps, numColumns: numCodebooks } = view;
  if (numSteps === 0) throw new CodesError("CODES_MISMATCH", "labels need at least one step; found none");
  checkCodes(view, padToken, { special: [padToken, ignoredLabel], isTimeMajor: true });
  const tokens = numbersOf(view.data);
  return tabulateGrid(type, [batchSize, numCodebooks, numSteps], (row, step) => {
    const item = Math.floor(row / numCodebooks);
    const token = step === 0 ? startToken : tokens[(item * numSteps + step - 1) * numCodebooks + (row % numCodebooks)]!;
    return token === ignoredLabel ? padToken : token;
  });
}

/** How codes become MusicGen's labels. */
export interface MusicgenDelayLabelsOptions<Type extends TokenType = TokenType> extends MusicgenShiftTokensOptions<Type> {
  /** `audio_channels`: in stereo the rows are left and right in turn. @default 1; must be said for 8 codebooks */
  readonly channels?: 1 | 2 | undefined;
  /** Leave out the last C − 1 steps, as audiocraft trains; the last frames of later codebooks are then not learnt. @default false */
  readonly keepOnlyValidSteps?: boolean | undefined;
}

/**
 * Labels to train MusicGen of transformers with, which shifts labels but does not delay them.
 *
 * ```
 * codes       labels (transposed)   decoderInputIds      . = −100, P = padToken
 * a0 a1 a2    a0 a1 a2  .           P a0 a1 a2
 * b0 b1 b2     . b0 b1 b2           P  P b0 b1
 * ```
 * @param codes `[K, T]`, `[B, K, T]`, or a list of clips of any lengths. Cells of −100 or `padToken`, and those after the end of a shorter clip,
 * become ignored labels.
 * @returns `labels` `[B, S, K]` and `decoderInputIds` `[B, K, S]`; S = T + C − 1, or T with `keepOnlyValidSteps`; T is the longest clip's, C the
 * codebooks of a channel. The model makes the same `decoderInputIds` of the labels where it is given those alone.
 * @throws CodesError if there is no frame, a value is not a code, or the codes are of another codec.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `MusicgenForCausalLM.forward`; audiocraft `models/lm.py` (896ec7c), `compute_predictions`.
 */
export function musicgenDelayLabels<Type extends TokenType = "int64">(
  codes: CodesInput | readonly CodesInput[],
  options: MusicgenDelayLabelsOptions<Type> = {},
): { readonly decoderInputIds: TokenGrid<Type>; readonly labels: TokenGrid<Type> } {
  const { padToken = defaultPadToken, keepOnlyValidSteps = false, type = "int64" as Type } = options;
  const views = viewMusicgenCodes(codes, padToken, [padToken, ignoredLabel]);
  const numCodebooks = views[0]!.numRows;
  const other = views.find(({ numRows }) => numRows !== numCodebooks);
  if (other !== undefined)
    throw new CodesError("CODES_MISMATCH", `clips of ${numCodebooks} and of ${other.numRows} codebooks make no batch`);
  const numDelays = numDelaysOf({ ...options, numCodebooks });
  const channels = numCodebooks / numDelays;
  const numFrames = Math.max(...views.map(({ numColumns }) => numColumns));
  if (numFrames === 0) throw new CodesError("CODES_MISMATCH", "codes need at least one frame; found none");
  const numSteps = keepOnlyValidSteps ? numFrames : numFrames + numDelays - 1;
  const batchSize = views.reduce((sum, view) => sum + view.batchSize, 0);
  const labels = filledGrid("int32", [batchSize, numSteps, numCodebooks], ignoredLabel);
  let firstRow = 0;
  for (const view of views) {
    const tokens = numbersOf(view.data);
    for (let index = 0; index < tokens.length; index++) {
      const frame = index % view.numColumns;
      const row = firstRow + Math.floor(index / view.numColumns);
      const codebook = row % numCodebooks;
      const step = frame + Math.floor(codebook / channels);
      if (step >= numSteps || tokens[index] === padToken) continue;
      labels.data[(Math.floor(row / numCodebooks) * numSteps + step) * numCodebooks + codebook] = tokens[index]!;
    }
    firstRow += view.batchSize * numCodebooks;
  }
  return {
    decoderInputIds: musicgenShiftTokensRight(labels, { ...options, padToken, type }),
    labels: gridOf(type, labels.dims, labels.data),
  };
}
