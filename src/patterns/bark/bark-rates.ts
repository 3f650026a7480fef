import { checkCount } from "../grid/check-count.ts";
import { bark } from "./bark-codes.ts";

/**
 * Frames and semantic tokens in the same time: 75 Hz and 49.9 Hz.
 * The reference computes with the quotient as a float, 75 / 49.9 × 2 coarse tokens per semantic token; whole numbers give the same results
 * and show why: `n × 1500 / 499` is never halfway between two integers, so no rule for halves comes into play.
 */
const numFramesPerPeriod = 750;
const numSemanticPerPeriod = 499;

/**
 * Frames that Bark's coarse model generates for a semantic sequence: 750 for 499 tokens, rounded down.
 * @throws RangeError unless `numSemantic` is a whole number.
 * Source: suno-ai/bark `bark/generation.py`, `generate_coarse` (`n_steps`).
 */
export function barkCoarseFrames(numSemantic: number): number {
  checkCount("numSemantic", numSemantic, 0);
  return Math.floor((numSemantic * numFramesPerPeriod) / numSemanticPerPeriod);
}

/** Tokens that Bark's coarse model generates for a semantic sequence: two for each of `barkCoarseFrames`. */
export function barkCoarseSteps(numSemantic: number): number {
  return bark.numCoarseCodebooks * barkCoarseFrames(numSemantic);
}

/**
 * Semantic tokens that last as long as so many frames, to the nearest. Where Bark accepts any length for them, it accepts this one.
 * @throws RangeError unless `numFrames` is a whole number.
 */
export function barkSemanticLength(numFrames: number): number {
  checkCount("numFrames", numFrames, 0);
  return Math.round((numFrames * numSemanticPerPeriod) / numFramesPerPeriod);
}

/**
 * Lengths of semantic sequences that Bark accepts beside so many frames of a history prompt, or null where it accepts none
 * (fewer than 15 frames, unless a multiple of 3).
 *
 * The reference demands `round(numFrames / length, 1) == 1.5`. Python rounds the quotient's exact value, and neither 1.45 nor 1.55 is a
 * float: the nearest floats round away from 1.5, and so the rule is 1.45 < numFrames / length < 1.55.
 * @returns The shortest and the longest.
 * @throws RangeError unless `numFrames` is a whole number.
 * Source: suno-ai/bark `bark/generation.py`, the assertion in `generate_coarse`. Transformers does not check.
 */
export function barkSemanticLengths(numFrames: number): { readonly min: number; readonly max: number } | null {
  checkCount("numFrames", numFrames, 0);
  const min = Math.floor((20 * numFrames) / 31) + 1;
  const max = Math.ceil((20 * numFrames) / 29) - 1;
  return min <= max ? { min, max } : null;
}

/**
 * How much of a history prompt Bark's coarse model is given: the last `numSemantic` semantic tokens; of the last
 * `numCoarse + 2` coarse tokens all but the last two, which aligns them in time.
 *
 * `numCoarse` may be odd, so that the history starts within a frame; it always ends with one. Where no semantic token can be used, both are
 * 0. The references then cut with `[-0:]`, which keeps everything: the whole semantic prompt, and all but two coarse tokens.
 * @param numSemantic Semantic tokens in the prompt.
 * @param numFrames Frames of its coarse part.
 * @param maxCoarseHistory Coarse tokens that the model may look back on, 60…630.
 * @throws RangeError outside these ranges.
 * Source: suno-ai/bark `bark/generation.py`, `generate_coarse`; huggingface/transformers `models/bark/modeling_bark.py`, `preprocess_histories`.
 */
export function barkHistoryLengths(
  numSemantic: number,
  numFrames: number,
  maxCoarseHistory: number = bark.maxCoarseHistory,
): { readonly numSemantic: number; readonly numCoarse: number } {
  checkCount("numSemantic", numSemantic, 0);
  checkCount("numFrames", numFrames, 0);
  checkCount("maxCoarseHistory", maxCoarseHistory, 60, bark.maxCoarseHistory);
  const kept = Math.min(
    semanticTokensFor(maxCoarseHistory),
    numSemantic - (numSemantic % 2),
    semanticTokensFor(bark.numCoarseCodebooks * numFrames),
  );
  const numCoarse = Math.round((kept * bark.numCoarseCodebooks * numFramesPerPeriod) / numSemanticPerPeriod);
  return { numSemantic: kept, numCoarse: Math.max(0, numCoarse - bark.numCoarseCodebooks) };
}

/** Semantic tokens whose time is up within so many coarse tokens. */
function semanticTokensFor(numCoarse: number): number {
  return Math.floor((numCoarse * numSemanticPerPeriod) / (bark.numCoarseCodebooks * numFramesPerPeriod));
}
