import { crc8 } from "./flac-checksums.ts";

/** What the header of a frame says. */
export interface FlacFrameHeader {
  /** Length in bytes, checksum included. */
  readonly length: number;
  readonly hasVariableBlocks: boolean;
  /** The frame's number, or that of its first sample where blocks are variable. */
  readonly number: number;
  /** Samples per channel. */
  readonly blockSize: number;
  /** Channels by the header's four bits: up to 7 one less than their number, from 8 on two, of which one is a difference. */
  readonly channelCode: number;
  readonly numChannels: number;
  /** Undefined where the stream's header has it, like the sample rate. */
  readonly bitsPerSample: number | undefined;
  /** Sample rate in hertz. */
  readonly sampleRate: number | undefined;
}

/** Two bytes of sync code, two of form, seven of number, two of block size, two of sample rate, and the checksum. */
export const maxHeaderLength = 16;

const channelCounts: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 2, 2, 2];
const sampleBits: readonly (number | undefined)[] = [undefined, 8, 12, undefined, 16, 20, 24, 32];
const sampleRates: readonly (number | undefined)[] = [
  undefined,
  88_200,
  176_400,
  192_000,
  8000,
  16_000,
  22_050,
  24_000,
  32_000,
  44_100,
  48_000,
  96_000,
];

/**
 * Reads the header of a frame.
 * Source: RFC 9639, section 9.1.
 * @param bytes Start with the frame, and go on for 16 bytes or to the end of the stream.
 * @returns undefined if this is none.
 */
export function parseFlacFrameHeader(bytes: Uint8Array): FlacFrameHeader | undefined {
  if (bytes.length < 6 || bytes[0] !== 0xff || (bytes[1]! & 0xfe) !== 0xf8) return undefined;
  const blockSizeCode = bytes[2]! >> 4;
  const sampleRateCode = bytes[2]! & 0xf;
  const channelCode = bytes[3]! >> 4;
  const numChannels = channelCounts[channelCode];
  const number = parseCodedNumber(bytes, 4);
  const bitsCode = (bytes[3]! >> 1) & 7;
  if (number === undefined || numChannels === undefined) return undefined;
  if (sampleRateCode === 15 || bitsCode === 3 || (bytes[3]! & 1) !== 0) return undefined; // reserved

  let offset = number.end;
  let blockSize: number;
  if (blockSizeCode === 6) blockSize = bytes[offset++]! + 1;
  else if (blockSizeCode === 7) blockSize = bytes[offset++]! * 256 + bytes[offset++]! + 1;
  else if (blockSizeCode >= 8) blockSize = 256 << (blockSizeCode - 8);
  else if (blockSizeCode >= 1) blockSize = blockSizeCode === 1 ? 192 : 576 << (blockSizeCode - 2);
  else return undefined;
  let sampleRate = sampleRates[sampleRateCode];
  if (sampleRateCode === 12) sampleRate = bytes[offset++]! * 1000;
  else if (sampleRateCode >= 13) sampleRate = (bytes[offset++]! * 256 + bytes[offset++]!) * (sampleRateCode === 13 ? 1 : 10);
  const length = offset + 1;
  if (length > bytes.length || crc8(bytes.subarray(0, length)) !== 0) return undefined;
  return {
    length,
    hasVariableBlocks: (bytes[1]! & 1) !== 0,
    number: number.value,
    blockSize,
    channelCode,
    numChannels,
    bitsPerSample: sampleBits[bitsCode],
    sampleRate,
  };
}

/** A number in the manner of UTF-8, of one to seven bytes. */
function parseCodedNumber(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  const first = bytes[start]!;
  if (first < 0x80) return { value: first, end: start + 1 };
  const numBytes = Math.clz32(~(first << 24)); // leading ones
  if (numBytes < 2 || numBytes > 7 || start + numBytes > bytes.length) return undefined;
  let value = first & (0x7f >> numBytes);
  for (let i = 1; i < numBytes; i++) {
    const byte = bytes[start + i]!;
    if ((byte & 0xc0) !== 0x80) return undefined;
    value = value * 64 + (byte & 0x3f);
  }
  return { value, end: start + numBytes };
}
