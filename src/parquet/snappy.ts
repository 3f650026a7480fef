import type { Turns } from "../core/index.ts";
import { damaged } from "./damaged.ts";

/** The shortest way to say most: a copy of 64 bytes takes three. */
const mostPerByte = 22;

/** Pieces between two turns; what a piece says is copied at once. */
const turnPieces = 2 ** 18;

/**
 * Unpacks a block that Snappy packed.
 * @param length Of what comes out, as it is known from elsewhere.
 * @throws CodesError with code CODES_FORMAT, before anything is allocated for a length that so many bytes cannot unpack to.
 * Source of the format: google/snappy `format_description.txt`.
 */
export function* unpackSnappy(packed: Uint8Array, length: number): Turns<Uint8Array> {
  let at = 0;
  const littleEndian = (count: number): number => {
    if (at + count > packed.length) throw damaged("a packed page ends too early");
    let value = 0;
    for (let i = 0; i < count; i++) value += packed[at++]! * 2 ** (8 * i);
    return value;
  };
  let promised = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = littleEndian(1);
    promised += (byte & 127) * scale;
    if (byte < 128) break;
    if (scale > 2 ** 28) throw damaged("a packed page has no length");
  }
  if (promised !== length) throw damaged(`a packed page says that it has ${promised} bytes, and its header ${length}`);
  if (length > mostPerByte * packed.length) throw damaged(`a page of ${packed.length} bytes is said to unpack to ${length}`);

  const bytes = new Uint8Array(length);
  let done = 0;
  let numPieces = 0;
  while (at < packed.length) {
    if (++numPieces % turnPieces === 0) yield;
    const tag = packed[at++]!;
    const kind = tag & 3;
    let size: number;
    if (kind === 0) {
      size = (tag >> 2 < 60 ? tag >> 2 : littleEndian((tag >> 2) - 59)) + 1;
      if (size > packed.length - at || size > length - done) throw damaged("a packed page is longer than it may be");
      bytes.set(packed.subarray(at, at + size), done);
      at += size;
    } else {
      size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const back = kind === 1 ? (tag >> 5) * 256 + littleEndian(1) : littleEndian(kind === 2 ? 2 : 4);
      if (back === 0 || back > done) throw damaged("a packed page refers to what is before its beginning");
      if (size > length - done) throw damaged("a packed page is longer than it may be");
      // What is copied may begin before it is all there, and repeats then.
      if (back >= size) bytes.copyWithin(done, done - back, done - back + size);
      else for (let i = 0; i < size; i++) bytes[done + i] = bytes[done + i - back]!;
    }
    done += size;
  }
  if (done !== length) throw damaged(`a packed page has ${done} bytes where ${length} should be`);
  return bytes;
}
