import { hasAscii } from "./ascii.ts";
import type { ByteWindow } from "./byte-window.ts";

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
