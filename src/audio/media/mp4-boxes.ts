import { AudioFormatError } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";

/** A box of an MP4 or QuickTime file. */
export interface Box {
  readonly type: string;
  /** Where it starts in the file, and where its content starts and ends. */
  readonly offset: number;
  readonly start: number;
  readonly end: number;
}

/** What a box costs, in bytes that could be read instead. */
const boxWork = 32;

/**
 * The boxes within a range of a file, in order. One that goes on beyond the range ends it; the last may end where the range ends.
 * Source: ISO/IEC 14496-12, section 4.2.
 */
export async function* boxesIn(source: ByteWindow, start: number, end: number): AsyncGenerator<Box, void> {
  for (let offset = start; offset + 8 <= end;) {
    const bytes = await source.bytes(offset, 16);
    if (bytes.length < 8) return;
    const view = viewOf(bytes);
    const size = view.getUint32(0);
    const type = String.fromCharCode(...bytes.subarray(4, 8));
    let boxEnd = offset + size;
    if (size === 0) boxEnd = end;
    else if (size === 1 && bytes.length === 16) boxEnd = offset + Number(view.getBigUint64(8));
    const contentStart = offset + (size === 1 ? 16 : 8);
    if (boxEnd < contentStart) return;
    yield { type, offset, start: contentStart, end: boxEnd };
    await source.pace.spend(boxWork);
    offset = boxEnd;
  }
}

/** Most bytes of a box that is read as a whole: tables have a few for each packet. */
const maxBoxLength = 2 ** 26;

/**
 * A box's content.
 * @throws AudioFormatError `AUDIO_CORRUPT` if the file ends within it, or if it is longer than any should be.
 */
export async function contentOf(source: ByteWindow, { type, start, end }: Box): Promise<Uint8Array> {
  if (end - start > maxBoxLength) throw damagedMp4(`its box "${type}" has ${end - start} bytes, and at most ${maxBoxLength} are read`);
  const bytes = await source.bytes(start, end - start);
  if (bytes.length < end - start) throw damagedMp4(`it ends within its box "${type}"`);
  return bytes.slice();
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function damagedMp4(what: string): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", `truncated or damaged MP4 or MOV file: ${what}`);
}
