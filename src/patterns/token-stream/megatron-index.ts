import { CodesError } from "../../core/index.ts";

/** Element types by their number in an index; tokens are one of the integers. */
const typeCodes = { uint8: 1, int8: 2, int16: 3, int32: 4, int64: 5, float64: 6, float32: 7, uint16: 8 } as const satisfies Record<
  MegatronType,
  number
>;

const typeSizes: Readonly<Record<MegatronType, number>> = {
  uint8: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  float64: 8,
  float32: 4,
  uint16: 2,
};

/** Element type of a `.bin`, as numpy names it. */
export type MegatronType = "uint8" | "int8" | "int16" | "int32" | "int64" | "float64" | "float32" | "uint16";

/** What `formatMegatronIndex` writes. */
export interface MegatronIndexFields {
  readonly dtype: MegatronType;
  /** Tokens of each sequence, in the order of the `.bin`; up to 2³¹ − 1. */
  readonly sequenceLengths: ArrayLike<number>;
  /**
   * Document d is the sequences `documentIndices[d]` to `documentIndices[d + 1]` (exclusive); starts with 0, ends with
   * the number of sequences, never falls. @default every sequence is a document
   */
  readonly documentIndices?: ArrayLike<number> | undefined;
  /** A small number for each sequence, −128…127, that multimodal datasets attach. @default null */
  readonly modes?: ArrayLike<number> | null | undefined;
}

/** What `parseMegatronIndex` reads. */
export interface MegatronIndex {
  readonly dtype: MegatronType;
  readonly sequenceLengths: Int32Array;
  /** Byte in the `.bin` at which each sequence starts. */
  readonly sequenceOffsets: Float64Array;
  readonly documentIndices: Float64Array;
  readonly modes: Int8Array | null;
}

const magic = Uint8Array.from("MMIDIDX\0\0", (character) => character.charCodeAt(0));
const version = 1n;

/** Magic, version (u64), type (u8), number of sequences and length of the document indices (u64 each). */
const headerLength = 34;

const maxLength = 2 ** 31 - 1;

/**
 * The bytes of a Megatron-LM index (`.idx`), little-endian:
 *
 *     "MMIDIDX\0\0"  u64 version  u8 dtype  u64 sequences  u64 documents + 1
 *     i32 lengths [sequences]  i64 byte offsets [sequences]  i64 document indices [documents + 1]  (i8 modes [sequences])
 *
 * @throws RangeError for lengths, indices or modes that are not as described.
 * Source: Megatron-LM `megatron/core/datasets/indexed_dataset.py` (00caa53), `_IndexWriter`.
 */
export function formatMegatronIndex({ dtype, sequenceLengths, documentIndices, modes = null }: MegatronIndexFields): Uint8Array {
  if (!Object.hasOwn(typeCodes, dtype)) {
    throw new RangeError(`unknown dtype ${JSON.stringify(dtype)}; expected ${Object.keys(typeCodes).join(", ")}`);
  }
  const numSequences = sequenceLengths.length;
  const numIndices = documentIndices?.length ?? numSequences + 1;
  if (modes !== null && modes.length !== numSequences) {
    throw new RangeError(`expected a mode for each of ${numSequences} sequences; found ${modes.length}`);
  }
  const bytes = new Uint8Array(headerLength + 12 * numSequences + 8 * numIndices + (modes?.length ?? 0));
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setBigUint64(9, version, true);
  view.setUint8(17, typeCodes[dtype]);
  view.setBigUint64(18, BigInt(numSequences), true);
  view.setBigUint64(26, BigInt(numIndices), true);

  let offset = 0;
  for (let sequence = 0; sequence < numSequences; sequence++) {
    const length = sequenceLengths[sequence]!;
    if (!isWithin(length, 0, maxLength)) {
      throw new RangeError(`sequence ${sequence} has length ${length}; expected an integer from 0 to ${maxLength}`);
    }
    view.setInt32(headerLength + 4 * sequence, length, true);
    view.setBigInt64(headerLength + 4 * numSequences + 8 * sequence, BigInt(offset), true);
    offset += length * typeSizes[dtype];
  }

  const checkIndex = documentIndexChecker(numSequences, numIndices, (message) => new RangeError(message));
  for (let document = 0; document < numIndices; document++) {
    const index = documentIndices?.[document] ?? document;
    checkIndex(index, document);
    view.setBigInt64(headerLength + 12 * numSequences + 8 * document, BigInt(index), true);
  }

  for (const [sequence, mode] of Array.from(modes ?? []).entries()) {
    if (!isWithin(mode, -128, 127)) throw new RangeError(`sequence ${sequence} has mode ${mode}; expected an integer from -128 to 127`);
    view.setInt8(headerLength + 12 * numSequences + 8 * numIndices + sequence, mode);
  }
  return bytes;
}

/**
 * Reads a Megatron-LM index. Whether it has modes is not in its header; what remains after the document indices tells.
 * @throws CodesError with code CODES_FORMAT if it is not one, is cut short or longer than it says, or its offsets are not
 * those of its lengths; CODES_UNSUPPORTED for another version.
 * Source: Megatron-LM `megatron/core/datasets/indexed_dataset.py` (00caa53), `_IndexReader`.
 */
export function parseMegatronIndex(bytes: Uint8Array): MegatronIndex {
  if (bytes.length < headerLength || magic.some((byte, index) => bytes[index] !== byte)) {
    throw badIndex("this is not a Megatron index, or is cut short: expected MMIDIDX and a header of 34 bytes");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getBigUint64(9, true) !== version) {
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `this Megatron index is of version ${view.getBigUint64(9, true)}; only version ${version} is known`,
    );
  }
  const code = view.getUint8(17);
  const dtype = (Object.keys(typeCodes) as MegatronType[]).find((name) => typeCodes[name] === code);
  if (dtype === undefined) throw badIndex(`this Megatron index has element type ${code}; expected 1 to 8`);
  const numSequences = readCount(view, 18, 12);
  const numIndices = readCount(view, 26, 8);
  const length = headerLength + 12 * numSequences + 8 * numIndices;
  if (bytes.length !== length && bytes.length !== length + numSequences) {
    throw badIndex(
      `this Megatron index has ${bytes.length} bytes; ${numSequences} sequences and ${numIndices} document indices take ${length}, ` +
        `or ${length + numSequences} with modes: it is cut short or damaged`,
    );
  }

  const sequenceLengths = new Int32Array(numSequences);
  const sequenceOffsets = new Float64Array(numSequences);
  let expectedOffset = 0;
  for (let sequence = 0; sequence < numSequences; sequence++) {
    const sequenceLength = view.getInt32(headerLength + 4 * sequence, true);
    if (sequenceLength < 0) throw badIndex(`sequence ${sequence} of this Megatron index has length ${sequenceLength}`);
    const offset = readInt64(view, headerLength + 4 * numSequences + 8 * sequence);
    if (offset !== expectedOffset) {
      throw badIndex(`sequence ${sequence} of this Megatron index starts at byte ${offset}; those before it end at ${expectedOffset}`);
    }
    sequenceLengths[sequence] = sequenceLength;
    sequenceOffsets[sequence] = expectedOffset;
    expectedOffset += sequenceLength * typeSizes[dtype];
  }

  const documentIndices = new Float64Array(numIndices);
  const checkIndex = documentIndexChecker(numSequences, numIndices, badIndex);
  for (let document = 0; document < numIndices; document++) {
    const index = readInt64(view, headerLength + 12 * numSequences + 8 * document);
    checkIndex(index, document);
    documentIndices[document] = index;
  }
  const modes = bytes.length === length ? null : new Int8Array(new Uint8Array(bytes.subarray(length)).buffer);
  return { dtype, sequenceLengths, sequenceOffsets, documentIndices, modes };
}

/** An i64 as a number, exact up to 2⁵³; many times as fast as by way of a bigint. */
function readInt64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

/** A u64 that counts things of `size` bytes, of which the index must have room for that many. */
function readCount(view: DataView, at: number, size: number): number {
  const count = view.getBigUint64(at, true);
  const most = Math.floor((view.byteLength - headerLength) / size);
  if (count > most) throw badIndex(`this Megatron index announces ${count} entries and has room for ${most}; it is cut short or damaged`);
  return Number(count);
}

/** Checks, when called with one index after the other, that they run from 0 to the number of sequences and never fall. */
function documentIndexChecker(
  numSequences: number,
  numIndices: number,
  failure: (message: string) => Error,
): (index: number, position: number) => void {
  const expected = `document indices run from 0 to the number of sequences, ${numSequences} here, and never fall`;
  if (numIndices === 0) throw failure(`there are no document indices; ${expected}`);
  let previous = 0;
  return (index, position) => {
    const isFirst = position === 0;
    const isLast = position === numIndices - 1;
    if (!isWithin(index, previous, numSequences) || (isFirst && index !== 0) || (isLast && index !== numSequences)) {
      throw failure(`document index ${position} is ${index}; ${expected}`);
    }
    previous = index;
  };
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function badIndex(message: string): CodesError {
  return new CodesError("CODES_FORMAT", message);
}
