import { checkCount } from "./check-count.ts";
import { magnetSchedule } from "./magnet-schedule.ts";
import type { MagnetScheduleOptions, MagnetStep } from "./magnet-schedule.ts";

export interface MagnetStageOptions extends Omit<MagnetScheduleOptions, "numSpans"> {
  /** Frames (T) to be generated, the prompt's included. */
  readonly numFrames: number;
  /** Frames of the prompt, which stay as they are. @default 0 */
  readonly promptFrames?: number | undefined;
  /** Frames that are masked together. @default 3 */
  readonly spanLength?: number | undefined;
  /** How a span is scored: by its likeliest code (`max`), or by all of them (`prod`). @default "max" */
  readonly scoring?: "max" | "prod" | undefined;
}

/** Score of a span that is not masked again. */
const settledScore = -1e4;

/**
 * Decoding of one codebook of one clip with MAGNeT: which frames are masked at each step.
 *
 * ```ts
 * const stage = new MagnetStage({ numFrames: 1500, numSteps: 20 });
 * for (const step of stage.steps) {
 *   stage.mask(step).forEach((masked, t) => { if (masked) row[t] = 2048; });
 *   const { codes, probabilities } = await sample(row, step);    // at every frame; known frames keep their code
 *   codes.forEach((code, t) => { if (row[t] === 2048) row[t] = code; });
 *   stage.score(probabilities);
 * }
 * ```
 * Source: audiocraft `models/lm_magnet.py` (896ec7c), `_generate_stage` with spans that do not overlap.
 */
export class MagnetStage {
  /** T, cut to a whole number of spans as the reference does. */
  readonly numFrames: number;
  readonly steps: readonly MagnetStep[];
  readonly #promptFrames: number;
  readonly #spanLength: number;
  readonly #scoring: "max" | "prod";
  /** `[numSpans]`. */
  #scores: Float32Array;
  /** `[numSpans]`: those of the last step. */
  #masked: Uint8Array;

  /** @throws RangeError if nothing is left to generate, or a number is not a whole one. */
  constructor({ numFrames, promptFrames = 0, spanLength = 3, scoring = "max", ...schedule }: MagnetStageOptions) {
    checkCount("numFrames", numFrames, 1);
    checkCount("promptFrames", promptFrames, 0);
    checkCount("spanLength", spanLength, 1);
    const numSpans = Math.floor(numFrames / spanLength);
    const promptSpans = Math.floor(promptFrames / spanLength);
    if (promptSpans >= numSpans) {
      throw new RangeError(`nothing is left to generate: ${numFrames} frames are ${numSpans} spans of ${spanLength}, of which the prompt takes ${promptSpans}`);
    }
    this.numFrames = numSpans * spanLength;
    this.steps = magnetSchedule({ ...schedule, numSpans: numSpans - promptSpans });
    this.#promptFrames = promptFrames;
    this.#spanLength = spanLength;
    // Spans of one frame are always scored by their code, as in the reference.
    this.#scoring = spanLength === 1 ? "prod" : scoring;
    this.#scores = new Float32Array(numSpans).fill(settledScore, 0, promptSpans);
    this.#masked = new Uint8Array(numSpans);
  }

  /**
   * The frames to be masked: those of the spans with the highest scores, the first ones where scores are equal.
   * @returns `[numFrames]`, 1 where masked; never within the prompt.
   */
  mask({ numMasked }: Pick<MagnetStep, "numMasked">): Uint8Array {
    const byScore = Array.from(this.#scores.keys()).toSorted((a, b) => this.#scores[b]! - this.#scores[a]! || a - b);
    this.#masked.fill(0);
    for (const span of byScore.slice(0, numMasked)) this.#masked[span] = 1;
    const frames = Uint8Array.from({ length: this.numFrames }, (_, frame) => this.#masked[Math.floor(frame / this.#spanLength)]!);
    return frames.fill(0, 0, this.#promptFrames);
  }

  /**
   * Scores the spans of the last mask by how unlikely their codes are; the others are settled.
   * @param probabilities `[numFrames]`: that of the code sampled at each frame, 0…1.
   * @throws RangeError if there are too few or too many.
   */
  score(probabilities: ArrayLike<number>): void {
    if (probabilities.length !== this.numFrames) {
      throw new RangeError(`expected ${this.numFrames} probabilities, one for each frame; received ${probabilities.length}`);
    }
    this.#scores = this.#scores.map((_, span) => (this.#masked[span] === 1 ? this.#scoreOf(probabilities, span * this.#spanLength) : settledScore));
  }

  #scoreOf(probabilities: ArrayLike<number>, start: number): number {
    const span = Array.from({ length: this.#spanLength }, (_, index) => Math.fround(probabilities[start + index]!));
    if (this.#scoring === "max") return 1 - Math.max(...span);
    return span.reduce((sum, probability) => Math.fround(sum - Math.fround(Math.log(probability))), 0);
  }
}
