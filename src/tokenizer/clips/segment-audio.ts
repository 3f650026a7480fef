import { planar, splitLanes } from "../network/planar.ts";
import type { ClipAudio } from "./clip-audio.ts";
import type { ClipFormat } from "./coding-job.ts";
import { scaleOf } from "./segment-scale.ts";

/**
 * A segment of a clip on its way into the network. One that shares samples with its neighbours, or is divided by its
 * loudness, is held whole from its opening to its last reading.
 */
export class SegmentAudio {
  /** What its samples are divided by. */
  readonly scale: number;
  readonly #clip: ClipAudio;
  readonly #start: number;
  readonly #end: number;
  readonly #lanes: number;
  #held: readonly Float32Array[] | null;

  private constructor(
    clip: ClipAudio,
    { start, end }: { readonly start: number; readonly end: number },
    { lanes, isNormalized }: ClipFormat,
    held: readonly Float32Array[] | null,
  ) {
    this.scale = isNormalized && held !== null ? scaleOf(held) : 1;
    this.#clip = clip;
    this.#start = start;
    this.#end = end;
    this.#lanes = lanes;
    this.#held = held;
  }

  /** @param range In samples of the clip; segments are opened in their order. */
  static async open(clip: ClipAudio, range: { readonly start: number; readonly end: number }, format: ClipFormat): Promise<SegmentAudio> {
    const isHeld = format.segment !== null || format.isNormalized;
    return new SegmentAudio(clip, range, format, isHeld ? await clip.read(range.start, range.end) : null);
  }

  /** Samples `from` to `to` of one lane, planar; lanes are read one after the other, the last one last. */
  async read(lane: number, from: number, to: number): Promise<Float32Array> {
    const channels =
      this.#held?.map((samples) => samples.subarray(from, to)) ?? (await this.#clip.read(this.#start + from, this.#start + to));
    if (this.#start + to === this.#end && lane === this.#lanes - 1) this.#held = null;
    return planar(splitLanes(channels, this.#lanes)[lane]!, this.scale);
  }
}
