import { pcmContainerOf } from "./pcm/pcm-containers.ts";
import type { PcmContainer } from "./pcm/pcm-containers.ts";
import { hasAscii } from "./reading/ascii.ts";
import type { ByteWindow } from "./reading/byte-window.ts";
import { skipId3 } from "./reading/id3.ts";

/** Audio files that can be read. Ogg says in its first packet what it carries; `other` is what only another program decodes. */
export type AudioContainer = PcmContainer | "flac" | "ogg" | "mp3" | "other";

/**
 * Recognises an audio file by its first bytes; names of files are never asked.
 * @returns undefined if the bytes start like none of them.
 */
export async function identifyContainer(source: ByteWindow): Promise<Exclude<AudioContainer, "other"> | undefined> {
  const head = await source.bytes(0, 12);
  if (hasAscii(head, 0, "OggS")) return "ogg";
  const start = await skipId3(source, 0);
  const pcm = pcmContainerOf(await source.bytes(start, 40));
  if (pcm !== undefined) return pcm;
  if (hasAscii(await source.bytes(start, 4), 0, "fLaC")) return "flac";
  if (start > 0 || isLayerThreeSync(head)) return "mp3";
  return undefined;
}

/** Eleven set bits, then an MPEG version that exists, then layer III. */
function isLayerThreeSync(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes[1]! & 0xe6) === 0xe2 && (bytes[1]! & 0x18) !== 0x08;
}
