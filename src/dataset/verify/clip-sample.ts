import { createHash } from "node:crypto";

/**
 * Some of the clips of a dataset: so many, or such a share of them, above 0 and up to 1. Which ones depends on their keys alone, so that
 * the same sample is the same clips every time, and a larger one has those of a smaller one.
 */
export type ClipSample = { readonly clips: number } | { readonly share: number };

/** @throws RangeError for a sample of no clips, or of more than all. */
export function checkSample(sample: ClipSample): void {
  if ("clips" in sample) {
    if (!Number.isSafeInteger(sample.clips) || sample.clips < 1)
      throw new RangeError(`a sample has a whole number of clips from 1; received ${sample.clips}`);
  } else if (!(sample.share > 0 && sample.share <= 1)) {
    throw new RangeError(`a sample is a share above 0 and up to 1; received ${sample.share}`);
  }
}

/** Where a clip stands among all, from 0 to below 1, evenly spread. */
export function rankOf(key: string): number {
  return createHash("sha256").update(key).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** The clips of a sample are those whose rank is below this. @param keys Of all clips. */
export async function rankLimitOf(sample: ClipSample, keys: AsyncIterable<string>): Promise<number> {
  if ("share" in sample) return sample.share;
  const needed = sample.clips + 1; // the first rank that is not in the sample is the limit
  let lowest: number[] = [];
  for await (const key of keys) {
    lowest.push(rankOf(key));
    if (lowest.length >= 2 * needed) lowest = lowest.toSorted((a, b) => a - b).slice(0, needed);
  }
  return lowest.toSorted((a, b) => a - b)[sample.clips] ?? 1;
}
