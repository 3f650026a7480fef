import type { Turns } from "../core/index.ts";
import { damaged, unsupported } from "./damaged.ts";
import { bitsAt, turnValues } from "./run-lengths.ts";

/** Wider deltas are between numbers that JavaScript does not hold. */
const maxDeltaBits = 45;

/** The scale of a number's tenth byte, the last that one of 64 bits has. */
const maxScale = 2 ** 63;

/** Numbers, and where what follows them starts. */
export interface Deltas {
  readonly values: Float64Array;
  readonly end: number;
}

/**
 * Unpacks numbers that are written as packed differences from each to the next (DELTA_BINARY_PACKED).
 * @param count Of the numbers, as the page has it.
 * @throws CodesError with code CODES_FORMAT for another count, and for fewer bytes than it takes.
 * Source of the format: apache/parquet-format `Encodings.md`.
 */
export function* unpackDeltas(bytes: Uint8Array, start: number, count: number): Turns<Deltas> {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw damaged("its differences end too early");
      if (scale > maxScale) throw damaged("it has a number of more than ten bytes");
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw unsupported("it has differences of more than 53 bits");
      if (byte < 128) return value;
    }
  };
  const zigzag = (): number => {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };

  const [blockSize, numMiniblocks, numValues] = [varint(), varint(), varint()];
  if (numValues !== count) throw damaged(`it has ${numValues} differences where ${count} values should be`);
  const values = new Float64Array(count);
  let value = zigzag();
  if (count > 0) values[0] = value;
  const size = blockSize / numMiniblocks;
  if (count > 1 && (!Number.isSafeInteger(size) || size < 8 || size % 8 !== 0))
    throw damaged(`it has blocks of ${blockSize} differences in ${numMiniblocks}`);
  for (let done = 1; done < count;) {
    const least = zigzag();
    if (numMiniblocks > turnValues) throw damaged(`it has blocks in ${numMiniblocks} parts`);
    const widths = bytes.subarray(at, at + numMiniblocks);
    if (widths.length < numMiniblocks) throw damaged("its differences end too early");
    at += numMiniblocks;
    for (const width of widths) {
      if (done >= count) break;
      if (width > maxDeltaBits) throw unsupported(`it has differences of ${width} bits; at most ${maxDeltaBits} are read`);
      const taken = Math.min(size, count - done);
      if (at + Math.ceil((taken * width) / 8) > bytes.length) throw damaged("its differences end too early");
      for (let i = 0; i < taken; i++) {
        if (done % turnValues === 0) yield;
        value += least + bitsAt(bytes, 8 * at + i * width, width);
        values[done++] = value;
      }
      at += (size * width) / 8;
    }
  }
  return { values, end: Math.min(at, bytes.length) };
}
