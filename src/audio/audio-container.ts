import { mediaContainerOf } from "./media/media-container.ts";
import { findMpegStart } from "./mpeg/find-mpeg.ts";
import { oggStartsWithin } from "./ogg/ogg-pages.ts";
import { isWav } from "./pcm/wav-header.ts";
import { hasAscii } from "./reading/ascii.ts";
import type { ByteWindow } from "./reading/byte-window.ts";
import { skipId3 } from "./reading/id3.ts";
import { isOtherFile } from "./unreadable-file.ts";

/**
 * Audio files that can be read. Ogg says in its first packet what it carries; `mp1` and `mp2` are layers I and II of MPEG audio; `matroska` is WebM
 * too, and `mp4` is M4A and QuickTime.
 */
export type AudioContainer = "wav" | "flac" | "ogg" | "mp3" | "mp2" | "mp1" | "matroska" | "mp4";

/** Bytes in front of an Ogg file's first page that are passed over. */
const maxOggJunk = 2 ** 16;

/**
 * Recognises an audio file by its first bytes behind any ID3v2 tags; names of files are never asked. MPEG audio and Ogg may begin with other bytes.
 * @returns undefined if the bytes start like none of them.
 */
export async function identifyContainer(source: ByteWindow): Promise<AudioContainer | undefined> {
  const start = await skipId3(source, 0);
  const head = await source.bytes(start, 12);
  if (isWav(head)) return "wav";
  if (hasAscii(head, 0, "OggS")) return "ogg";
  if (hasAscii(head, 0, "fLaC")) return "flac";
  const media = mediaContainerOf(head);
  if (media !== undefined) return media;
  if (isOtherFile(head)) return undefined;
  if (await oggStartsWithin(source, start, maxOggJunk)) return "ogg";
  const found = await findMpegStart(source);
  if (found !== undefined) return `mp${found.header.layer}`;
  return isLayerThreeSync(head) || hasAscii(await source.bytes(0, 3), 0, "ID3") ? "mp3" : undefined;
}

/** Eleven set bits, then an MPEG version that exists, then layer III. */
function isLayerThreeSync(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes[1]! & 0xe6) === 0xe2 && (bytes[1]! & 0x18) !== 0x08;
}
