import { littleEndian } from "./wav-bytes.ts";

const BLOCK_SIZE = 4096;

/** `fLaC` and STREAMINFO of a mono 16-bit stream at 16 kHz; 0 samples are an unknown number. */
export function flacHeader(numSamples: number): Uint8Array {
  const packed = (16_000n << 44n) | (15n << 36n) | BigInt(numSamples);
  const blockSizes = [...bigEndian(BLOCK_SIZE, 2), ...bigEndian(BLOCK_SIZE, 2)];
  const info = [...blockSizes, ...bigEndian(0, 6), ...bigEndian(packed, 8), ...bigEndian(0, 16)];
  return Uint8Array.from([0x66, 0x4c, 0x61, 0x43, 0x80, ...bigEndian(info.length, 3), ...info]);
}

/** A frame of 4096 samples as they are. Source: RFC 9639, section 9. */
export function flacFrame(number: number, samples: Int16Array): Uint8Array {
  const header = [0xff, 0xf8, 0xc5, 0x08, ...new TextEncoder().encode(String.fromCodePoint(number))];
  const frame = new Uint8Array(header.length + 2 + 2 * BLOCK_SIZE + 2);
  frame.set([...header, checksum(header, 8, 0x07), 0x02]);
  const view = new DataView(frame.buffer);
  for (let i = 0; i < BLOCK_SIZE; i++) view.setInt16(header.length + 2 + 2 * i, samples[i]!);
  view.setUint16(frame.length - 2, checksum(frame.subarray(0, -2), 16, 0x8005));
  return frame;
}

function bigEndian(value: number | bigint, numBytes: number): number[] {
  return littleEndian(value, numBytes).toReversed();
}

function checksum(bytes: Iterable<number>, numBits: number, polynomial: number): number {
  const mask = 2 ** numBits - 1;
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << (numBits - 8);
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc >> (numBits - 1) ? polynomial : 0)) & mask;
  }
  return crc;
}
