import { AudioFormatError } from "../../core/index.ts";
import type { ByteWindow } from "../reading/byte-window.ts";

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
const headerLength = 42;

/**
 * Reads a FLAC file's metadata blocks; the first is STREAMINFO, the others are passed over.
 * Source: RFC 9639, section 8.1.
 * @param start Offset of `fLaC`.
 * @returns With the offset of the first frame.
 * @throws AudioFormatError `AUDIO_CORRUPT` if they are incomplete or make no sense.
 */
export async function readFlacHeader(source: ByteWindow, start: number): Promise<FlacHeader & { readonly framesStart: number }> {
  let offset = start + 4;
  for (let isLast = false; !isLast;) {
    const block = await source.bytes(offset, 4);
    if (block.length < 4) throw truncatedHeader();
    isLast = isLastFlacBlock(block);
    offset += 4 + block[1]! * 2 ** 16 + block[2]! * 2 ** 8 + block[3]!;
    if (offset > source.size) throw truncatedHeader();
  }
  return { ...parseFlacHeader(await source.bytes(start, headerLength)), framesStart: offset };
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
  if (bytes.length < headerLength) throw truncatedHeader();
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
