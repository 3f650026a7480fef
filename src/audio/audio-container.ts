import { isWav } from "./parse-wav.ts";

/** Audio files that can be read. Ogg says in its first packet what it carries. */
export type AudioContainer = "wav" | "flac" | "ogg" | "mp3";

/**
 * Recognises an audio file by its first bytes; names of files are never asked.
 * @returns undefined if the bytes start like none of them.
 */
export function identifyContainer(bytes: Uint8Array): AudioContainer | undefined {
  if (isWav(bytes)) return "wav";
  if (hasAscii(bytes, 0, "OggS")) return "ogg";
  const start = skipId3(bytes);
  if (hasAscii(bytes, start, "fLaC")) return "flac";
  if (start > 0 || isLayerThreeSync(bytes)) return "mp3";
  return undefined;
}

/**
 * Offset of the first byte after any ID3v2 tags at the start; 0 if there are none.
 * Source: ID3v2.4.0 main structure, section 3.1: a ten-byte header with the length in four groups of seven bits.
 */
export function skipId3(bytes: Uint8Array): number {
  let offset = 0;
  while (hasAscii(bytes, offset, "ID3") && offset + 10 <= bytes.length) {
    const length = [6, 7, 8, 9].reduce((value, i) => value * 128 + (bytes[offset + i]! & 0x7f), 0);
    const hasFooter = (bytes[offset + 5]! & 0x10) !== 0;
    offset = Math.min(offset + 10 + length + (hasFooter ? 10 : 0), bytes.length);
  }
  return offset;
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
