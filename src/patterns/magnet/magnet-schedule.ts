import { checkCount } from "../grid/check-count.ts";

/** One run of the model within a stage of MAGNeT's decoding. */
export interface MagnetStep {
  /** Share of the spans to be generated that is masked, 1 at the first step and about 0 at the last. */
  readonly maskRate: number;
  /** Spans that are masked: those with the highest scores. Never more than at the step before; 1 at the last. */
  readonly numMasked: number;
  /** What logits are divided by before sampling, 0.01 or more. */
  readonly temperature: number;
  /** Weight of the conditional logits: `uncond + (cond - uncond) * guidance`. */
  readonly guidance: number;
}

/** How MAGNeT generates one codebook. */
export interface MagnetScheduleOptions {
  /** Spans to be generated. */
  readonly numSpans: number;
  /** Times that the model runs. The reference takes 20, 10, 10 and 10 for codebooks 0 to 3. */
  readonly numSteps: number;
  /** Temperature of the first step; it falls evenly from there. @default 3 */
  readonly temperature?: number | undefined;
  /** Whether the temperature falls (`anneal_temp`). @default true */
  readonly annealTemperature?: boolean | undefined;
  /** Guidance while all is masked (`max_cfg_coef`). @default 10 */
  readonly maxGuidance?: number | undefined;
  /** Guidance at the end (`min_cfg_coef`). @default 1 */
  readonly minGuidance?: number | undefined;
}

/**
 * The steps of one stage of MAGNeT's decoding.
 * It computes in float32 where the reference does: two thirds of the way the cosine is a half, and one rounding more or less would mask a span more or less.
 * Source: audiocraft `models/lm_magnet.py` (896ec7c), `_generate_stage`.
 * @throws RangeError for a number of spans or steps that is not a whole number, at least 1.
 */
export function magnetSchedule(options: MagnetScheduleOptions): MagnetStep[] {
  const { numSpans, numSteps, temperature = 3, annealTemperature = true, maxGuidance = 10, minGuidance = 1 } = options;
  checkCount("numSpans", numSpans, 1);
  checkCount("numSteps", numSteps, 1);
  return linspace(numSteps).map((time, step) => {
    const maskRate = maskRateAt(time);
    return {
      maskRate,
      numMasked: Math.max(Math.trunc(Math.fround(maskRate * numSpans)), 1),
      temperature: Math.max(annealTemperature ? temperature * ((numSteps - 1 - step) / numSteps) : temperature, 0.01),
      guidance: maskRate * maxGuidance + (1 - maskRate) * minGuidance,
    };
  });
}

/** cos(π time / 2) in float32. */
export function maskRateAt(time: number): number {
  return Math.fround(Math.cos(Math.fround(Math.fround(time * Math.fround(Math.PI)) * 0.5)));
}

/** `torch.linspace(0, 1, length)`: counted from the start in the first half and from the end in the second, each rounded once. */
function linspace(length: number): number[] {
  if (length === 1) return [0];
  const step = Math.fround(1 / (length - 1));
  const half = Math.floor(length / 2);
  return Array.from({ length }, (_, index) => Math.fround(index < half ? step * index : 1 - step * (length - 1 - index)));
}
