import { CodesError } from "../../core/index.ts";
import { isCode } from "../grid/check-codes.ts";
import { checkCount } from "../grid/check-count.ts";
import { gridOf, tabulateGrid } from "../grid/token-grid.ts";
import type { CodesInput, GridView, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { viewModelCodes } from "../models/check-model-codes.ts";
import { checkCodecFor, modelLayouts, valle } from "../models/model-layouts.ts";
import { buildModelSequence } from "../sequence/model-sequence.ts";

/** What a model reads, and what it is to answer: 1024 where there is nothing to learn, in a padded batch, or the end is. */
export interface ValleRows<Type extends TokenType = TokenType> {
  readonly input: TokenGrid<Type>;
  /** What the model is to say, `[B, S]`. */
  readonly target: TokenGrid<Type>;
}

/**
 * What VALL-E's autoregressive model reads after the text, and what it is to predict: codebook 0.
 *
 * ```
 * input    a0 a1 a2          with prependBos   1025 a0 a1   a2
 * target   a1 a2 1024                            a0 a1 a2 1024
 * ```
 * @param codes One clip `[K, T]` or several, of which codebook 0 is used; shorter ones are padded with 1024.
 * @returns `input` and `target` `[B, S]`, S = T, or T + 1 with `prependBos`.
 * Source: lifeiteng/vall-e `valle/models/valle.py` (9c69096), `pad_y_eos`.
 */
export function valleSequence<Type extends TokenType = "int64">(
  codes: CodesInput | readonly CodesInput[],
  { prependBos = false, type = "int64" as Type }: { readonly prependBos?: boolean | undefined; readonly type?: Type | undefined } = {},
): ValleRows<Type> {
  const sequence = buildModelSequence(viewClips(codes).map(codebook0), valle({ prependBos }), { type: "int32" });
  const [batchSize, , numSteps] = sequence.dims as [number, number, number];
  const shifted = (by: number) =>
    tabulateGrid(type, [batchSize, numSteps - 1], (item, step) => sequence.data[item * numSteps + step + by]!);
  return { input: shifted(0), target: shifted(1) };
}

/**
 * What VALL-E's non-autoregressive model reads at a stage, the sum of whose embeddings it takes, and the codebook that it is to predict.
 * @param codes One clip `[K, T]` or several, K > `stage`.
 * @param stage j = 1…7: codebooks 0…j − 1 are read and j is predicted.
 * @returns `input` `[B, j, T]`, `target` `[B, T]`. Frames beyond a clip are 1024 in codebook 0 and in `target`, where the loss leaves them out, and 0 in the other
 * codebooks, whose tables have no row for padding.
 * @throws RangeError if there is no such stage, CodesError if the codes have too few codebooks.
 * Source: lifeiteng/vall-e `valle/models/valle.py` (9c69096), `VALLE.forward` and `_prepare_prompts` with prefix mode 0.
 */
export function valleStage<Type extends TokenType = "int64">(
  codes: CodesInput | readonly CodesInput[],
  stage: number,
  { type = "int64" as Type }: { readonly type?: Type | undefined } = {},
): ValleRows<Type> {
  checkCount("stage", stage, 1, 7);
  const clips = viewClips(codes);
  const short = clips.find((clip) => clip.numRows <= stage);
  if (short !== undefined) {
    throw new CodesError(
      "CODES_MISMATCH",
      `stage ${stage} predicts codebook ${stage}; the codes have ${short.numRows} codebooks: encode at 6 kbps`,
    );
  }
  const numFrames = Math.max(0, ...clips.map((clip) => clip.numColumns));
  const { pad } = modelLayouts.valle.tokens;
  const codeAt = (item: number, q: number, t: number, beyond: number) =>
    t < clips[item]!.numColumns ? codeOf(clips[item]!, q, t) : beyond;
  return {
    input: tabulateGrid(type, [clips.length, stage, numFrames], (row, t) =>
      codeAt(Math.floor(row / stage), row % stage, t, row % stage === 0 ? pad : 0),
    ),
    target: tabulateGrid(type, [clips.length, numFrames], (item, t) => codeAt(item, stage, t, pad)),
  };
}

/**
 * The codes of a generated clip: what the autoregressive model said, up to its end, and the rows of the stages after it.
 * @param rows Codebook 0, then what stages 1, 2, … predicted, as far as they were run: tensors or lists of T codes each. The first may end with the
 *   token for the end, 1024, after which nothing counts.
 * @returns `[1, rows.length, T]`; `AudioCodes.fromTensor` takes it.
 * @throws CodesError if the rows differ in length, or hold anything but codes.
 */
export function joinValleRows<Type extends TokenType = "int32">(
  rows: readonly (ArrayLike<number | bigint> | { readonly data: ArrayLike<number | bigint> })[],
  { type = "int32" as Type }: { readonly type?: Type | undefined } = {},
): TokenGrid<Type> {
  checkCount("the number of rows", rows.length, 1, 8);
  const { codebookSize, tokens } = modelLayouts.valle;
  const values = rows.map((row) => Array.from("data" in row ? row.data : row));
  const end = values[0]!.findIndex((token) => Number(token) === tokens.eos);
  const numFrames = end < 0 ? values[0]!.length : end;
  for (const [q, row] of values.entries()) {
    if (q > 0 && row.length !== numFrames) {
      throw new CodesError("CODES_MISMATCH", `codebook ${q} has ${row.length} codes; codebook 0 has ${numFrames} before its end`);
    }
    const wrong = row.slice(0, numFrames).findIndex((code) => !isCode(code, codebookSize));
    if (wrong >= 0)
      throw new CodesError(
        "CODES_OUT_OF_RANGE",
        `codebook ${q} holds ${String(row[wrong])}, which is no code; expected 0 to ${codebookSize - 1}`,
      );
  }
  return gridOf(
    type,
    [1, rows.length, numFrames],
    values.flatMap((row) => row.slice(0, numFrames).map(Number)),
  );
}

function codebook0(clip: Clip): CodesInput {
  return { data: Array.from({ length: clip.numColumns }, (_, t) => codeOf(clip, 0, t)), dims: [1, clip.numColumns] };
}

/** One clip of a batch: where its codes begin in `data`. */
interface Clip extends GridView {
  readonly start: number;
}

function viewClips(codes: CodesInput | readonly CodesInput[]): Clip[] {
  checkCodecFor(modelLayouts.valle, codes);
  return viewModelCodes(codes, modelLayouts.valle).flatMap((view) =>
    Array.from({ length: view.batchSize }, (_, item) => ({ ...view, start: item * view.numRows * view.numColumns })),
  );
}

function codeOf({ data, start, numColumns }: Clip, q: number, t: number): number {
  return Number(data[start + q * numColumns + t]);
}
