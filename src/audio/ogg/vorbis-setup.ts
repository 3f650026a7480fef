import { AudioFormatError } from "../../core/index.ts";

/**
 * The most entries that a stream's codebooks may have together, and the most numbers that these may stand for. libvorbis's
 * encoder, at any quality and rate and up to six channels, has 19 413 and 87 952 at most.
 */
const maxEntries = 2 ** 17;
const maxValues = 2 ** 20;

const codebookSync = 0x564342;

/**
 * Reads a Vorbis stream's setup header up to its modes, and checks how large the codebooks are. A header of a kilobyte can define hundreds
 * of codebooks with millions of entries, which the decoder builds, and sorts, before the first packet, in one go.
 * Source: Vorbis I specification, sections 3.2.1 and 4.2.4.
 * @param setup The third header packet, which starts with its type and "vorbis".
 * @returns For each mode, whether its blocks are the long ones.
 * @throws AudioFormatError `AUDIO_CORRUPT` for a header that is cut short or makes no sense, `AUDIO_UNSUPPORTED` for codebooks such as no encoder makes.
 */
export function parseVorbisModes(setup: Uint8Array, channels: number): readonly boolean[] {
  const bits = new BitReader(setup, 7 * 8);
  skipCodebooks(bits);
  bits.skip(16 * (bits.read(6) + 1)); // transforms in the time domain, of which there is no kind
  for (let numFloors = bits.read(6) + 1; numFloors > 0; numFloors--) skipFloor(bits);
  for (let numResidues = bits.read(6) + 1; numResidues > 0; numResidues--) skipResidue(bits);
  for (let numMappings = bits.read(6) + 1; numMappings > 0; numMappings--) skipMapping(bits, channels);
  return Array.from({ length: bits.read(6) + 1 }, () => {
    const isLong = bits.read(1) === 1;
    bits.skip(16 + 16 + 8);
    return isLong;
  });
}

function skipCodebooks(bits: BitReader): void {
  const numCodebooks = bits.read(8) + 1;
  let numEntries = 0;
  let numValues = 0;
  for (let index = 0; index < numCodebooks; index++) {
    if (bits.read(24) !== codebookSync) throw damaged(`codebook ${index} does not start where the one before ends`);
    const dimensions = bits.read(16);
    const entries = bits.read(24);
    numEntries += entries;
    numValues += entries * dimensions;
    if (numEntries > maxEntries || numValues > maxValues) {
      throw new AudioFormatError(
        "AUDIO_UNSUPPORTED",
        `Ogg Vorbis file whose codebooks have over ${maxEntries} entries or ${maxValues} values, which no encoder makes; convert it first: ffmpeg -i in.ogg out.wav`,
      );
    }
    skipLengths(bits, entries);
    skipValues(bits, entries, dimensions);
  }
}

/** Source: Vorbis I specification, sections 6.2.1 and 7.2.2. */
function skipFloor(bits: BitReader): void {
  const kind = bits.read(16);
  if (kind > 1) throw damaged(`a floor is of kind ${kind}, which there is not`);
  if (kind === 0) {
    bits.skip(8 + 16 + 16 + 6 + 8);
    bits.skip(8 * (bits.read(4) + 1));
    return;
  }
  const classOfPartition = Array.from({ length: bits.read(5) }, () => bits.read(4));
  const dimensionsOfClass = Array.from({ length: Math.max(-1, ...classOfPartition) + 1 }, () => {
    const dimensions = bits.read(3) + 1;
    const subclasses = bits.read(2);
    bits.skip((subclasses > 0 ? 8 : 0) + 8 * 2 ** subclasses);
    return dimensions;
  });
  bits.skip(2);
  const width = bits.read(4);
  for (const index of classOfPartition) bits.skip(width * dimensionsOfClass[index]!);
}

/** Source: Vorbis I specification, section 8.6.1. */
function skipResidue(bits: BitReader): void {
  const kind = bits.read(16);
  if (kind > 2) throw damaged(`a residue is of kind ${kind}, which there is not`);
  bits.skip(24 + 24 + 24);
  const numClassifications = bits.read(6) + 1;
  bits.skip(8);
  let numBooks = 0;
  for (let i = 0; i < numClassifications; i++) {
    let cascade = bits.read(3);
    if (bits.read(1) === 1) cascade |= bits.read(5) << 3;
    for (let rest = cascade; rest > 0; rest >>= 1) numBooks += rest & 1;
  }
  bits.skip(8 * numBooks);
}

/** Source: Vorbis I specification, section 4.2.4. */
function skipMapping(bits: BitReader, channels: number): void {
  const kind = bits.read(16);
  if (kind !== 0) throw damaged(`a mapping is of kind ${kind}, which there is not`);
  const numSubmaps = bits.read(1) === 1 ? bits.read(4) + 1 : 1;
  if (bits.read(1) === 1) bits.skip(2 * bitLength(channels - 1) * (bits.read(8) + 1));
  bits.skip(2);
  if (numSubmaps > 1) bits.skip(4 * channels);
  bits.skip((8 + 8 + 8) * numSubmaps);
}

/** How long each entry's code is. */
function skipLengths(bits: BitReader, entries: number): void {
  const isOrdered = bits.read(1) === 1;
  if (isOrdered) {
    bits.skip(5);
    for (let entry = 0; entry < entries;) {
      const numAlike = bits.read(bitLength(entries - entry));
      entry += numAlike;
      if (entry > entries) throw damaged(`a codebook has over ${entries} entries, as many as it should have`);
    }
    return;
  }
  const isSparse = bits.read(1) === 1;
  for (let entry = 0; entry < entries; entry++) {
    if (!isSparse || bits.read(1) === 1) bits.skip(5);
  }
}

/** What the entries stand for. */
function skipValues(bits: BitReader, entries: number, dimensions: number): void {
  const kind = bits.read(4);
  if (kind === 0) return;
  if (kind > 2) throw damaged(`a codebook's values are of kind ${kind}, which there is not`);
  bits.skip(32 + 32);
  const width = bits.read(4) + 1;
  bits.skip(1);
  bits.skip(width * (kind === 1 ? latticeSize(entries, dimensions) : entries * dimensions));
}

/** The greatest whole number whose power to `dimensions` is at most `entries`. */
function latticeSize(entries: number, dimensions: number): number {
  if (dimensions === 0) return 0;
  let size = Math.round(entries ** (1 / dimensions)) + 1;
  while (size ** dimensions > entries) size--;
  return size;
}

/** Bits that it takes to write a number. */
function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** Reads numbers from bytes, lowest bits first. */
class BitReader {
  readonly #bytes: Uint8Array;
  #position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.#position = position;
  }

  /** @param width Up to 24. */
  read(width: number): number {
    const start = this.#position;
    this.skip(width);
    let value = 0;
    for (let bit = 0; bit < width;) {
      const [at, shift] = [(start + bit) >> 3, (start + bit) & 7];
      const numTaken = Math.min(8 - shift, width - bit);
      value |= ((this.#bytes[at]! >> shift) & ((1 << numTaken) - 1)) << bit;
      bit += numTaken;
    }
    return value;
  }

  skip(width: number): void {
    this.#position += width;
    if (this.#position > 8 * this.#bytes.length) throw damaged("its setup header ends too early");
  }
}

function damaged(what: string): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", `damaged Ogg Vorbis file: ${what}`);
}
