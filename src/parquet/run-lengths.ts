import { stretches } from "../core/index.ts";
import type { Turns } from "../core/index.ts";
import { damaged } from "./damaged.ts";

/** Values between two turns, each of which takes some nanoseconds; a multiple of eight. */
export const turnValues: number = 2 ** 19;

/**
 * Unpacks numbers that are written as runs, of one value that repeats or of packed values (RLE/bit-packing hybrid), until the output is full.
 * No run may have more values than there is room for; packed ones come in groups of eight, so that up to seven may be left over.
 * @param bitWidth Of a value, 0 to 32.
 * @throws CodesError with code CODES_FORMAT for runs that are too long or too few.
 * Source of the format: apache/parquet-format `Encodings.md`.
 */
export function* unpackRuns(bytes: Uint8Array, bitWidth: number, output: Uint8Array | Uint32Array): Turns<void> {
  if (bitWidth > 32) throw damaged(`it has values of ${bitWidth} bits; expected at most 32`);
  const valueBytes = Math.ceil(bitWidth / 8);
  let at = 0;
  let numRuns = 0;
  for (let done = 0; done < output.length;) {
    if (++numRuns % turnValues === 0) yield;
    let header = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 28) throw damaged(`it has ${done} of ${output.length} values`);
      header += (byte & 127) * scale;
      if (byte < 128) break;
    }
    const left = output.length - done;
    const isPacked = header % 2 === 1;
    const run = isPacked ? 8 * ((header - 1) / 2) : header / 2;
    if (run > left + (isPacked ? 7 : 0)) throw damaged(`it has a run of ${run} values where ${left} are left`);
    const count = Math.min(run, left);
    const length = isPacked ? Math.ceil((count * bitWidth) / 8) : valueBytes;
    if (at + length > bytes.length) throw damaged(`it has ${done} of ${output.length} values`);
    if (isPacked) {
      const [from, to] = [at, done];
      yield* stretches(count, turnValues, (start, end) =>
        unpackBits(bytes.subarray(from + (start * bitWidth) / 8), bitWidth, output.subarray(to + start, to + end)),
      );
      at += (run * bitWidth) / 8;
    } else {
      output.fill(bitsAt(bytes, 8 * at, 8 * valueBytes), done, done + count);
      at += length;
    }
    done += count;
  }
}

/** Values of up to 32 bits that stand one after the other. */
function unpackBits(bytes: Uint8Array, width: number, output: Uint8Array | Uint32Array): void {
  if (width > 24) {
    for (let i = 0; i < output.length; i++) output[i] = bitsAt(bytes, i * width, width);
    return;
  }
  const mask = 2 ** width - 1;
  let [at, waiting, numWaiting] = [0, 0, 0];
  for (let i = 0; i < output.length; i++) {
    for (; numWaiting < width; numWaiting += 8) waiting |= bytes[at++]! << numWaiting;
    output[i] = waiting & mask;
    waiting >>>= width;
    numWaiting -= width;
  }
}

/** `width` bits, 0 to 45, from the lowest of each byte on; bits beyond the bytes are 0. */
export function bitsAt(bytes: Uint8Array, bit: number, width: number): number {
  const first = Math.floor(bit / 8);
  const shift = bit % 8;
  if (shift + width <= 32) {
    const low = (bytes[first]! | (bytes[first + 1]! << 8) | (bytes[first + 2]! << 16) | (bytes[first + 3]! << 24)) >>> shift;
    return width === 32 ? low >>> 0 : low & (2 ** width - 1);
  }
  let value = 0;
  for (let i = 0; 8 * i < shift + width; i++) value += (bytes[first + i] ?? 0) * 2 ** (8 * i);
  return Math.floor(value / 2 ** shift) % 2 ** width;
}
