import type { ByteWindow } from "./byte-window.ts";
import { isWav } from "./wav-header.ts";

/** Audio files that can be read. Ogg says in its first packet what it carries. */
export type AudioContainer = "wav" | "flac" | "ogg" | "mp3";

/**
 * Recognises an audio file by its first bytes; names of files are never asked.
 * @returns undefined if the bytes start like none of them.
 */
export async function identifyContainer(source: ByteWindow): Promise<AudioContainer | undefined> {
  const head = await source.bytes(0, 12);
  if (isWav(head)) return "wav";
  if (hasAscii(head, 0, "OggS")) return "ogg";
  const start = await skipId3(source, 0);
  if (hasAscii(await source.bytes(start, 4), 0, "fLaC")) return "flac";
  if (start > 0 || isLayerThreeSync(head)) return "mp3";
  return undefined;
}

/**
 * Offset of the first byte after any ID3v2 tags at `start`; `start` itself if there are none.
 * Source: ID3v2.4.0 main structure, section 3.1: a ten-byte header with the length in four groups of seven bits.
 */
export async function skipId3(source: ByteWindow, start: number): Promise<number> {
  let offset = start;
  for (;;) {
    const header = await source.bytes(offset, 10);
    if (header.length < 10 || !hasAscii(header, 0, "ID3")) return offset;
    const length = [6, 7, 8, 9].reduce((value, i) => value * 128 + (header[i]! & 0x7f), 0);
    const hasFooter = (header[5]! & 0x10) !== 0;
    offset = Math.min(offset + 10 + length + (hasFooter ? 10 : 0), source.size);
  }
}

/** Tells whether `text` stands at `offset`. */
export function hasAscii(bytes: Uint8Array, offset: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (bytes[offset + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** Eleven set bits, then an MPEG version that exists, then layer III. */
function isLayerThreeSync(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && (bytes[1]! & 0xe6) === 0xe2 && (bytes[1]! & 0x18) !== 0x08;
}
