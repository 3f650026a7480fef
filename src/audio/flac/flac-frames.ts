import { AudioFormatError } from "../../core/index.ts";
import { hasAscii } from "../reading/ascii.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import { crc8, Crc16, Crc16FromEnd } from "./flac-checksums.ts";
import type { FlacHeader } from "./flac-header.ts";
import type { Pace } from "../reading/pace.ts";

/** A whole frame, with checksums that are right. */
export interface FlacFrame {
  readonly bytes: Uint8Array;
  /** Samples per channel. */
  readonly numSamples: number;
}

interface FrameHeader {
  /** Length in bytes, checksum included. */
  readonly length: number;
  readonly hasVariableBlocks: boolean;
  /** The frame's number, or that of its first sample where blocks are variable. */
  readonly number: number;
  /** Samples per channel. */
  readonly blockSize: number;
}

/** Most bytes of a frame: 65535 samples of eight 24-bit channels, uncompressed. */
const maxFrameLength = 65_535 * 8 * 3 + 2 ** 10;
/**
 * Most headers of other frames that a frame may hold. Bytes look like one by chance, about once in 16 MB. A decoder that finds the frame
 * around them damaged takes each for the next one, and decodes half a million samples for 34 bytes.
 */
const maxHeadersWithin = 8;
/** Bytes that are looked at before others have their turn. */
const stepLength = 2 ** 16;
/** Two bytes of sync code, two of form, seven of number, two of block size, two of sample rate, and the checksum. */
const maxHeaderLength = 16;
const id3v1Length = 128;

/**
 * Finds the frame that ends with the last byte, by its two checksums, and the sample at which it ends.
 * @param framesStart Offset of the first frame.
 * @returns Number of the sample after the last one.
 * @throws AudioFormatError `AUDIO_CORRUPT` if there is none: then the file is cut short within a frame.
 */
export async function findFlacEnd(source: ByteWindow, framesStart: number, header: FlacHeader): Promise<number> {
  const tailStart = Math.max(framesStart, source.size - maxFrameLength - id3v1Length);
  const tail = await source.bytes(tailStart, source.size - tailStart);
  const end = hasAscii(tail, tail.length - id3v1Length, "TAG") ? tail.length - id3v1Length : tail.length;
  const crc = new Crc16FromEnd();
  for (let offset = end - 1; offset >= Math.max(0, end - maxFrameLength); offset--) {
    crc.prepend(tail[offset]!);
    if ((end - offset) % stepLength === 0) await source.pace.spend(stepLength);
    if (crc.value !== 0) continue;
    const endSample = endSampleOf(parseFrameHeader(tail.subarray(offset, end)), header);
    if (endSample !== undefined) return endSample;
  }
  throw new AudioFormatError(
    "AUDIO_CORRUPT",
    "truncated FLAC file: it does not end with a whole frame; what is left of it can be saved with: ffmpeg -i in.flac out.wav",
  );
}

/** The number of the sample after a frame, undefined where nothing tells it. */
function endSampleOf(frame: FrameHeader | undefined, header: FlacHeader): number | undefined {
  if (frame === undefined) return undefined;
  if (frame.hasVariableBlocks) return frame.number + frame.blockSize;
  return header.blockSize === undefined ? undefined : frame.number * header.blockSize + frame.blockSize;
}

/**
 * Cuts a stream into frames. They do not say how long they are: a frame ends where its checksum is right and the next one's
 * header follows, or nothing. Each byte is looked at once, whatever it is; what stands between frames, or after the last whole one, is left out.
 * @param chunks The stream from its first frame on, cut anywhere.
 * @throws AudioFormatError `AUDIO_CORRUPT` for a frame that does not end within the most bytes that one may have, or that is full of others.
 */
export async function* splitFlacFrames(chunks: AsyncIterable<Uint8Array>, pace: Pace): AsyncGenerator<FlacFrame, void> {
  const splitter = new FrameSplitter();
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += stepLength) {
      const step = chunk.subarray(start, start + stepLength);
      yield* splitter.push(step);
      await pace.spend(step.length);
    }
  }
  yield* splitter.flush();
}

class FrameSplitter {
  /** What is not given out yet are the bytes `#start` to `#end`, of which those before `#position` are in the frame's checksum. */
  #buffer = new Uint8Array(2 ** 17);
  #start = 0;
  #position = 0;
  #end = 0;
  /** The header of the frame at `#start`; undefined while one is looked for. */
  #frame: FrameHeader | undefined;
  /** Headers within it so far. */
  #numWithin = 0;
  #crc = new Crc16();

  *push(chunk: Uint8Array): Generator<FlacFrame, void> {
    this.#append(chunk);
    yield* this.#split(maxHeaderLength);
  }

  *flush(): Generator<FlacFrame, void> {
    yield* this.#split(0);
  }

  /** @param lookahead Bytes that have to follow so that it can be told whether a frame ends. */
  *#split(lookahead: number): Generator<FlacFrame, void> {
    while (this.#findStart(lookahead)) {
      if (!this.#findEnd(lookahead)) return;
      if (this.#numWithin > maxHeadersWithin) {
        throw new AudioFormatError(
          "AUDIO_CORRUPT",
          `damaged FLAC file: a frame holds the headers of ${this.#numWithin} others, and at most ${maxHeadersWithin} may be there by chance`,
        );
      }
      yield { bytes: this.#buffer.slice(this.#start, this.#position), numSamples: this.#frame!.blockSize };
      this.#start = this.#position;
      this.#frame = undefined;
    }
  }

  #findStart(lookahead: number): boolean {
    for (; this.#frame === undefined && this.#start + lookahead < this.#end; this.#start++) {
      this.#frame = this.#headerAt(this.#start);
      if (this.#frame === undefined) continue;
      this.#crc = new Crc16();
      this.#position = this.#start;
      this.#numWithin = 0;
      return true;
    }
    return this.#frame !== undefined;
  }

  #findEnd(lookahead: number): boolean {
    const first = this.#start + this.#frame!.length + 3; // a byte of a subframe, and the checksum
    const limit = this.#start + maxFrameLength;
    while (this.#position + lookahead < this.#end) {
      if (this.#position === limit) {
        throw new AudioFormatError(
          "AUDIO_CORRUPT",
          `damaged FLAC file: a frame does not end within ${maxFrameLength} bytes, which none exceeds`,
        );
      }
      this.#crc.append(this.#buffer[this.#position++]!);
      const next = this.#headerAt(this.#position);
      if (this.#crc.value === 0 && this.#position >= first && (this.#position === this.#end || next !== undefined)) return true;
      if (next !== undefined) this.#numWithin++;
    }
    return false;
  }

  #headerAt(offset: number): FrameHeader | undefined {
    return this.#buffer[offset] === 0xff
      ? parseFrameHeader(this.#buffer.subarray(offset, Math.min(offset + maxHeaderLength, this.#end)))
      : undefined;
  }

  /** Makes room by dropping what is done, and by a buffer of twice the length where that is too little. */
  #append(chunk: Uint8Array): void {
    const numKept = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      const roomy = 2 * (numKept + chunk.length) > this.#buffer.length ? new Uint8Array(2 * (numKept + chunk.length)) : this.#buffer;
      roomy.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = roomy;
      this.#position -= this.#start;
      this.#start = 0;
      this.#end = numKept;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }
}

/** Channels by the header's four bits: as many as they say, or two of which one may be a difference. */
const channelCounts: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 2, 2, 2];

/**
 * Reads the header of a frame.
 * Source: RFC 9639, section 9.1.
 * @param bytes Start with the frame, and go on for 16 bytes or to the end of the stream.
 * @returns undefined if this is none.
 */
function parseFrameHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < 6 || bytes[0] !== 0xff || (bytes[1]! & 0xfe) !== 0xf8) return undefined;
  const blockSizeCode = bytes[2]! >> 4;
  const sampleRateCode = bytes[2]! & 0xf;
  const numChannels = channelCounts[bytes[3]! >> 4];
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
  if (sampleRateCode === 12) offset += 1;
  else if (sampleRateCode >= 13) offset += 2;
  const length = offset + 1;
  if (length > bytes.length || crc8(bytes.subarray(0, length)) !== 0) return undefined;
  return { length, hasVariableBlocks: (bytes[1]! & 1) !== 0, number: number.value, blockSize };
}

/** Samples per channel of the frame that bytes start with, undefined for none. */
export function flacBlockSize(bytes: Uint8Array): number | undefined {
  return parseFrameHeader(bytes.subarray(0, maxHeaderLength))?.blockSize;
}

/** Whether bytes are one frame from their first to their last, with checksums that are right, and few that look like the headers of others. */
export function isWholeFlacFrame(bytes: Uint8Array): boolean {
  if (flacBlockSize(bytes) === undefined) return false;
  const crc = new Crc16();
  let numWithin = 0;
  for (const [offset, byte] of bytes.entries()) {
    crc.append(byte);
    if (byte === 0xff && offset > 0 && flacBlockSize(bytes.subarray(offset)) !== undefined) numWithin++;
  }
  return crc.value === 0 && numWithin <= maxHeadersWithin;
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
