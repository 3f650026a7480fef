import { roundHalfEven } from "../grid/round-half-even.ts";

/**
 * The frames of the least probable spans, which may overlap, so many of them that about `numMasked` frames are covered.
 *
 * ```
 * scores       0 9 9 1 0 8 0      spans of 3, best first: 1…3 (19), 0…2 (18), 2…4 (10), …
 * numMasked 4  x x x x . . .      two spans
 * ```
 * @param scores `[T]`: minus the logarithm of each frame's probability. Where spans are equal, the first one comes first.
 * @param numMasked Taken for `spanLength` where it is less, and not above T.
 * @returns `[T]`, 1 where covered.
 * Source: audiocraft `models/lm_magnet.py` (896ec7c), `_least_probable_span_masking`, `_construct_spans_mask`. The search is the reference's: it halves
 * the range for the number of spans, and what it looked at last counts, even if one span more would have come closer.
 */
export function leastProbableSpans(scores: Float32Array, spanLength: number, numMasked: number): Uint8Array {
  const target = Math.max(numMasked, spanLength);
  const spanScores = Float32Array.from({ length: scores.length - spanLength + 1 }, (_, start) =>
    scores.subarray(start, start + spanLength).reduce((sum, score) => Math.fround(sum + score), 0),
  );
  const byScore = Array.from(spanScores.keys()).toSorted((a, b) => spanScores[b]! - spanScores[a]! || a - b);
  const covered = (numSpans: number): Uint8Array => {
    const mask = new Uint8Array(scores.length);
    for (const start of byScore.slice(0, numSpans)) mask.fill(1, start, start + spanLength);
    return mask;
  };
  let fewest = Math.floor(target / spanLength);
  let most = target - spanLength + 1;
  let middle = roundHalfEven((fewest + most) / 2);
  let mask = covered(middle);
  while (middle > fewest && middle < most) {
    mask = covered(middle);
    if (mask.reduce((count, bit) => count + bit, 0) > target) most = middle;
    else fewest = middle;
    middle = roundHalfEven((fewest + most) / 2);
  }
  return mask;
}
