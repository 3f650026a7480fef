import { planar, splitLanes } from "../network/planar.ts";
import type { ClipAudio } from "./clip-audio.ts";
import type { EncoderJob } from "./coding-job.ts";
import { scaleOf } from "./segment-scale.ts";

/**
 * A segment of a clip on its way into the network. One that shares samples with its neighbours, or is divided by its
 * loudness, is held whole from its first reading to its last.
 */
export class SegmentAudio {
  readonly numSamples: number;
  readonly #clip: ClipAudio;
  readonly #start: number;
  readonly #job: EncoderJob;
  #held: readonly Float32Array[] | null = null;
  #scale = 1;

  constructor(clip: ClipAudio, { start, end }: { readonly start: number; readonly end: number }, job: EncoderJob) {
    this.numSamples = end - start;
    this.#clip = clip;
    this.#start = start;
    this.#job = job;
  }

  /** What its samples are divided by, known as soon as some are read. */
  get scale(): number {
    return this.#scale;
  }

  /** Samples `from` to `to` of one lane, planar; lanes are read one after the other, the last one last. */
  async read(lane: number, from: number, to: number): Promise<Float32Array> {
    const { lanes } = this.#job;
    const channels = await this.#channels(from, to);
    if (to === this.numSamples && lane === lanes - 1) this.#held = null;
    return planar(splitLanes(channels, lanes)[lane]!, this.#scale);
  }

  async #channels(from: number, to: number): Promise<readonly Float32Array[]> {
    const { format, isNormalized } = this.#job;
    if (format.segment === null && !isNormalized) return this.#clip.read(this.#start + from, this.#start + to);
    if (this.#held === null) {
      this.#held = await this.#clip.read(this.#start, this.#start + this.numSamples);
      if (isNormalized) this.#scale = scaleOf(this.#held);
    }
    return this.#held.map((samples) => samples.subarray(from, to));
  }
}
