import { concatBytes } from "./concat-bytes.ts";
import { ascii } from "./wav-bytes.ts";

export function box(type: string, ...contents: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const content = concatBytes(contents.map((part) => Uint8Array.from(part)));
  return concatBytes([Uint8Array.from([...bigEndian(content.length + 8), ...ascii(type)]), content]);
}

export function bigEndian(...values: readonly number[]): number[] {
  return values.flatMap((value) => [Math.floor(value / 2 ** 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
}

/** The tables of a track: of packets of 16-bit mono unless told otherwise. */
export interface Mp4Fields {
  /** Content of "stsz", behind version and flags. */
  readonly sizes: readonly number[];
  /** Content of "stco", without version, flags and count. */
  readonly chunkOffsets: readonly number[];
  readonly packetsPerChunk: number;
  readonly mdat: Uint8Array;
  /** Content of "elst", without version, flags and count: duration, start and rate of each edit. @default none */
  readonly edits?: readonly (readonly [duration: number, start: number])[];
}

/** Where the content of "mdat" starts in such a file. */
export const mdatStart = 8;

/** A QuickTime file at 1000 Hz, whose audio comes before its description. */
export function mov({ sizes, chunkOffsets, packetsPerChunk, mdat, edits = [] }: Mp4Fields): Uint8Array {
  const description = box("sowt", new Uint8Array(6), [0, 1], new Uint8Array(8), [0, 1, 0, 16, 0, 0, 0, 0], bigEndian(1000 * 2 ** 16));
  const stbl = box(
    "stbl",
    box("stsd", bigEndian(0, 1), description),
    box("stts", bigEndian(0, 0)),
    box("stsc", bigEndian(0, 1, 1, packetsPerChunk, 1)),
    box("stsz", bigEndian(0), sizes),
    box("stco", bigEndian(0, chunkOffsets.length, ...chunkOffsets)),
  );
  const mdia = box("mdia", box("mdhd", bigEndian(0, 0, 0, 1000, 0, 0)), box("hdlr", bigEndian(0, 0), ascii("soun")), box("minf", stbl));
  const edts = box("edts", box("elst", bigEndian(0, edits.length, ...edits.flatMap(([duration, start]) => [duration, start, 2 ** 16]))));
  const moov = box("moov", box("mvhd", bigEndian(0, 0, 0, 1000, 0)), box("trak", edts, mdia));
  return concatBytes([box("mdat", mdat), moov]);
}
