import { mediaContainerOf } from "./media/media-container.ts";
import { findMpegStart } from "./mpeg/find-mpeg.ts";
import { oggStartsWithin } from "./ogg/ogg-pages.ts";
import { pcmContainerOf } from "./pcm/pcm-containers.ts";
import { hasAscii } from "./reading/ascii.ts";
import type { ByteWindow } from "./reading/byte-window.ts";
import { skipId3 } from "./reading/id3.ts";
import { isOtherFile } from "./unreadable-file.ts";

/**
 * Audio files that can be read: samples as they are, in WAV, Sony's Wave64, AIFF (AIFF-C too), Core Audio's CAF, Sun's AU, NIST's SPHERE, and the formats of IRCAM,
 * Audio Visual Research, Akai's MPC 2000, Ensoniq PARIS, mgetty (PVF), Amiga (8SVX) and Creative (VOC); FLAC; Ogg, which says in its first packet what it carries; MP3, and layers I and II of MPEG audio;
 * the audio tracks of Matroska, which WebM is too, and of MP4, which are M4A and QuickTime; and `other`, which only another program decodes.
 */
export type AudioContainer =
  | ("wav" | "w64" | "aiff" | "caf" | "au" | "sphere" | "ircam" | "avr" | "mpc2k" | "paf" | "pvf" | "svx" | "voc")
  | ("flac" | "ogg" | "mp3" | "mp2" | "mp1" | "matroska" | "mp4" | "other");

/** Bytes in front of an Ogg file's first page that are passed over. */
const maxOggJunk = 2 ** 16;

/**
 * Recognises an audio file by its first bytes behind any ID3v2 tags; names of files are never asked. MPEG audio and Ogg may begin with other bytes.
 * @returns undefined if the bytes start like none of them.
 */
export async function identifyContainer(source: ByteWindow): Promise<Exclude<AudioContainer, "other"> | undefined> {
  const start = await skipId3(source, 0);
  const head = await source.bytes(start, 42);
  const pcm = pcmContainerOf(head);
  if (pcm !== undefined) return pcm;
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
