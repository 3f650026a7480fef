import { setImmediate as nextTurn } from "node:timers/promises";
import type { AudioCodes } from "../../core/index.ts";

/** How a codebook is used by a clip. */
export interface ClipUsage {
  /** Different codes that occur. */
  readonly distinct: number;
  /** Entropy of the codes' frequencies, in bits: at most `log2(codebookSize)`, and at most `log2` of the number of frames. */
  readonly entropy: number;
}

/** Codes that are counted in some milliseconds. */
const codesPerTurn = 2 ** 20;

/** The usage of each codebook, over the frames that segments really have. Signals are served meanwhile, however long the clip is. */
export async function usageOf(codes: AudioCodes): Promise<readonly ClipUsage[]> {
  const { numCodebooks, numFrames, numSegments, codebookSize } = codes;
  const usage: ClipUsage[] = [];
  let sinceTurn = 0;
  for (let k = 0; k < numCodebooks; k++) {
    const counts = new Uint32Array(codebookSize);
    let total = 0;
    for (let segment = 0; segment < numSegments; segment++) {
      const start = (segment * numCodebooks + k) * numFrames;
      const length = codes.segmentFrames(segment);
      for (let from = 0; from < length; from += codesPerTurn) {
        const stretch = codes.data.subarray(start + from, start + Math.min(length, from + codesPerTurn));
        for (const code of stretch) counts[code]!++;
        if ((sinceTurn += 32 + stretch.length) >= codesPerTurn) {
          await nextTurn();
          sinceTurn = 0;
        }
      }
      total += length;
    }
    usage.push(usageIn(counts, total));
    sinceTurn += codebookSize;
  }
  return usage;
}

function usageIn(counts: Uint32Array, total: number): ClipUsage {
  let distinct = 0;
  let entropy = 0;
  for (const count of counts) {
    if (count === 0) continue;
    distinct++;
    entropy -= (count / total) * Math.log2(count / total);
  }
  return { distinct, entropy };
}
