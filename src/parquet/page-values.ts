import { damaged, unsupported } from "./damaged.ts";
import type { DecodingBudget } from "./decoding-budget.ts";
import { unpackDeltas } from "./deltas.ts";
import type { PhysicalType } from "./footer.ts";
import { unpackRuns } from "./run-lengths.ts";

/** Numbers, whole ones as far as they are, or texts. */
export type Values = Int32Array | Float64Array | readonly string[];

/** How values are written. */
const encodings = { plain: 0, plainDictionary: 2, deltas: 5, deltaLengths: 6, deltaTexts: 7, dictionary: 8, splitBytes: 9 } as const;

const widths = { int32: 4, int64: 8, float: 4, double: 8 } as const;

export interface PageOfValues {
  readonly bytes: Uint8Array;
  readonly type: PhysicalType;
  /** By its number in the format. */
  readonly encoding: number;
  /** Values that are there, nulls left out. */
  readonly count: number;
  /** What the chunk's first page holds, if it is one of those. */
  readonly dictionary: Values | undefined;
  readonly budget: DecodingBudget;
}

/**
 * Decodes the values of a page. The budget is asked before anything is allocated.
 * @throws CodesError with code CODES_FORMAT for bytes that do not hold so many, CODES_UNSUPPORTED for an encoding that is not read here.
 * Source of the encodings: apache/parquet-format `Encodings.md`.
 */
export function decodeValues(page: PageOfValues): Values {
  const { bytes, type, encoding, count, budget } = page;
  budget.take(8 * count);
  switch (encoding) {
    case encodings.plain:
      return type === "text" ? plainTexts(bytes, count, budget) : numbersOf(bytes, type, count);
    case encodings.plainDictionary:
    case encodings.dictionary:
      return fromDictionary(page);
    case encodings.deltas:
      if (type !== "int32" && type !== "int64") break;
      return wholeNumbers(unpackDeltas(bytes, 0, count).values, type);
    case encodings.deltaLengths:
      if (type !== "text") break;
      return deltaLengthTexts(bytes, 0, count).map((text) => textOf(text, budget));
    case encodings.deltaTexts:
      if (type !== "text") break;
      return prefixedTexts(bytes, count, budget);
    case encodings.splitBytes:
      if (type === "text") break;
      return numbersOf(joinedBytes(bytes, widths[type], count), type, count);
  }
  throw unsupported(`it has values of type ${type} in encoding ${encoding}, which is not read here`);
}

function fromDictionary({ bytes, count, dictionary, budget }: PageOfValues): Values {
  if (dictionary === undefined) throw damaged("a page refers to a dictionary that there is not");
  const indexes = new Uint32Array(count);
  if (count > 0) {
    if (bytes.length === 0) throw damaged("a page of indexes is empty");
    unpackRuns(bytes.subarray(1), bytes[0]!, indexes);
  }
  for (const index of indexes) if (index >= dictionary.length) throw damaged(`a page refers to entry ${index} of a dictionary of ${dictionary.length}`);
  if (dictionary instanceof Int32Array || dictionary instanceof Float64Array) {
    const values = new (dictionary.constructor as typeof Float64Array)(count);
    for (let i = 0; i < count; i++) values[i] = dictionary[indexes[i]!]!;
    return values;
  }
  return Array.from(indexes, (index) => {
    const text = dictionary[index]!;
    budget.take(text.length);
    return text;
  });
}

function numbersOf(bytes: Uint8Array, type: Exclude<PhysicalType, "text">, count: number): Int32Array | Float64Array {
  if (bytes.length < count * widths[type]) throw damaged(`${bytes.length} bytes cannot hold ${count} values of ${widths[type]} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (type) {
    case "int32":
      return Int32Array.from({ length: count }, (_, i) => view.getInt32(4 * i, true));
    case "int64":
      return wholeNumbers(Float64Array.from({ length: count }, (_, i) => Number(view.getBigInt64(8 * i, true))), type);
    case "float":
      return Float64Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true));
    case "double":
      return Float64Array.from({ length: count }, (_, i) => view.getFloat64(8 * i, true));
  }
}

function wholeNumbers(values: Float64Array, type: "int32" | "int64"): Int32Array | Float64Array {
  if (type === "int32") return Int32Array.from(values);
  const large = values.find((value) => !Number.isSafeInteger(value));
  if (large !== undefined) throw unsupported(`it has the number ${large}; whole numbers of up to 53 bits are read`);
  return values;
}

function plainTexts(bytes: Uint8Array, count: number, budget: DecodingBudget): readonly string[] {
  if (bytes.length < 4 * count) throw damaged(`${bytes.length} bytes cannot hold ${count} texts`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  return Array.from({ length: count }, () => {
    if (at + 4 > bytes.length) throw damaged("a page of texts ends too early");
    const start = at + 4;
    at = start + view.getUint32(at, true);
    if (at > bytes.length) throw damaged("a text is longer than its page");
    return textOf(bytes.subarray(start, at), budget);
  });
}

/** Texts whose lengths stand before all of them. */
function deltaLengthTexts(bytes: Uint8Array, start: number, count: number): readonly Uint8Array[] {
  const { values: lengths, end } = unpackDeltas(bytes, start, count);
  let at = end;
  return Array.from(lengths, (length) => {
    if (length < 0 || at + length > bytes.length) throw damaged("a text is longer than its page");
    return bytes.subarray(at, (at += length));
  });
}

/** Texts that begin as the one before, for so many bytes. */
function prefixedTexts(bytes: Uint8Array, count: number, budget: DecodingBudget): readonly string[] {
  const { values: prefixes, end } = unpackDeltas(bytes, 0, count);
  let before: Uint8Array = new Uint8Array();
  return deltaLengthTexts(bytes, end, count).map((rest, i) => {
    const length = prefixes[i]!;
    if (length < 0 || length > before.length) throw damaged(`a text shares ${length} bytes with one of ${before.length}`);
    budget.take(length + rest.length);
    const text = new Uint8Array(length + rest.length);
    text.set(before.subarray(0, length));
    text.set(rest, length);
    before = text;
    return textOf(text, budget);
  });
}

/** Bytes of numbers whose first bytes stand together, then their second ones, and so on. */
function joinedBytes(bytes: Uint8Array, width: number, count: number): Uint8Array {
  if (bytes.length < width * count) throw damaged(`${bytes.length} bytes cannot hold ${count} values of ${width} bytes`);
  const joined = new Uint8Array(width * count);
  for (let byte = 0; byte < width; byte++) {
    for (let i = 0; i < count; i++) joined[i * width + byte] = bytes[byte * count + i]!;
  }
  return joined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array, budget: DecodingBudget): string {
  budget.take(bytes.length);
  try {
    return utf8.decode(bytes);
  } catch {
    throw damaged("a text is not UTF-8");
  }
}
