import { AudioFormatError } from "../core/index.ts";
import { hasAscii } from "./audio-container.ts";
import type { ByteWindow } from "./byte-window.ts";

/** What a FLAC stream's STREAMINFO block says. */
export interface FlacHeader {
  readonly sampleRate: number;
  readonly numChannels: number;
  readonly bitsPerSample: number;
  /** Samples per channel of every frame but the last, if all have the same. */
  readonly blockSize: number | undefined;
  /** Samples per channel, or undefined if the encoder did not know. */
  readonly numSamples: number | undefined;
}

/** Length in bytes of `fLaC` and the STREAMINFO block that follows it. */
const HEADER_LENGTH = 42;

/**
 * Reads a FLAC file's metadata blocks; the first is STREAMINFO, the others are passed over.
 * Source: RFC 9639, section 8.1.
 * @param start Offset of `fLaC`.
 * @returns With the offset of the first frame.
 * @throws AudioFormatError `AUDIO_CORRUPT` if they are incomplete or make no sense.
 */
export async function readFlacHeader(source: ByteWindow, start: number): Promise<FlacHeader & { readonly framesStart: number }> {
  let offset = start + 4;
  for (let isLast = false; !isLast; ) {
    const block = await source.bytes(offset, 4);
    if (block.length < 4) throw truncatedHeader();
    isLast = isLastFlacBlock(block);
    offset += 4 + block[1]! * 2 ** 16 + block[2]! * 2 ** 8 + block[3]!;
    if (offset > source.size) throw truncatedHeader();
  }
  return { ...parseFlacHeader(await source.bytes(start, HEADER_LENGTH)), framesStart: offset };
}

/** Whether frames follow a metadata block. */
export function isLastFlacBlock(block: Uint8Array): boolean {
  return (block[0]! & 0x80) !== 0;
}

/**
 * Reads `fLaC` and STREAMINFO.
 * Source: RFC 9639, section 8.2.
 * @throws AudioFormatError `AUDIO_CORRUPT` if they are incomplete or make no sense.
 */
export function parseFlacHeader(bytes: Uint8Array): FlacHeader {
  if (bytes.length < 8) throw truncatedHeader();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if ((bytes[4]! & 0x7f) !== 0 || (view.getUint32(4) & 0xffffff) < 34) {
    throw new AudioFormatError("AUDIO_CORRUPT", "damaged FLAC file: it does not start with a STREAMINFO block of 34 bytes");
  }
  if (bytes.length < HEADER_LENGTH) throw truncatedHeader();
  const packed = view.getBigUint64(18); // 20 bits of rate, 3 of channels − 1, 5 of bits − 1, 36 of samples
  const [sampleRate, numSamples] = [Number(packed >> 44n), Number(packed & 0xfffffffffn)];
  if (sampleRate === 0) throw new AudioFormatError("AUDIO_CORRUPT", "damaged FLAC file: its header gives a sample rate of 0 Hz");
  const [smallestBlock, largestBlock] = [view.getUint16(8), view.getUint16(10)];
  return {
    sampleRate,
    numChannels: Number((packed >> 41n) & 0x7n) + 1,
    bitsPerSample: Number((packed >> 36n) & 0x1fn) + 1,
    blockSize: smallestBlock === largestBlock ? largestBlock : undefined,
    numSamples: numSamples === 0 ? undefined : numSamples,
  };
}

function truncatedHeader(): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", "truncated FLAC file: it ends within its header");
}

/** How far from the end the last frame may start, in bytes: 65535 samples of eight 24-bit channels, uncompressed. */
const MAX_FRAME_LENGTH = 65_535 * 8 * 3 + 2 ** 10;
const ID3V1_LENGTH = 128;

/**
 * Finds the frame that ends with the last byte, by its two checksums, and the sample at which it ends.
 * @param framesStart Offset of the first frame.
 * @returns Number of the sample after the last one.
 * @throws AudioFormatError `AUDIO_CORRUPT` if there is none: then the file is cut short within a frame.
 */
export async function findFlacEnd(source: ByteWindow, framesStart: number, header: FlacHeader): Promise<number> {
  const tailStart = Math.max(framesStart, source.size - MAX_FRAME_LENGTH - ID3V1_LENGTH);
  const frames = await source.bytes(tailStart, source.size - tailStart);
  const end = hasAscii(frames, frames.length - ID3V1_LENGTH, "TAG") ? frames.length - ID3V1_LENGTH : frames.length;
  for (let offset = end - 8; offset >= Math.max(0, end - MAX_FRAME_LENGTH); offset--) {
    if (frames[offset] !== 0xff || (frames[offset + 1]! & 0xfe) !== 0xf8) continue;
    const endSample = parseFrameEnd(frames.subarray(offset, end), header);
    if (endSample !== undefined && crc16(frames.subarray(offset, end)) === 0) return endSample;
  }
  throw new AudioFormatError(
    "AUDIO_CORRUPT",
    "truncated FLAC file: it does not end with a whole frame; what is left of it can be saved with: ffmpeg -i in.flac out.wav",
  );
}

/**
 * The number of the sample after a frame, read from the frame's header.
 * Source: RFC 9639, sections 9.1.1 to 9.1.8.
 * @returns undefined if this is no frame header.
 */
function parseFrameEnd(frame: Uint8Array, header: FlacHeader): number | undefined {
  const isVariable = (frame[1]! & 1) !== 0;
  const blockSizeCode = frame[2]! >> 4;
  const sampleRateCode = frame[2]! & 0xf;
  const number = parseCodedNumber(frame, 4);
  if (number === undefined) return undefined;

  let offset = number.end;
  let blockSize: number;
  if (blockSizeCode === 6) blockSize = frame[offset++]! + 1;
  else if (blockSizeCode === 7) blockSize = frame[offset++]! * 256 + frame[offset++]! + 1;
  else if (blockSizeCode >= 8) blockSize = 256 << (blockSizeCode - 8);
  else if (blockSizeCode >= 1) blockSize = blockSizeCode === 1 ? 192 : 576 << (blockSizeCode - 2);
  else return undefined;
  if (sampleRateCode === 12) offset += 1;
  else if (sampleRateCode >= 13) offset += 2;
  if (offset >= frame.length || crc8(frame.subarray(0, offset + 1)) !== 0) return undefined;

  if (isVariable) return number.value + blockSize;
  return header.blockSize === undefined ? undefined : number.value * header.blockSize + blockSize;
}

/** A number in the manner of UTF-8, of one to seven bytes. */
function parseCodedNumber(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } | undefined {
  const first = bytes[start]!;
  if (first < 0x80) return { value: first, end: start + 1 };
  const numBytes = Math.clz32(~(first << 24)); // leading ones
  if (numBytes < 2 || numBytes > 7 || start + numBytes > bytes.length) return undefined;
  let value = first & (0x7f >> numBytes);
  for (let i = 1; i < numBytes; i++) value = value * 64 + (bytes[start + i]! & 0x3f);
  return { value, end: start + numBytes };
}

/** Polynomial x⁸+x²+x+1; over bytes that end in their own checksum it is 0. */
function crc8(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80 ? (crc << 1) ^ 0x07 : crc << 1) & 0xff;
  }
  return crc;
}

/** Polynomial x¹⁶+x¹⁵+x²+1; over bytes that end in their own checksum it is 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x8005 : crc << 1) & 0xffff;
  }
  return crc;
}
