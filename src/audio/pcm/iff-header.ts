import { checkHeader, checkHeaderLength, dataRange, floatsOf, integersOf, textOf, unsupportedSamples, viewOf } from "./pcm-layout.ts";
import type { HeaderReading, SampleEncoding } from "./pcm-layout.ts";
import { findChunks } from "./read-chunk.ts";
import type { ChunkStyle } from "./read-chunk.ts";

const style: ChunkStyle = { nameBytes: 4, lengthBytes: 4, littleEndian: false, alignment: 2, countsHeader: false };

/** Tells whether bytes start as a file of the given kinds of Electronic Arts' IFF does. */
export function isIff(bytes: Uint8Array, ...kinds: readonly string[]): boolean {
  return textOf(bytes, 0, 4) === "FORM" && kinds.includes(textOf(bytes, 8, 12));
}

/**
 * Reads the header of an AIFF or AIFF-C file.
 * Source: Apple's "Audio Interchange File Format", version 1.3, and its "AIFF-C" draft of 1991-08-26; later compression types are those of QuickTime.
 */
export function* readAiffHeader(size: number): HeaderReading {
  const kind = textOf(yield { start: 0, end: 12 }, 8, 12);
  const { COMM, SSND } = yield* findChunks("AIFF", 12, size, style, ["COMM", "SSND"]);
  const common = yield { start: COMM.start, end: COMM.start + 22 };
  checkHeaderLength("AIFF", common, kind === "AIFC" ? 22 : 18);
  const view = viewOf(common);
  const channels = view.getUint16(0);
  const sampleRate = Math.round(extendedOf(view, 8));
  checkHeader("AIFF", channels, sampleRate);
  const encoding = aiffEncoding(kind === "AIFC" ? textOf(common, 18, 22) : "NONE", view.getUint16(6));
  const samples = yield { start: SSND.start, end: SSND.start + 8 };
  checkHeaderLength("AIFF", samples, 8);
  const offset = viewOf(samples).getUint32(0);
  // A program that writes to a pipe leaves it at 0.
  const length = Math.max(0, SSND.length - 8 - offset) || undefined;
  return {
    encoding,
    channels,
    sampleRate,
    ...dataRange(SSND.start + 8 + offset, length, size),
    faults: [],
  };
}

function aiffEncoding(compression: string, bits: number): SampleEncoding {
  switch (compression) {
    case "NONE":
    case "twos":
      return integersOf("AIFF", bits, false);
    case "sowt":
      return integersOf("AIFF", bits, true);
    case "in24":
    case "in32":
      return integersOf("AIFF", Number(compression.slice(2)), false);
    case "42ni":
    case "42n1": // as libsndfile has it
      return integersOf("AIFF", 24, true);
    case "23ni":
      return integersOf("AIFF", 32, true);
    case "raw ":
      return { kind: "unsigned", numBytes: 1 };
    case "fl32":
    case "FL32":
      return floatsOf("AIFF", 32, false);
    case "fl64":
    case "FL64":
      return floatsOf("AIFF", 64, false);
    case "alaw":
    case "ALAW":
      return { kind: "A-law" };
    case "ulaw":
    case "ULAW":
      return { kind: "µ-law" };
    case "ima4":
      return { kind: "QuickTime IMA ADPCM" };
    default:
      throw unsupportedSamples("AIFF-C", `of the compression ${JSON.stringify(compression)}`, "convert first: ffmpeg -i in.aiff out.wav");
  }
}

/** A number of 80 bits: a sign, 15 bits of exponent, and 64 of a fraction with its first bit written out. */
function extendedOf(view: DataView, offset: number): number {
  const exponent = view.getUint16(offset);
  return exponent & 0x8000 ? 0 : Number(view.getBigUint64(offset + 2)) * 2 ** (exponent - 16_383 - 63);
}

/**
 * Reads the header of an 8SVX file, or of one of its kind with 16 bits.
 * Source: Electronic Arts' "8SVX IFF 8-Bit Sampled Voice", 1985-02-05.
 */
export function* readSvxHeader(size: number): HeaderReading {
  const kind = textOf(yield { start: 0, end: 12 }, 8, 12);
  const { VHDR, BODY, CHAN } = yield* findChunks("8SVX", 12, size, style, ["VHDR", "BODY"], ["CHAN"]);
  const voice = yield { start: VHDR.start, end: VHDR.start + 16 };
  checkHeaderLength("8SVX", voice, 16);
  const sampleRate = viewOf(voice).getUint16(12);
  checkHeader("8SVX", 1, sampleRate);
  const remedy = "convert first: ffmpeg -i in.iff out.wav";
  if (voice[15] !== 0) throw unsupportedSamples("8SVX", "of a compression", remedy);
  if (voice[14]! > 1) throw unsupportedSamples("8SVX", "of several octaves", remedy);
  if (CHAN !== undefined && (yield { start: CHAN.start, end: CHAN.start + 4 })[3] === 6)
    throw unsupportedSamples("8SVX", "in stereo", remedy);
  const encoding = integersOf("8SVX", kind === "16SV" ? 16 : 8, false);
  return { encoding, channels: 1, sampleRate, ...dataRange(BODY.start, BODY.length, size), faults: [] };
}
