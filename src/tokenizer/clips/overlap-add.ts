/** What later segments may still change. */
export interface OverlapState {
  /** Samples of the first segment as decoded, which all triangles have. */
  readonly triangleLength: number;
  /** `[n]`: sum of the weights so far. */
  readonly weights: Float32Array;
  /** `[channels][n]`: sum of the weighted segments so far. */
  readonly sums: readonly Float32Array[];
}

/**
 * Joins decoded segments: where two overlap, the first fades out as the second fades in.
 *
 *     weight   ╱╲  ╱╲  ╱╲       a triangle over each segment; sums are divided by the sum of weights,
 *             ╱  ╲╱  ╲╱  ╲      so a sample that one segment covers alone is left as it is
 *
 * Source: transformers 5.17 `EncodecModel._linear_overlap_add`.
 */
export class OverlapAdd {
  readonly #channels: number;
  readonly #stride: number;
  #state: OverlapState | null;

  /** @param state Where another left off. */
  constructor({ channels, stride }: { readonly channels: number; readonly stride: number }, state: OverlapState | null = null) {
    this.#channels = channels;
    this.#stride = stride;
    this.#state = state;
  }

  /** What goes on into the next segment; null before the first. */
  get state(): OverlapState | null {
    return this.#state;
  }

  /**
   * Adds the next segment.
   * @param segment Planar `[channels * length]`, as decoded.
   * @param numSamples Samples of it that count.
   * @returns `[channels][samples]`: what no later segment can change, a stride unless the segment is shorter.
   */
  add(segment: Float32Array, numSamples: number): Float32Array[] {
    const length = segment.length / this.#channels;
    const triangleLength = this.#state?.triangleLength ?? length;
    const weights = extended(this.#state?.weights, numSamples);
    const sums = Array.from({ length: this.#channels }, (_, channel) => extended(this.#state?.sums[channel], numSamples));
    for (let i = 0; i < numSamples; i++) weights[i]! += triangleWeight(i, triangleLength);
    for (const [channel, sum] of sums.entries()) {
      const offset = channel * length;
      for (let i = 0; i < numSamples; i++) sum[i]! += triangleWeight(i, triangleLength) * segment[offset + i]!;
    }
    this.#state = { triangleLength, weights, sums };
    return this.#take(this.#stride);
  }

  /** What is left after the last segment. */
  finish(): Float32Array[] {
    return this.#take(Infinity);
  }

  #take(count: number): Float32Array[] {
    if (this.#state === null) return Array.from({ length: this.#channels }, () => new Float32Array());
    const { triangleLength, weights, sums } = this.#state;
    const settled = sums.map((sum) => quotients(sum.slice(0, count), weights));
    this.#state = { triangleLength, weights: weights.slice(count), sums: sums.map((sum) => sum.slice(count)) };
    return settled;
  }
}

/** The weight of one sample in float32, as the reference has it. */
function triangleWeight(index: number, length: number): number {
  return Math.fround(0.5 - Math.abs((index + 1) / (length + 1) - 0.5));
}

/** Divides in place. */
function quotients(values: Float32Array, divisors: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) values[i]! /= divisors[i]!;
  return values;
}

function extended(values: Float32Array = new Float32Array(), length: number): Float32Array {
  const copy = new Float32Array(Math.max(length, values.length));
  copy.set(values);
  return copy;
}
