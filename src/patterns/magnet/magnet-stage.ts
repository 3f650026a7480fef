import { checkCount } from "../grid/check-count.ts";
import { leastProbableSpans } from "./magnet-overlapping-spans.ts";
import { magnetSchedule } from "./magnet-schedule.ts";
import type { MagnetScheduleOptions, MagnetStep } from "./magnet-schedule.ts";

/** How MAGNeT generates one codebook of a clip. */
export interface MagnetStageOptions extends Omit<MagnetScheduleOptions, "numSpans"> {
  /** Frames (T) to be generated, the prompt's included. */
  readonly numFrames: number;
  /** Frames of the prompt, which stay as they are. @default 0 */
  readonly promptFrames?: number | undefined;
  /** Frames that are masked together. @default 3 */
  readonly spanLength?: number | undefined;
  /** Where spans lie: one after the other, or anywhere, so that they overlap (`stride1`). @default "nonoverlap" */
  readonly spanArrangement?: "nonoverlap" | "stride1" | undefined;
  /** How a span is scored: by its likeliest code (`max`), or by all of them (`prod`), as overlapping spans always are. @default "max" */
  readonly scoring?: "max" | "prod" | undefined;
}

/** Score of what is not masked again. */
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
 * Source: audiocraft `models/lm_magnet.py` (896ec7c), `_generate_stage`.
 */
export class MagnetStage {
  /** T; of spans that do not overlap a whole number, as in the reference, which drops the frames that are left over. */
  readonly numFrames: number;
  readonly steps: readonly MagnetStep[];
  readonly #promptFrames: number;
  readonly #spanLength: number;
  readonly #scoring: "max" | "prod";
  /** Frames that share a score: a span, or one where spans overlap. */
  readonly #unitLength: number;
  /** `[numUnits]`. */
  #scores: Float32Array;
  /** `[numUnits]`: those of the last step; null before the first. */
  #masked: Uint8Array | null = null;

  /** @throws RangeError if nothing is left to generate, a number is not a whole one, or a name is unknown. */
  constructor(options: MagnetStageOptions) {
    const { numFrames, promptFrames = 0, spanLength = 3, spanArrangement = "nonoverlap", scoring = "max", ...schedule } = options;
    if (spanArrangement !== "nonoverlap" && spanArrangement !== "stride1") {
      throw new RangeError(`spanArrangement must be "nonoverlap" or "stride1"; received ${JSON.stringify(spanArrangement)}`);
    }
    if (scoring !== "max" && scoring !== "prod")
      throw new RangeError(`scoring must be "max" or "prod"; received ${JSON.stringify(scoring)}`);
    checkCount("spanLength", spanLength, 1);
    checkCount("numFrames", numFrames, spanArrangement === "stride1" ? spanLength : 1);
    checkCount("promptFrames", promptFrames, 0);
    this.#unitLength = spanArrangement === "stride1" ? 1 : spanLength;
    const numUnits = Math.floor(numFrames / this.#unitLength);
    const promptUnits = Math.floor(promptFrames / this.#unitLength);
    if (promptUnits >= numUnits) {
      const spans = this.#unitLength === 1 ? "" : ` are ${numUnits} spans of ${spanLength}`;
      throw new RangeError(`nothing is left to generate: ${numFrames} frames${spans}, of which the prompt takes ${promptUnits}`);
    }
    this.numFrames = numUnits * this.#unitLength;
    this.steps = magnetSchedule({ ...schedule, numSpans: numUnits - promptUnits });
    this.#promptFrames = promptFrames;
    this.#spanLength = spanLength;
    this.#scoring = this.#unitLength === 1 ? "prod" : scoring;
    this.#scores = new Float32Array(numUnits).fill(settledScore, 0, promptUnits);
  }

  /**
   * The frames to be masked: those of the spans with the highest scores, the first ones where scores are equal.
   * Spans that overlap can mask frames again that were settled.
   * @returns `[numFrames]`, 1 where masked; never within the prompt.
   */
  mask({ numMasked }: Pick<MagnetStep, "numMasked">): Uint8Array {
    const masked = this.#choose(numMasked);
    this.#masked = masked;
    const frames = Uint8Array.from({ length: this.numFrames }, (_, frame) => masked[Math.floor(frame / this.#unitLength)]!);
    return frames.fill(0, 0, this.#promptFrames);
  }

  /**
   * Scores what the last mask covered by how unlikely its codes are; everything else is settled.
   * @param probabilities `[numFrames]`: that of the code sampled at each frame, 0…1.
   * @throws RangeError if there are too few or too many.
   */
  score(probabilities: ArrayLike<number>): void {
    if (probabilities.length !== this.numFrames) {
      throw new RangeError(`expected ${this.numFrames} probabilities, one for each frame; received ${probabilities.length}`);
    }
    this.#scores = this.#scores.map((_, unit) =>
      this.#masked?.[unit] === 1 ? this.#scoreOf(probabilities, unit * this.#unitLength) : settledScore,
    );
  }

  /** `[numUnits]`, 1 where masked. */
  #choose(numMasked: number): Uint8Array {
    if (this.#unitLength === this.#spanLength) {
      const byScore = Array.from(this.#scores.keys()).toSorted((a, b) => this.#scores[b]! - this.#scores[a]! || a - b);
      const masked = new Uint8Array(this.#scores.length);
      for (const unit of byScore.slice(0, numMasked)) masked[unit] = 1;
      return masked;
    }
    // At first every frame is masked, whatever the spans leave out.
    const masked =
      this.#masked === null ? new Uint8Array(this.#scores.length).fill(1) : leastProbableSpans(this.#scores, this.#spanLength, numMasked);
    return masked.fill(0, 0, this.#promptFrames);
  }

  #scoreOf(probabilities: ArrayLike<number>, start: number): number {
    const unit = Array.from({ length: this.#unitLength }, (_, index) => Math.fround(probabilities[start + index]!));
    if (this.#scoring === "max") return 1 - Math.max(...unit);
    return unit.reduce((sum, probability) => Math.fround(sum - Math.fround(Math.log(probability))), 0);
  }
}
