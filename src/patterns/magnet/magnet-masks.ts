import { checkCount } from "../grid/check-count.ts";
import { roundHalfEven } from "../grid/round-half-even.ts";
import { gridOf } from "../grid/token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { viewModelCodes } from "../models/check-model-codes.ts";
import { checkCodecFor, checkRowsFor, modelLayouts } from "../models/model-layouts.ts";
import type { ModelLayout } from "../models/model-layouts.ts";
import { maskRateAt } from "./magnet-schedule.ts";

/** What is masked of codes that MAGNeT learns from. */
export interface MaskMagnetOptions<Type extends TokenType> {
  /** `modelLayouts["audio-magnet"]` for the models of 16 kHz. @default modelLayouts.magnet */
  readonly layout?: ModelLayout | undefined;
  /** Codebook to be learned, the same for the whole batch. @default one at random */
  readonly stage?: number | undefined;
  /** Frames that are masked together. @default 3 */
  readonly spanLength?: number | undefined;
  /** Uniform in 0…1, such as a seeded generator. Asked once for the stage unless it is given, then for each clip once and T times. @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Type of the tokens. @default "int64" */
  readonly type?: Type | undefined;
}

/** A batch to train MAGNeT on. */
export interface MaskedMagnetCodes<Type extends TokenType = TokenType> extends TokenGrid<Type> {
  /** The codebook to be learned. */
  readonly stage: number;
  /** A mask of the same shape: 1 where a code is to be learned, the masked cells of codebook `stage`. */
  readonly lossMask: Uint8Array;
}

/**
 * Masks codes as MAGNeT is trained: codebooks before the stage stay, spans of the stage's are masked, all later ones are masked throughout.
 *
 * ```
 * stage 1     a0 a1 a2 a3 a4 a5      M = 2048
 *             b0  M  M  M b4 b5      loss on these
 *              M  M  M  M  M  M
 * ```
 * @param codes `[4, T]` or `[B, 4, T]`.
 * @returns `[B, 4, T]`.
 * @throws CodesError if the codes are not those of MAGNeT's codecs.
 * @throws RangeError for a stage that is no codebook, or spans longer than the clip.
 * Source: audiocraft `solvers/magnet.py` (896ec7c), `MagnetSolver.run_step`, `_spans_mask`, `_non_spans_mask`.
 */
export function maskMagnetCodes<Type extends TokenType = "int64">(
  codes: CodesInput,
  options: MaskMagnetOptions<Type> = {},
): MaskedMagnetCodes<Type> {
  const { layout = modelLayouts.magnet } = options;
  const { pattern, tokens } = layout;
  checkCodecFor(layout, codes);
  const { numCodebooks } = pattern;
  const { spanLength = 3, random = Math.random, type = "int64" as Type } = options;
  const { data, batchSize, numRows, numColumns } = viewModelCodes(codes, layout)[0]!;
  checkRowsFor(layout, numRows);
  const stage = options.stage ?? Math.floor(random() * numCodebooks);
  checkCount("stage", stage, 0, numCodebooks - 1);
  const masked = new Int32Array(data.length).fill(tokens.mask!);
  const lossMask = new Uint8Array(data.length);
  const numSpans = magnetSpanCounts(numColumns, spanLength);
  for (let item = 0; item < batchSize; item++) {
    const start = item * numCodebooks * numColumns;
    lossMask.set(spansMask(numColumns, spanLength, numSpans, random), start + stage * numColumns);
    for (let cell = start; cell < start + (stage + 1) * numColumns; cell++) {
      if (lossMask[cell] === 0) masked[cell] = Number(data[cell]);
    }
  }
  return { ...gridOf(type, [batchSize, numCodebooks, numColumns], masked), stage, lossMask };
}

/**
 * How many spans, placed at random and allowed to overlap, mask a given fraction of a clip on average.
 * @param numFrames T, not less than `spanLength`.
 * @returns `[101]`: the spans for 0, 1, … 100 percent.
 * @throws RangeError if a span is longer than the clip.
 * Source: audiocraft `solvers/magnet.py` (896ec7c), `_calc_mean_maskrate_to_u_LUT`; the MAGNeT paper (2401.04577), appendix C.
 */
export function magnetSpanCounts(numFrames: number, spanLength: number = 3): number[] {
  if (!Number.isInteger(spanLength) || spanLength < 1 || !Number.isSafeInteger(numFrames) || numFrames < spanLength) {
    throw new RangeError(
      `a clip of ${numFrames} frames cannot be masked in spans of ${spanLength}; expected 1 frame or more to a span, and no more than the clip has`,
    );
  }
  const means = new Float64Array(numFrames);
  let untouched = (numFrames - spanLength) / numFrames;
  for (let spans = 1; spans < numFrames; spans++) {
    means[spans] = 1 - untouched;
    untouched *= (numFrames - spanLength - spans) / (numFrames - spans);
  }
  let spans = 0;
  return Array.from({ length: 101 }, (_, percent) => {
    while (spans < numFrames && means[spans]! < percent / 100) spans++;
    return spans;
  });
}

/** A mask of as many rows and columns takes 256 MiB; MAGNeT's clips have 1500 frames. */
const maxAttentionFrames = 16_384;

/**
 * Which frames see which in MAGNeT's self-attention: all of them in stage 0, those within `context` frames in the others.
 * @param stage Codebook, 0…3.
 * @param context In frames; −1 restricts nothing (`subcodes_context`).
 * @returns `[T, T]`, 1 where the row's frame attends to the column's; null where nothing is restricted.
 * @throws RangeError if there is no such stage, or a number is not a whole one.
 * Source: audiocraft `models/lm_magnet.py` (896ec7c), `restricted_context_attn_mask`, `_stage_attn_mask` (which puts 0 and −∞, and pads to a multiple of 8).
 */
export function magnetAttentionMask(stage: number, numFrames: number, context: number = 5): Uint8Array | null {
  checkCount("stage", stage, 0, modelLayouts.magnet.pattern.numCodebooks - 1);
  checkCount("numFrames", numFrames, 0, maxAttentionFrames);
  checkCount("context", context, -1);
  if (stage === 0 || context === -1) return null;
  const mask = new Uint8Array(numFrames * numFrames);
  for (let frame = 0; frame < numFrames; frame++) {
    const row = frame * numFrames;
    mask.fill(1, row + Math.max(0, frame - context), row + Math.min(numFrames, frame + context + 1));
  }
  return mask;
}

/** One clip's mask: a fraction drawn from the cosine schedule, as spans that start at random frames and end with the clip at the latest. */
function spansMask(numFrames: number, spanLength: number, numSpans: readonly number[], random: () => number): Uint8Array {
  const maskRate = maskRateAt(Math.fround(random()));
  const count = spanLength === 1 ? roundHalfEven(Math.fround(numFrames * maskRate)) : numSpans[roundHalfEven(Math.fround(100 * maskRate))]!;
  const keys = Float32Array.from({ length: numFrames }, random);
  const order = Array.from(keys.keys()).toSorted((a, b) => keys[a]! - keys[b]! || a - b);
  const mask = new Uint8Array(numFrames);
  for (const [frame, rank] of order.entries()) if (rank < Math.max(count, 1)) mask.fill(1, frame, frame + spanLength);
  return mask;
}
