import { AudioFormatError } from "../../core/index.ts";

/** Bytes `[start, end)` of a file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How samples are written. Integers of one byte are `unsigned` in some containers, with 128 for silence. */
export type SampleEncoding =
  | { readonly kind: "integer"; readonly numBytes: 1 | 2 | 3 | 4; readonly littleEndian: boolean }
  | { readonly kind: "unsigned"; readonly numBytes: 1 }
  | { readonly kind: "float"; readonly numBytes: 4 | 8; readonly littleEndian: boolean }
  | { readonly kind: "A-law" | "µ-law" }
  /** Samples of all channels stand in blocks of so many bytes. */
  | { readonly kind: "IMA ADPCM" | "MS ADPCM"; readonly bytesPerBlock: number }
  | { readonly kind: "QuickTime IMA ADPCM" | "GSM 6.10" };

/** Where the samples of a file are, and what they are: all that is to be known of it to read them. */
export interface PcmLayout {
  readonly encoding: SampleEncoding;
  readonly channels: number;
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  /** The samples' bytes that the file has. */
  readonly data: ByteRange;
  /** Bytes of samples that its header promises and the file ends before. Lengths that stand for "until the end" promise none. */
  readonly missingBytes: number;
  /** What is wrong with the header and does not keep the samples from being read, as sentences. */
  readonly faults: readonly string[];
}

/**
 * Reads a file's header without saying where the file is: yields each range of bytes that it wants to see, of which it is sent what lies
 * within the file. So it serves files in memory and files on disk alike.
 */
export type HeaderReading<T = PcmLayout> = Generator<ByteRange, T, Uint8Array>;

/** Programs that write to a pipe, and so cannot know the length, state one of about 2 or 4 GiB. */
const leastPlaceholder = 0x7f000000;

/**
 * The samples' bytes of a file, and how many of them it lacks.
 * @param length What its header says; undefined where it says nothing, and the samples reach to the end.
 * @param size Of the whole file.
 */
export function dataRange(
  start: number,
  length: number | undefined,
  size: number,
): { readonly data: ByteRange; readonly missingBytes: number } {
  const end = length === undefined ? size : Math.min(start + length, size);
  const promised = length === undefined || length >= leastPlaceholder ? 0 : start + length;
  return { data: { start: Math.min(start, end), end }, missingBytes: Math.max(0, promised - Math.max(start, size)) };
}

/**
 * Integers that are written high in the fewest bytes that hold them.
 * @throws AudioFormatError `AUDIO_UNSUPPORTED` for none, or more than four bytes.
 */
export function integersOf(name: string, bits: number, littleEndian: boolean): SampleEncoding {
  const numBytes = Math.ceil(bits / 8);
  if (numBytes === 1 || numBytes === 2 || numBytes === 3 || numBytes === 4) return { kind: "integer", numBytes, littleEndian };
  throw unsupportedSamples(name, `of ${bits} bits (integer)`, "expected integers of 8, 16, 24 or 32 bits, or floats of 32 or 64");
}

/** @throws AudioFormatError `AUDIO_UNSUPPORTED` for other floats than those of 32 and 64 bits. */
export function floatsOf(name: string, bits: number, littleEndian: boolean): SampleEncoding {
  if (bits === 32 || bits === 64) return { kind: "float", numBytes: bits === 32 ? 4 : 8, littleEndian };
  throw unsupportedSamples(name, `of ${bits} bits (float)`, "expected integers of 8, 16, 24 or 32 bits, or floats of 32 or 64");
}

/** @param what Follows "samples". */
export function unsupportedSamples(name: string, what: string, remedy: string): AudioFormatError {
  return new AudioFormatError("AUDIO_UNSUPPORTED", `${name} samples ${what} are not supported; ${remedy}`);
}

/** @throws AudioFormatError `AUDIO_CORRUPT` for no channels, or a sample rate that is none. */
export function checkHeader(name: string, channels: number, sampleRate: number, details = ""): void {
  if (channels >= 1 && sampleRate >= 1 && sampleRate < 2 ** 32) return;
  throw new AudioFormatError("AUDIO_CORRUPT", `broken ${name} header: ${channels} channels${details} at ${sampleRate} Hz`);
}

/** @throws AudioFormatError `AUDIO_CORRUPT` for fewer bytes than a header has. */
export function checkHeaderLength(name: string, { byteLength }: Uint8Array | DataView, length: number): void {
  if (byteLength >= length) return;
  throw new AudioFormatError("AUDIO_CORRUPT", `truncated ${name} file: it ends within its header`);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes as the characters of ISO 8859-1. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
