import { mediaContainerOf } from "./media/media-container.ts";
import { isWav } from "./pcm/wav-header.ts";
import { hasAscii } from "./reading/ascii.ts";
import type { ByteWindow } from "./reading/byte-window.ts";
import { skipId3 } from "./reading/id3.ts";

/** Audio files that can be read. Ogg says in its first packet what it carries; `matroska` is WebM too, and `mp4` is M4A and QuickTime. */
export type AudioContainer = "wav" | "flac" | "ogg" | "mp3" | "matroska" | "mp4";

/**
 * Recognises an audio file by its first bytes; names of files are never asked.
 * @returns undefined if the bytes start like none of them.
 */
export async function identifyContainer(source: ByteWindow): Promise<AudioContainer | undefined> {
  const head = await source.bytes(0, 12);
  if (isWav(head)) return "wav";
  const media = mediaContainerOf(head);
  if (media !== undefined) return media;
  const start = await skipId3(source, 0);
  const first = await source.bytes(start, 4);
  if (hasAscii(first, 0, "OggS")) return "ogg";
  if (hasAscii(first, 0, "fLaC")) return "flac";
  if (start > 0 || isLayerThreeSync(head)) return "mp3";
  return undefined;
}

/** Eleven set bits, then an MPEG version that exists, then layer III. */
function isLayerThreeSync(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes[1]! & 0xe6) === 0xe2 && (bytes[1]! & 0x18) !== 0x08;
}
