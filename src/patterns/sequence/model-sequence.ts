import { CodesError } from "../../core/index.ts";
import { filledGrid, tabulateGrid, viewGrid } from "../grid/token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { PatternCursor } from "../layout/pattern-cursor.ts";
import type { CursorOptions } from "../layout/pattern-cursor.ts";
import { patternProvider } from "../layout/pattern-provider.ts";
import type { PatternSequence } from "../layout/pattern.ts";
import { checkModelLayout, viewModelCodes } from "../models/check-model-codes.ts";
import { checkCodecFor, checkRowsFor } from "../models/model-layouts.ts";
import type { ModelLayout } from "../models/model-layouts.ts";
import { patternOf, sequenceLayout, stepsOf } from "./sequence-layout.ts";

/** What stands around the codes in a sequence for a model. */
export interface ModelSequenceOptions<Type extends TokenType> {
  /** Whether the clips end where their codes do; false for a prompt, which the model continues. @default true where the model has an `eos` */
  readonly hasEnded?: boolean | undefined;
  /** Type of the tokens. @default "int64" */
  readonly type?: Type | undefined;
}

/** Codes of a batch of clips. */
export interface ModelCodes<Type extends TokenType = TokenType> extends TokenGrid<Type> {
  /** `[B]`: frames of each clip; beyond them is the layout's `pad`. */
  readonly lengths: readonly number[];
}

/**
 * Lays codes out as a known model reads them, with its special tokens.
 *
 * ```
 * Dia, shortened to delays [0, 2]      B bos, E eos, P pad
 * codes [2, T]   a0 a1 a2              sequence [2, S]   B a0 a1 a2  E  P
 *                b0 b1 b2                                B  B  B b0 b1 b2  E
 * ```
 * Models that predict the next step read all steps but the last and are trained on all but the first.
 * @param codes `[K, T]`, `[B, K, T]`, or a list of clips of any lengths; shorter ones end early.
 * @returns `[B, K, S]`: S = T and the steps of an empty first step, the delays and the eos, as far as the layout has them.
 * @throws CodesError if the codes are not of the model's codec: another number of codebooks, or of entries in them.
 * @throws RangeError if the model has no eos for `ended`, or the sequence would have no steps.
 */
export function buildModelSequence<Type extends TokenType = "int64">(
  codes: CodesInput | readonly CodesInput[],
  layout: ModelLayout,
  options: ModelSequenceOptions<Type> = {},
): PatternSequence<Type> {
  checkModelLayout(layout);
  const { name, codebookSize } = layout;
  const withEos = sequenceLayout(layout, codebookSize);
  const { hasEnded = withEos.eosToken !== null, type = "int64" as Type } = options;
  if (hasEnded && withEos.eosToken === null) throw new RangeError(`${name} has no token for the end of a clip; leave ended out`);
  const views = viewModelCodes(codes, layout);
  checkCodecFor(layout, codes);
  for (const { numRows } of views) checkRowsFor(layout, numRows);
  const numFrames = Math.max(0, ...views.map((view) => view.numColumns));
  const laidOut = hasEnded ? withEos : { ...withEos, eosToken: null };
  return patternOf(laidOut, numFrames).buildSequence(codes, { ...laidOut, codebookSize, type });
}

/**
 * The codes of a model's sequence: the inverse of `buildModelSequence`, and what a generated sequence decodes to.
 * A clip ends before its first frame that is not whole, because a code of it is special or not there yet. Moshi's layout cuts the last frame so.
 * Where references carry on with something else (Dia decodes code 0, Parler-TTS leaves such frames out), this stops.
 * @param sequence `[K, S]` or `[B, K, S]`, from the first step on; may end early.
 * @returns `[B, K, T]`, T frames in the longest clip; `AudioCodes.fromTensor` takes it.
 * @throws CodesError if the sequence has another number of codebooks, or a token that is neither a code nor one of the layout's.
 */
export function revertModelSequence<Type extends TokenType = "int32">(
  sequence: CodesInput,
  layout: ModelLayout,
  { type = "int32" as Type }: { readonly type?: Type | undefined } = {},
): ModelCodes<Type> {
  checkModelLayout(layout);
  const { keepOnlyValidSteps, tokens } = layout;
  const { numCodebooks } = layout.pattern;
  const { batchSize, numRows, numColumns } = viewGrid(sequence);
  if (numRows !== numCodebooks) {
    throw new CodesError("CODES_MISMATCH", `the sequence has ${numRows} codebooks; that of ${layout.name} has ${numCodebooks}`);
  }
  const timesteps = Math.max(0, numColumns - extraSteps(layout));
  if (timesteps === 0) return { ...filledGrid(type, [batchSize, numCodebooks, 0]), lengths: Array.from({ length: batchSize }, () => 0) };
  const cells = patternProvider(layout.pattern)
    .getPattern(timesteps)
    .revertSequence(sequence, { specialToken: tokens.pad, keepOnlyValidSteps });
  const lengths = wholeFrames(cells, layout);
  const numFrames = Math.max(0, ...lengths);
  const codeAt = (row: number, t: number) => (t < lengths[Math.floor(row / numCodebooks)]! ? cells.data[row * timesteps + t]! : tokens.pad);
  return { ...tabulateGrid(type, [batchSize, numCodebooks, numFrames], codeAt), lengths };
}

/**
 * Generation with a known model, step by step, see `PatternCursor`. `cursor.prefix` is what the model reads first;
 * its eos ends a clip where it stands in the first cell of a frame. The steps are those of `buildModelSequence`. Only where that leaves out
 * the steps of the delays (Moshi) does the cursor go on through them, so that the last frames become whole too.
 * @param timesteps Frames (T) to generate at most, the prompt's included.
 */
export function modelCursor<Type extends TokenType = "int64">(
  layout: ModelLayout,
  timesteps: number,
  options: Pick<CursorOptions<Type>, "prompt" | "batchSize" | "type"> = {},
): PatternCursor<Type> {
  checkModelLayout(layout);
  if (options.prompt !== undefined) checkCodecFor(layout, options.prompt);
  const { codebookSize } = layout;
  const { type = "int64" as Type } = options;
  const laidOut = sequenceLayout(layout, codebookSize);
  const cursor = new PatternCursor(patternOf(laidOut, timesteps), { ...options, ...laidOut, codebookSize, type });
  cursor.endAt(timesteps);
  return cursor;
}

/** Steps of a sequence besides one for each frame. */
function extraSteps({ pattern, keepOnlyValidSteps }: ModelLayout): number {
  return stepsOf({ keepOnlyValidSteps }, patternProvider(pattern).getPattern(1)) - 1;
}

/** `[B]`: frames before the first that lacks a code. */
function wholeFrames({ data, dims }: TokenGrid<"int32">, { name, codebookSize, tokens }: ModelLayout): number[] {
  const [batchSize, numCodebooks, timesteps] = dims as [number, number, number];
  const special = Object.values(tokens) as number[];
  const lengths = Array.from({ length: batchSize }, () => timesteps);
  for (let row = 0; row < batchSize * numCodebooks; row++) {
    const item = Math.floor(row / numCodebooks);
    for (let t = 0; t < lengths[item]!; t++) {
      const token = data[row * timesteps + t]!;
      const isCode = token >= 0 && token < codebookSize;
      if (!isCode && !special.includes(token)) {
        throw new CodesError(
          "CODES_OUT_OF_RANGE",
          `token ${token} is neither a code of ${name}, 0 to ${codebookSize - 1}, nor one of its special tokens ${JSON.stringify(tokens)}`,
        );
      }
      if (!isCode) lengths[item] = t;
    }
  }
  return lengths;
}
