import { hasAscii } from "../reading/ascii.ts";

/** Boxes that an MP4 or QuickTime file may start with. */
const firstBoxes: readonly string[] = ["ftyp", "moov", "mdat", "wide"];

/**
 * Recognises files that hold an audio track, and others beside it perhaps.
 * @param head The first eight bytes.
 */
export function mediaContainerOf(head: Uint8Array): "matroska" | "mp4" | undefined {
  if (hasAscii(head, 0, "\x1a\x45\xdf\xa3")) return "matroska";
  return firstBoxes.some((type) => hasAscii(head, 4, type)) ? "mp4" : undefined;
}
