/** A value of Thrift's compact protocol; the order of fields is theirs. */
export type Thrift = number | string | boolean | readonly Thrift[] | { readonly [field: number]: Thrift } | Raw;

/** Bytes in place of a value, of a kind that they say themselves. */
export class Raw {
  readonly kind: number;
  readonly bytes: readonly number[];

  constructor(kind: number, bytes: readonly number[]) {
    this.kind = kind;
    this.bytes = bytes;
  }
}

export function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

export function zigzag(value: number): number[] {
  return varint(value < 0 ? -2 * value - 1 : 2 * value);
}

function kindOf(value: Thrift): number {
  if (value instanceof Raw) return value.kind;
  if (typeof value === "number") return 6;
  if (typeof value === "string") return 8;
  if (typeof value === "boolean") return value ? 1 : 2;
  return Array.isArray(value) ? 9 : 12;
}

/** Bytes of a value, as it stands in a field. */
export function thriftOf(value: Thrift): number[] {
  if (value instanceof Raw) return [...value.bytes];
  if (typeof value === "number") return zigzag(value);
  if (typeof value === "string") return [...varint(Buffer.byteLength(value)), ...Buffer.from(value)];
  if (typeof value === "boolean") return [];
  if (Array.isArray(value)) {
    const items = value as readonly Thrift[];
    return [0xf0 | (items.length === 0 ? 12 : kindOf(items[0]!)), ...varint(items.length), ...items.flatMap(thriftOf)];
  }
  const fields = Object.entries(value as Readonly<Record<string, Thrift>>);
  return [...fields.flatMap(([field, inner]) => [kindOf(inner), ...zigzag(Number(field)), ...thriftOf(inner)]), 0];
}

/** A run of one value, as it is written where values take up to eight bits. */
export function runOf(count: number, value: number): number[] {
  return [...varint(2 * count), value];
}

export const [none, snappy] = [0, 1];
export const encodings = { plain: 0, dictionary: 8, deltas: 5, deltaLengths: 6, deltaTexts: 7, splitBytes: 9 } as const;

export interface PageParts {
  /** Repetition levels, definition levels and values, as they stand in the page. */
  readonly repetition?: readonly number[];
  readonly definition?: readonly number[];
  readonly values: readonly number[];
  readonly numValues: number;
  readonly numNulls?: number;
  readonly encoding?: number;
  /** Where it is not what the parts have. */
  readonly length?: number;
  readonly packedLength?: number;
}

/** A data page of the newer kind that is not compressed. */
export function pageV2({
  repetition = [],
  definition = [],
  values,
  numValues,
  numNulls = 0,
  encoding = encodings.plain,
  ...said
}: PageParts): number[] {
  const body = [...repetition, ...definition, ...values];
  const header = { 1: numValues, 2: numNulls, 3: numValues, 4: encoding, 5: definition.length, 6: repetition.length, 7: false };
  return [...thriftOf({ 1: 3, 2: said.length ?? body.length, 3: said.packedLength ?? body.length, 8: header }), ...body];
}

function withLength(bytes: readonly number[] | undefined): number[] {
  return bytes === undefined ? [] : [...le32(bytes.length), ...bytes];
}

/** A data page of the older kind; levels come after their lengths, and all of it is `packed` if that is given. */
export function pageV1(
  { repetition, definition, values, numValues, encoding = encodings.plain, ...said }: PageParts,
  packed?: readonly number[],
): number[] {
  const body = packed ?? [...withLength(repetition), ...withLength(definition), ...values];
  const header = { 1: numValues, 2: encoding, 3: 3, 4: 3 };
  return [...thriftOf({ 1: 0, 2: said.length ?? body.length, 3: said.packedLength ?? body.length, 5: header }), ...body];
}

export function dictionaryPage(values: readonly number[], numValues: number): number[] {
  return [...thriftOf({ 1: 2, 2: values.length, 3: values.length, 7: { 1: numValues, 2: encodings.plain } }), ...values];
}

export function le32(...values: readonly number[]): number[] {
  return values.flatMap((value) => [...Buffer.from(Int32Array.of(value).buffer)]);
}

export interface ChunkParts {
  readonly pages: readonly number[];
  readonly numValues: number;
  readonly codec?: number;
  /** Where it is said to lie, if not where it does. */
  readonly offset?: number;
  readonly length?: number;
}

/** Nodes of a schema, the root left out: each has its name, repetition, type or children. */
export type Node = { readonly 1?: number; readonly 3: number; readonly 4: string; readonly 5?: number };

export const [required, optional, repeated] = [0, 1, 2];
export const [int32, int64, text] = [1, 2, 6];
/** `codes`: a list of numbers. */
export const listSchema: readonly Node[] = [
  { 3: optional, 4: "codes", 5: 1 },
  { 3: repeated, 4: "list", 5: 1 },
  { 1: int32, 3: required, 4: "element" },
];

export function flat(name: string, type: number, repetition: number = required): Node {
  return { 1: type, 3: repetition, 4: name };
}

export interface FileParts {
  readonly schema: readonly Node[];
  /** Columns at the root. @default all nodes */
  readonly numColumns?: number;
  readonly groups: readonly { readonly numRows: number; readonly chunks: readonly ChunkParts[] }[];
  /** In place of the footer's fields, or besides. */
  readonly footer?: Readonly<Record<number, Thrift>>;
}

/** A Parquet file of these pages, whether or not it makes sense. */
export function parquetOf({ schema, numColumns = schema.length, groups, footer = {} }: FileParts): Uint8Array {
  const body: number[] = [...Buffer.from("PAR1")];
  const rowGroups = groups.map(({ numRows, chunks }) => {
    const columns = chunks.map(({ pages, numValues, codec = none, offset = body.length, length = pages.length }) => {
      for (const byte of pages) body.push(byte);
      return { 2: 0, 3: { 1: int32, 2: [0], 3: ["x"], 4: codec, 5: numValues, 6: length, 7: length, 9: offset } };
    });
    return { 1: columns, 2: 0, 3: numRows };
  });
  const root: Thrift = { 4: "schema", 5: numColumns };
  const bytes = thriftOf({ 1: 2, 2: [root, ...(schema as readonly Thrift[])], 3: 0, 4: rowGroups, ...footer });
  return Uint8Array.from([...body, ...bytes, ...le32(bytes.length), ...Buffer.from("PAR1")]);
}
