/** How audio is cut into segments that are coded on their own. */
export interface Segmenting {
  /** Samples per segment. */
  readonly length: number;
  /** Samples between the starts of neighbours. */
  readonly stride: number;
}

/**
 * The segments of a clip: one at every multiple of the stride, the last ones cut short by the clip's end.
 * Source: transformers 5.17 `EncodecModel.encode`.
 */
export function segmentRanges(numSamples: number, segmenting: Segmenting | null): { start: number; end: number }[] {
  if (segmenting === null) return [{ start: 0, end: numSamples }];
  const { length, stride } = segmenting;
  return Array.from({ length: Math.ceil(numSamples / stride) }, (_, index) => ({
    start: index * stride,
    end: Math.min(index * stride + length, numSamples),
  }));
}

/**
 * Joins decoded segments: where two overlap, the first fades out as the second fades in.
 *
 *     weight   ╱╲  ╱╲  ╱╲       a triangle over each segment; sums are divided by the sum of weights,
 *             ╱  ╲╱  ╲╱  ╲      so a sample that one segment covers alone is left as it is
 *
 * Source: transformers 5.17 `EncodecModel._linear_overlap_add`.
 * @param segments Planar `[channels * length]` each; all but the last ones of one length.
 * @returns `[channels][numSamples]`
 */
export function overlapAdd(
  segments: readonly Float32Array[],
  { channels, stride, numSamples }: { readonly channels: number; readonly stride: number; readonly numSamples: number },
): Float32Array[] {
  const triangle = triangleWeights(segments[0]!.length / channels);
  const sums = new Float32Array(numSamples);
  const output = Array.from({ length: channels }, () => new Float32Array(numSamples));
  for (const [index, segment] of segments.entries()) {
    const start = index * stride;
    const length = segment.length / channels;
    const count = Math.min(length, numSamples - start);
    for (let i = 0; i < count; i++) sums[start + i]! += triangle[i]!;
    for (const [channel, samples] of output.entries()) {
      for (let i = 0; i < count; i++) samples[start + i]! += triangle[i]! * segment[channel * length + i]!;
    }
  }
  for (const samples of output) for (let i = 0; i < numSamples; i++) samples[i]! /= sums[i]!;
  return output;
}

function triangleWeights(length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => 0.5 - Math.abs((index + 1) / (length + 1) - 0.5));
}
