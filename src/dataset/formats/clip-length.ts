import { RowError } from "../decoding/row-failure.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";

/** Most codes of a clip in formats that hold it as a whole: seven hours and three quarters of 8 codebooks at 75 frames per second. */
const maxClipCodes: number = 2 ** 24;

/** @throws RowError for a clip with more codes than could be read again. */
export function checkClipLengths(clips: readonly EncodedClip[], format: string): void {
  const long = clips.find(({ codes }) => codes.data.length > maxClipCodes);
  if (long === undefined) return;
  const message = `${long.key} has ${long.codes.data.length} codes, and a clip in ${format} has at most ${maxClipCodes}; cut it into windows, or choose webdataset or npy`;
  throw new RowError({ code: "ROW_TOO_LONG", message });
}
