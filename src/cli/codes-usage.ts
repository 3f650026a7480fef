import type { AudioCodes } from "../index.ts";

/** How a codebook is used by a clip. */
export interface CodebookUsage {
  /** Different codes that occur. */
  readonly distinct: number;
  /** Entropy of the codes' frequencies, in bits: at most `log2(codebookSize)`, and at most `log2` of the number of frames. */
  readonly entropy: number;
}

/** The usage of each codebook, over the frames that segments really have. */
export function usageOf(codes: AudioCodes): readonly CodebookUsage[] {
  const { numCodebooks, numFrames, numSegments, codebookSize } = codes;
  return Array.from({ length: numCodebooks }, (_, k) => {
    const counts = new Uint32Array(codebookSize);
    let total = 0;
    for (let segment = 0; segment < numSegments; segment++) {
      const start = (segment * numCodebooks + k) * numFrames;
      for (const code of codes.data.subarray(start, start + codes.segmentFrames(segment))) {
        counts[code]!++;
        total++;
      }
    }
    const shares = Array.from(counts.filter((count) => count > 0), (count) => count / total);
    return { distinct: shares.length, entropy: shares.reduce((sum, share) => sum - share * Math.log2(share), 0) };
  });
}
