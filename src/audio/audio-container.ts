import { pcmContainerOf } from "./pcm/pcm-containers.ts";
import { hasAscii } from "./reading/ascii.ts";
import type { ByteWindow } from "./reading/byte-window.ts";
import { skipId3 } from "./reading/id3.ts";

/**
 * Audio files that can be read: samples as they are, in WAV, Sony's Wave64, AIFF (AIFF-C too), Core Audio's CAF, Sun's AU, NIST's SPHERE, and the formats of IRCAM,
 * Audio Visual Research, Ensoniq PARIS, mgetty (PVF), Amiga (8SVX) and Creative (VOC); FLAC; Ogg, which says in its first packet what it carries; MP3; and `other`,
 * which only another program decodes.
 */
export type AudioContainer =
  | ("wav" | "w64" | "aiff" | "caf" | "au" | "sphere" | "ircam" | "avr" | "paf" | "pvf" | "svx" | "voc")
  | ("flac" | "ogg" | "mp3" | "other");

/**
 * Recognises an audio file by its first bytes; names of files are never asked.
 * @returns undefined if the bytes start like none of them.
 */
export async function identifyContainer(source: ByteWindow): Promise<Exclude<AudioContainer, "other"> | undefined> {
  const head = await source.bytes(0, 12);
  const start = await skipId3(source, 0);
  const first = await source.bytes(start, 40);
  const pcm = pcmContainerOf(first);
  if (pcm !== undefined) return pcm;
  if (hasAscii(first, 0, "OggS")) return "ogg";
  if (hasAscii(first, 0, "fLaC")) return "flac";
  if (start > 0 || isLayerThreeSync(head)) return "mp3";
  return undefined;
}

/** Eleven set bits, then an MPEG version that exists, then layer III. */
function isLayerThreeSync(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes[1]! & 0xe6) === 0xe2 && (bytes[1]! & 0x18) !== 0x08;
}
