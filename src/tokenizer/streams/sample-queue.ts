import { joinArrays } from "../../core/index.ts";

/** Samples of all channels that wait for more. */
export class SampleQueue {
  #pieces: (readonly Float32Array[])[] = [];
  #length = 0;

  /** Samples per channel. */
  get length(): number {
    return this.#length;
  }

  /** @param channelData One array per channel, which are held. */
  push(channelData: readonly Float32Array[]): void {
    this.#pieces.push(channelData);
    this.#length += channelData[0]!.length;
  }

  /** Takes the first `count` samples, or all if there are fewer, of a queue that has some. */
  take(count: number): Float32Array[] {
    const joined = this.#pieces[0]!.map((_, channel) =>
      joinArrays(
        this.#pieces.map((piece) => piece[channel]!),
        Float32Array,
      ),
    );
    const rest = joined.map((samples) => samples.subarray(count));
    this.#pieces = [];
    this.#length = 0;
    if (rest[0]!.length > 0) this.push(rest);
    return joined.map((samples) => samples.subarray(0, count));
  }
}
