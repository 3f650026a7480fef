import { littleEndian } from "./wav-bytes.ts";

const defaultBlockSize = 4096;

export interface FlacForm {
  /** Samples of all frames but the last. @default 4096 */
  readonly blockSize?: number;
  /** @default 1 */
  readonly numChannels?: number;
}

/** `fLaC` and STREAMINFO of a 16-bit stream at 16 kHz; 0 samples are an unknown number. */
export function flacHeader(numSamples: number, { blockSize = defaultBlockSize, numChannels = 1 }: FlacForm = {}): Uint8Array {
  const packed = (16_000n << 44n) | (BigInt(numChannels - 1) << 41n) | (15n << 36n) | BigInt(numSamples);
  const blockSizes = [...bigEndian(blockSize, 2), ...bigEndian(blockSize, 2)];
  const info = [...blockSizes, ...bigEndian(0, 6), ...bigEndian(packed, 8), ...bigEndian(0, 16)];
  return Uint8Array.from([0x66, 0x4c, 0x61, 0x43, 0x80, ...bigEndian(info.length, 3), ...info]);
}

/** A frame of 4096 samples as they are. Source: RFC 9639, section 9. */
export function flacFrame(number: number, samples: Int16Array): Uint8Array {
  const header = flacFrameHeader(number);
  const frame = new Uint8Array(header.length + 1 + 2 * defaultBlockSize + 2);
  frame.set([...header, 0x02]);
  const view = new DataView(frame.buffer);
  for (let i = 0; i < defaultBlockSize; i++) view.setInt16(header.length + 1 + 2 * i, samples[i]!);
  view.setUint16(frame.length - 2, crc16(frame.subarray(0, -2)));
  return frame;
}

/** A frame that gives each channel's only value once, however many samples that is. */
export function constantFlacFrame(
  number: number,
  value: number,
  { blockSize = defaultBlockSize, numChannels = 1 }: FlacForm = {},
): Uint8Array {
  const channel = [0x00, ...bigEndian(BigInt.asUintN(16, BigInt(value)), 2)];
  const frame = [...flacFrameHeader(number, { blockSize, numChannels }), ...Array.from({ length: numChannels }, () => channel).flat()];
  return Uint8Array.from([...frame, ...bigEndian(crc16(frame), 2)]);
}

/** The header of a frame at 16 kHz with 16 bits, its checksum included. */
export function flacFrameHeader(number: number, { blockSize = defaultBlockSize, numChannels = 1 }: FlacForm = {}): number[] {
  const [blockSizeCode, blockSizeBytes] = blockSize === defaultBlockSize ? [0xc, []] : [0x7, bigEndian(blockSize - 1, 2)];
  const form = [0xff, 0xf8, (blockSizeCode << 4) | 5, ((numChannels - 1) << 4) | 8];
  const header = [...form, ...new TextEncoder().encode(String.fromCodePoint(number)), ...blockSizeBytes];
  return [...header, crc8(header)];
}

/** A copy in which what starts like frames has the right checksums, so that what was changed gets past them to the decoder. */
export function withFlacChecksums(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  const starts: number[] = [];
  for (let i = 42; i + 1 < sealed.length; i++) if (sealed[i] === 0xff && (sealed[i + 1]! & 0xfe) === 0xf8) starts.push(i);
  for (const [index, start] of starts.entries()) {
    const frame = sealed.subarray(start, starts[index + 1]);
    const [blockSizeCode, sampleRateCode] = [frame[2]! >> 4, frame[2]! & 0xf];
    const numberLength = Math.max(1, Math.clz32(~(frame[4]! << 24)));
    const length =
      4 +
      numberLength +
      (blockSizeCode === 6 ? 1 : blockSizeCode === 7 ? 2 : 0) +
      (sampleRateCode === 12 ? 1 : sampleRateCode > 12 ? 2 : 0);
    if (length + 3 > frame.length) continue;
    frame[length] = crc8(frame.subarray(0, length));
    new DataView(sealed.buffer).setUint16(start + frame.length - 2, crc16(frame.subarray(0, -2)));
  }
  return sealed;
}

function bigEndian(value: number | bigint, numBytes: number): number[] {
  return littleEndian(value, numBytes).toReversed();
}

const crc8 = (bytes: Iterable<number>): number => checksum(bytes, 8, 0x07);
const crc16 = (bytes: Iterable<number>): number => checksum(bytes, 16, 0x8005);

function checksum(bytes: Iterable<number>, numBits: number, polynomial: number): number {
  const mask = 2 ** numBits - 1;
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << (numBits - 8);
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc >> (numBits - 1) ? polynomial : 0)) & mask;
  }
  return crc;
}
