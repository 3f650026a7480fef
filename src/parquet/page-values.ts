import { stretches } from "../core/index.ts";
import type { Turns } from "../core/index.ts";
import { damaged, unsupported } from "./damaged.ts";
import type { DecodingBudget } from "./decoding-budget.ts";
import { unpackDeltas } from "./deltas.ts";
import type { PhysicalType } from "./footer.ts";
import { turnValues, unpackRuns } from "./run-lengths.ts";

/** Numbers, whole ones as far as they are, texts, or bytes. */
export type Values = Int32Array | Float64Array | readonly string[] | readonly Uint8Array[];

/** How values are written. */
const encodings = { plain: 0, plainDictionary: 2, deltas: 5, deltaLengths: 6, deltaTexts: 7, dictionary: 8, splitBytes: 9 } as const;

const widths = { int32: 4, int64: 8, float: 4, double: 8 } as const;

export interface PageOfValues {
  readonly bytes: Uint8Array;
  /** `bytes` is for texts that are taken as they are. */
  readonly type: PhysicalType | "bytes";
  /** The encoding, by its number in the format. */
  readonly encoding: number;
  /** Values that are there, nulls left out. */
  readonly count: number;
  /** What the chunk's first page holds, if it is one of those. */
  readonly dictionary: Values | undefined;
  readonly budget: DecodingBudget;
}

/** Texts between two turns, each of which may be long. */
const turnTexts = 1000;

/**
 * Decodes the values of a page. The budget is asked before anything is allocated.
 * @throws CodesError with code CODES_FORMAT for bytes that do not hold so many, CODES_UNSUPPORTED for an encoding that is not read here.
 * Source of the encodings: apache/parquet-format `Encodings.md`.
 */
export function* decodeValues(page: PageOfValues): Turns<Values> {
  const { bytes, type, encoding, count, budget } = page;
  budget.take(8 * count);
  const isText = type === "text" || type === "bytes";
  const valueOf = type === "bytes" ? bytesOf : textOf;
  switch (encoding) {
    case encodings.plain:
      return isText ? yield* plainTexts(bytes, count, (text) => valueOf(text, budget)) : yield* numbersOf(bytes, type, count);
    case encodings.plainDictionary:
    case encodings.dictionary:
      return yield* fromDictionary(page);
    case encodings.deltas: {
      if (type !== "int32" && type !== "int64") break;
      const { values } = yield* unpackDeltas(bytes, 0, count);
      return type === "int32" ? Int32Array.from(values) : checkWhole(values);
    }
    case encodings.deltaLengths: {
      if (!isText) break;
      const texts = yield* deltaLengthTexts(bytes, 0, count);
      return yield* textsOf(count, (i) => valueOf(texts[i]!, budget));
    }
    case encodings.deltaTexts:
      if (!isText) break;
      return yield* prefixedTexts(bytes, count, budget, (text) => valueOf(text, budget));
    case encodings.splitBytes:
      if (isText) break;
      return yield* numbersOf(yield* joinedBytes(bytes, widths[type], count), type, count);
  }
  throw unsupported(`it has values of type ${type} in encoding ${encoding}, which is not read here`);
}

function* fromDictionary({ bytes, count, dictionary, budget }: PageOfValues): Turns<Values> {
  if (dictionary === undefined) throw damaged("a page refers to a dictionary that there is not");
  const indexes = new Uint32Array(count);
  if (count > 0) {
    if (bytes.length === 0) throw damaged("a page of indexes is empty");
    yield* unpackRuns(bytes.subarray(1), bytes[0]!, indexes);
  }
  yield* stretches(count, turnValues, (start, end) => {
    for (let i = start; i < end; i++)
      if (indexes[i]! >= dictionary.length) throw damaged(`a page refers to entry ${indexes[i]} of a dictionary of ${dictionary.length}`);
  });
  if (dictionary instanceof Int32Array || dictionary instanceof Float64Array) {
    const values = new (dictionary.constructor as typeof Float64Array)(count);
    yield* stretches(count, turnValues, (start, end) => {
      for (let i = start; i < end; i++) values[i] = dictionary[indexes[i]!]!;
    });
    return values;
  }
  return yield* textsOf(count, (i) => {
    const text = dictionary[indexes[i]!]!;
    budget.take(text.length);
    return text;
  });
}

function* numbersOf(bytes: Uint8Array, type: Exclude<PhysicalType, "text">, count: number): Turns<Int32Array | Float64Array> {
  if (bytes.length < count * widths[type]) throw damaged(`${bytes.length} bytes cannot hold ${count} values of ${widths[type]} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = type === "int32" ? new Int32Array(count) : new Float64Array(count);
  yield* stretches(count, turnValues, (start, end) => {
    for (let i = start; i < end; i++) {
      if (type === "int32") values[i] = view.getInt32(4 * i, true);
      else if (type === "int64") values[i] = Number(view.getBigInt64(8 * i, true));
      else values[i] = type === "float" ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
    }
  });
  return type === "int64" ? checkWhole(values as Float64Array) : values;
}

function checkWhole(values: Float64Array): Float64Array {
  const large = values.find((value) => !Number.isSafeInteger(value));
  if (large !== undefined) throw unsupported(`it has the number ${large}; whole numbers of up to 53 bits are read`);
  return values;
}

/** A text, or the bytes of one. */
type Text = string | Uint8Array;

function* textsOf(count: number, read: (i: number) => Text): Turns<Values> {
  const texts: Text[] = [];
  yield* stretches(count, turnTexts, (start, end) => {
    for (let i = start; i < end; i++) texts.push(read(i));
  });
  return texts as readonly string[] | readonly Uint8Array[];
}

function* plainTexts(bytes: Uint8Array, count: number, read: (text: Uint8Array) => Text): Turns<Values> {
  if (bytes.length < 4 * count) throw damaged(`${bytes.length} bytes cannot hold ${count} texts`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  return yield* textsOf(count, () => {
    if (at + 4 > bytes.length) throw damaged("a page of texts ends too early");
    const start = at + 4;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) throw damaged("a text is longer than its page");
    return read(bytes.subarray(start, at));
  });
}

/** Texts whose lengths stand before all of them. */
function* deltaLengthTexts(bytes: Uint8Array, start: number, count: number): Turns<readonly Uint8Array[]> {
  const { values: lengths, end } = yield* unpackDeltas(bytes, start, count);
  let at = end;
  return Array.from(lengths, (length) => {
    if (length < 0 || at + length > bytes.length) throw damaged("a text is longer than its page");
    return bytes.subarray(at, (at += length));
  });
}

/** Texts that begin as the one before, for so many bytes. */
function* prefixedTexts(bytes: Uint8Array, count: number, budget: DecodingBudget, read: (text: Uint8Array) => Text): Turns<Values> {
  const { values: prefixes, end } = yield* unpackDeltas(bytes, 0, count);
  const rests = yield* deltaLengthTexts(bytes, end, count);
  let before: Uint8Array = new Uint8Array();
  return yield* textsOf(count, (i) => {
    const [length, rest] = [prefixes[i]!, rests[i]!];
    if (length < 0 || length > before.length) throw damaged(`a text shares ${length} bytes with one of ${before.length}`);
    budget.take(length + rest.length);
    const text = new Uint8Array(length + rest.length);
    text.set(before.subarray(0, length));
    text.set(rest, length);
    before = text;
    return read(text);
  });
}

/** Bytes of numbers whose first bytes stand together, then their second ones, and so on. */
function* joinedBytes(bytes: Uint8Array, width: number, count: number): Turns<Uint8Array> {
  if (bytes.length < width * count) throw damaged(`${bytes.length} bytes cannot hold ${count} values of ${width} bytes`);
  const joined = new Uint8Array(width * count);
  yield* stretches(count, turnValues / width, (start, end) => {
    for (let i = start; i < end; i++) {
      for (let byte = 0; byte < width; byte++) joined[i * width + byte] = bytes[byte * count + i]!;
    }
  });
  return joined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bytesOf(bytes: Uint8Array, budget: DecodingBudget): Uint8Array {
  budget.take(bytes.length);
  return bytes;
}

function textOf(bytes: Uint8Array, budget: DecodingBudget): string {
  budget.take(bytes.length);
  try {
    return utf8.decode(bytes);
  } catch {
    throw damaged("a text is not UTF-8");
  }
}
