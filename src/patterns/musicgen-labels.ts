import { CodesError } from "../core/index.ts";
import type { TensorLike } from "../core/index.ts";
import { defaultPadToken } from "./musicgen.ts";
import { numDelaysOf } from "./musicgen-lengths.ts";
import { checkToken, tabulateGrid, viewGrid } from "./token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "./token-grid.ts";

/** The label that losses skip, in PyTorch and transformers alike. */
const ignoredLabel = -100;

export interface ShiftTokensOptions<Type extends TokenType = TokenType> {
  /** `pad_token_id`: stands where a label is ignored. @default 2048 */
  readonly padToken?: number | undefined;
  /** `decoder_start_token_id`: the first step. @default padToken */
  readonly startToken?: number | undefined;
  /** @default "int64" */
  readonly type?: Type | undefined;
}

/**
 * The decoder's input in training: labels one step later, after the start token.
 * @param labels `[B, S, K]`, steps before codebooks; `[S, K]` is a batch of one.
 * @returns `[B, K, S]`.
 * @throws CodesError if there is no step.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `shift_tokens_right`.
 */
export function shiftTokensRight<Type extends TokenType = "int64">(
  labels: TensorLike,
  options: ShiftTokensOptions<Type> = {},
): TokenGrid<Type> {
  const { padToken = defaultPadToken, startToken = padToken, type = "int64" as Type } = options;
  checkToken(padToken, type, "padToken");
  const { data, batchSize, numRows: numSteps, numColumns: numCodebooks } = viewGrid(labels);
  if (numSteps === 0) throw new CodesError("CODES_MISMATCH", "labels need at least one step; found none");
  return tabulateGrid(type, [batchSize, numCodebooks, numSteps], (row, step) => {
    const item = Math.floor(row / numCodebooks);
    const token = step === 0 ? startToken : data[(item * numSteps + step - 1) * numCodebooks + (row % numCodebooks)]!;
    return Number(token) === ignoredLabel ? padToken : token;
  });
}

export interface DelayLabelsOptions<Type extends TokenType = TokenType> extends ShiftTokensOptions<Type> {
  /** `audio_channels`: in stereo the rows are left and right in turn. @default 1 */
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
 * @param codes `[K, T]` or `[B, K, T]`. Cells of −100 or `padToken`, such as after the end of a shorter clip, become ignored labels.
 * @returns `labels` `[B, S, K]` and `decoderInputIds` `[B, K, S]`; S = T + C − 1, or T with `keepOnlyValidSteps`; C is the codebooks of a channel.
 * The model makes the same `decoderInputIds` of the labels where it is given those alone.
 * @throws CodesError if there is no frame, or a value is not a code.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `MusicgenForCausalLM.forward`; audiocraft `models/lm.py` (896ec7c), `compute_predictions`.
 */
export function delayLabels<Type extends TokenType = "int64">(
  codes: CodesInput,
  options: DelayLabelsOptions<Type> = {},
): { readonly decoderInputIds: TokenGrid<Type>; readonly labels: TokenGrid<Type> } {
  const { padToken = defaultPadToken, channels = 1, keepOnlyValidSteps = false, type = "int64" as Type } = options;
  const { data, batchSize, numRows: numCodebooks, numColumns: numFrames } = viewGrid(codes);
  const numDelays = numDelaysOf({ numCodebooks, channels });
  if (numFrames === 0) throw new CodesError("CODES_MISMATCH", "codes need at least one frame; found none");
  const numSteps = keepOnlyValidSteps ? numFrames : numFrames + numDelays - 1;
  const labels = tabulateGrid(type, [batchSize, numSteps, numCodebooks], (row, codebook) => {
    const item = Math.floor(row / numSteps);
    const frame = (row % numSteps) - Math.floor(codebook / channels);
    if (frame < 0 || frame >= numFrames) return ignoredLabel;
    const code = Number(data[(item * numCodebooks + codebook) * numFrames + frame]);
    if (code === padToken || code === ignoredLabel) return ignoredLabel;
    if (code < 0) {
      throw new CodesError(
        "CODES_OUT_OF_RANGE",
        `value ${code} at frame ${frame} of codebook ${codebook} is neither a code, nor ${padToken}, nor −100`,
      );
    }
    return code;
  });
  return { decoderInputIds: shiftTokensRight(labels, { ...options, padToken, type }), labels };
}
