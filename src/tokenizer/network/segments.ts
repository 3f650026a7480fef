import type { Segmenting } from "../../checkpoint/index.ts";

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
