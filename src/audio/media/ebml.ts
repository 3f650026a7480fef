import type { ByteWindow } from "../reading/byte-window.ts";

/** An element: a number that says what it is, and its content. */
export interface EbmlElement {
  readonly id: number;
  /** Where its content starts and ends in the file; it ends at the end of the file if it does not say where. */
  readonly start: number;
  readonly end: number;
}

/** Most bytes of an element's number and length. */
const maxHeadLength = 4 + 8;
/** Bytes that are searched at a time. */
const searchLength = 2 ** 16;

/**
 * The element at an offset, undefined if none can start there.
 * Source: RFC 8794, sections 4 to 6.
 */
export async function elementAt(source: ByteWindow, offset: number): Promise<EbmlElement | undefined> {
  const head = await source.bytes(offset, maxHeadLength);
  const idLength = Math.clz32(head[0]!) - 23;
  if (head.length < 2 || idLength > 4) return undefined;
  let id = 0;
  for (const byte of head.subarray(0, idLength)) id = id * 256 + byte;
  const length = vintAt(head, idLength);
  if (length === undefined) return undefined;
  const start = offset + idLength + length.length;
  return { id, start, end: length.isUnknown ? source.size : start + length.value };
}

/** The offset at which the four bytes of an element's number stand next, or where the file ends. */
export async function findElement(source: ByteWindow, start: number, id: number): Promise<number> {
  for (let offset = start; offset < source.size; offset += searchLength) {
    const bytes = await source.bytes(offset, searchLength + 3);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const first = id >>> 24;
    for (let at = bytes.indexOf(first); at >= 0 && at + 4 <= bytes.length; at = bytes.indexOf(first, at + 1)) {
      if (view.getUint32(at) === id) return offset + at;
    }
  }
  return source.size;
}

/** A number whose first byte says how many bytes it has. All bits set stand for an unknown length. */
export function vintAt(
  bytes: Uint8Array,
  offset: number,
): { readonly value: number; readonly length: number; readonly isUnknown: boolean } | undefined {
  const first = bytes[offset];
  if (first === undefined || first === 0) return undefined;
  const length = Math.clz32(first) - 23;
  if (offset + length > bytes.length) return undefined;
  let value = first & (0xff >> length);
  for (const byte of bytes.subarray(offset + 1, offset + length)) value = value * 256 + byte;
  return { value, length, isUnknown: value === 2 ** (7 * length) - 1 || value > Number.MAX_SAFE_INTEGER };
}

/** An unsigned integer of up to eight bytes. */
export async function readUnsigned(source: ByteWindow, element: EbmlElement): Promise<number> {
  let value = 0;
  for (const byte of await contentOf(source, element, 8)) value = value * 256 + byte;
  return value;
}

/** A signed integer of up to eight bytes. */
export async function readInteger(source: ByteWindow, element: EbmlElement): Promise<number> {
  const bytes = await contentOf(source, element, 8);
  const value = await readUnsigned(source, element);
  return bytes.length > 0 && bytes[0]! >= 0x80 ? value - 256 ** bytes.length : value;
}

/** A float of four or eight bytes; 0 for anything else. */
export async function readFloat(source: ByteWindow, element: EbmlElement): Promise<number> {
  const bytes = await contentOf(source, element, 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return view.getFloat32(0);
  return bytes.length === 8 ? view.getFloat64(0) : 0;
}

/** A short text. */
export async function readText(source: ByteWindow, element: EbmlElement): Promise<string> {
  return String.fromCharCode(...(await contentOf(source, element, 64))).replace(/\0.*$/su, "");
}

async function contentOf(source: ByteWindow, { start, end }: EbmlElement, mostBytes: number): Promise<Uint8Array> {
  return source.bytes(start, Math.min(end - start, mostBytes));
}

/**
 * The frames of a block.
 * @param lacing 0 for one frame; 1, 2 and 3 for several with lengths as Ogg writes them, all alike, and as EBML writes numbers.
 * @returns undefined if their lengths make no sense.
 * Source: RFC 9559, section 10.3.
 */
export function splitLaces(body: Uint8Array, lacing: number): readonly Uint8Array[] | undefined {
  if (lacing === 0) return [body];
  const count = (body[0] ?? 0) + 1;
  const lengths: number[] = [];
  let offset = 1;
  const numWritten = lacing === 2 ? 0 : count - 1;
  for (let i = 0; i < numWritten; i++) {
    if (lacing === 1) {
      let length = 0;
      for (; body[offset] === 255; offset++) length += 255;
      lengths.push(length + (body[offset++] ?? 0));
      continue;
    }
    const number = vintAt(body, offset);
    if (number === undefined) return undefined;
    offset += number.length;
    // The first is a length, the others are differences, centred on 0.
    lengths.push(i === 0 ? number.value : lengths[i - 1]! + number.value - (2 ** (7 * number.length - 1) - 1));
  }
  const rest = body.length - offset - lengths.reduce((sum, length) => sum + length, 0);
  if (lacing === 2 && (body.length - offset) % count !== 0) return undefined;
  if (lacing === 2) lengths.push(...Array.from({ length: count }, () => (body.length - offset) / count));
  else lengths.push(rest);
  if (offset > body.length || lengths.some((length) => length < 0)) return undefined;
  const frames: Uint8Array[] = [];
  for (const length of lengths) {
    frames.push(body.subarray(offset, offset + length));
    offset += length;
  }
  return offset <= body.length ? frames : undefined;
}
