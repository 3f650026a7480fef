import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import { skipId3 } from "../reading/id3.ts";

const tags: readonly string[] = ["TAG", "APETAGEX", "LYRICSBEGIN", "ID3", "3DI"];

/** Whether a tag starts there. */
export function isTag(bytes: Uint8Array, offset: number): boolean {
  return tags.some((text) => hasAscii(bytes, offset, text));
}

/**
 * The first offset from `start` on at which there is neither a zero nor a tag that says how long it is.
 * Source: ID3v1 is 128 bytes; an APEv2 header of 32 bytes gives the length of what follows it.
 */
export async function skipTagsAndZeros(source: ByteWindow, start: number): Promise<number> {
  let offset = start;
  while (offset < source.size) {
    const bytes = await source.bytes(offset, 32);
    if (bytes[0] === 0) offset = await skipZeros(source, offset);
    else if (hasAscii(bytes, 0, "ID3") && bytes.length >= 10) offset = await skipId3(source, offset);
    else if (hasAscii(bytes, 0, "TAG")) offset += 128;
    else if (hasAscii(bytes, 0, "APETAGEX") && bytes.length === 32)
      offset += 32 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
    else return offset;
  }
  return Math.min(offset, source.size);
}

async function skipZeros(source: ByteWindow, start: number): Promise<number> {
  for (let offset = start; ;) {
    const bytes = await source.bytes(offset, 2 ** 12);
    const at = bytes.findIndex((byte) => byte !== 0);
    if (at >= 0) return offset + at;
    offset += bytes.length;
    if (bytes.length === 0) return offset;
  }
}
