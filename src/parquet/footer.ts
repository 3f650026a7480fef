import type { ByteSource } from "../core/index.ts";
import { CompactThrift } from "./compact-thrift.ts";
import { damaged, unsupported } from "./damaged.ts";

/** Most bytes of a footer: hundreds of row groups with hundreds of columns take some forty million. */
const maxFooterBytes = 2 ** 26;
const maxColumns = 10_000;
const maxRowGroups = 2 ** 16;
/** Most column chunks of all row groups together. */
const maxChunks = 2 ** 20;
/** Most pairs of names and values about the whole file. */
const maxMetadata = 10_000;
/** Nodes within each other: lists of lists go five deep. */
const maxDepth = 16;

const magic = "PAR1";

/** Physical types; those that no column of clips has are missing. */
export type PhysicalType = "int32" | "int64" | "float" | "double" | "text";
const physicalTypes: Readonly<Record<number, PhysicalType>> = { 1: "int32", 2: "int64", 4: "float", 5: "double", 6: "text" };

/** A column as the schema has it. */
export interface ColumnSchema {
  /** The name of its outermost node. */
  readonly name: string;
  /** The names of all nodes on its way, with dots between them: `audio.bytes`. */
  readonly path: string;
  /** Undefined for a type that is not read here. */
  readonly type: PhysicalType | undefined;
  /** Whether its outermost node may be null. */
  readonly isOptional: boolean;
  /** Nodes on its way that may be null or repeat: the definition level of a value. */
  readonly maxDefinition: number;
  /** Nodes on its way that repeat. */
  readonly maxRepetition: number;
}

/** Where a column of a row group lies. */
export interface ColumnChunk {
  readonly codec: number;
  /** Entries: values, nulls and empty lists. */
  readonly numValues: number;
  /** Where its first page is. */
  readonly offset: number;
  /** Length in bytes. */
  readonly length: number;
}

export interface RowGroup {
  readonly numRows: number;
  /** The group's columns, in the order of the schema. */
  readonly chunks: readonly ColumnChunk[];
}

/** What a Parquet file says of itself. */
export interface Footer {
  readonly columns: readonly ColumnSchema[];
  readonly rowGroups: readonly RowGroup[];
  /** Texts about the whole file. */
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads the end of a Parquet file.
 * @throws CodesError with code CODES_FORMAT for what is none, or claims what cannot be.
 * Source of the fields: apache/parquet-format `src/main/thrift/parquet.thrift`.
 */
export async function readFooter(source: ByteSource): Promise<Footer> {
  const tailLength = 8;
  if (source.size < magic.length + tailLength)
    throw damaged(`it has ${source.size} bytes; a Parquet file has at least ${magic.length + tailLength}`);
  const tail = await source.read(source.size - tailLength, tailLength);
  if (String.fromCharCode(...tail.subarray(4)) !== magic) throw damaged(`it does not end in ${magic}, as Parquet files do`);
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  const start = source.size - tailLength - length;
  if (start < magic.length) throw damaged(`its footer is said to have ${length} bytes, and the file has ${source.size}`);
  if (length > maxFooterBytes) throw damaged(`its footer has ${length} bytes; at most ${maxFooterBytes} are read`);
  const footer = parseFooter(await source.read(start, length));
  for (const { chunks } of footer.rowGroups) {
    if (chunks.length !== footer.columns.length)
      throw damaged(`a row group has ${chunks.length} columns, and the schema ${footer.columns.length}`);
    if (chunks.some((chunk) => chunk.offset < magic.length || chunk.offset + chunk.length > start))
      throw damaged("a column is said to lie outside of the file");
  }
  return footer;
}

function parseFooter(bytes: Uint8Array): Footer {
  const thrift = new CompactThrift(bytes);
  const nodes: SchemaNode[] = [];
  const rowGroups: RowGroup[] = [];
  const metadata = new Map<string, string>();
  let numChunks = 0;
  thrift.struct((field, kind) => {
    if (field === 2) {
      thrift.list(kind, maxColumns, (element) => nodes.push(readNode(thrift, element)));
    } else if (field === 4) {
      thrift.list(kind, maxRowGroups, (element) => {
        const group = readRowGroup(thrift, element, maxChunks - numChunks);
        numChunks += group.chunks.length;
        rowGroups.push(group);
      });
    } else if (field === 5) {
      thrift.list(kind, maxMetadata, (element) => {
        let [key, value] = ["", ""];
        thrift.structOf(element, (part, partKind) => {
          if (part === 1) key = thrift.text(partKind);
          if (part === 2) value = thrift.text(partKind);
        });
        metadata.set(key, value);
      });
    }
  });
  return { columns: columnsOf(nodes), rowGroups, metadata };
}

/** A node of the schema, which is written from its root down, each with the number of its children. */
interface SchemaNode {
  readonly name: string;
  readonly type: number | undefined;
  readonly repetition: number;
  readonly numChildren: number;
}

const repetitions = { required: 0, optional: 1, repeated: 2 } as const;

function readNode(thrift: CompactThrift, kind: number): SchemaNode {
  let [name, repetition, numChildren]: [string, number, number] = ["", repetitions.required, 0];
  let type: number | undefined;
  thrift.structOf(kind, (field, fieldKind) => {
    if (field === 1) type = thrift.int(fieldKind);
    if (field === 3) repetition = thrift.int(fieldKind);
    if (field === 4) name = thrift.text(fieldKind);
    if (field === 5) numChildren = thrift.int(fieldKind);
  });
  return { name, type, repetition, numChildren };
}

function readRowGroup(thrift: CompactThrift, kind: number, mostChunks: number): RowGroup {
  const chunks: ColumnChunk[] = [];
  let numRows = 0;
  thrift.structOf(kind, (field, fieldKind) => {
    if (field === 1) thrift.list(fieldKind, mostChunks, (element) => chunks.push(readChunk(thrift, element)));
    if (field === 3) numRows = thrift.int(fieldKind);
  });
  return { numRows, chunks };
}

function readChunk(thrift: CompactThrift, kind: number): ColumnChunk {
  let [codec, numValues, length, dataOffset, dictionaryOffset] = [0, 0, 0, 0, 0];
  thrift.structOf(kind, (field, fieldKind) => {
    if (field !== 3) return;
    thrift.structOf(fieldKind, (part, partKind) => {
      if (part === 4) codec = thrift.int(partKind);
      if (part === 5) numValues = thrift.int(partKind);
      if (part === 7) length = thrift.int(partKind);
      if (part === 9) dataOffset = thrift.int(partKind);
      if (part === 11) dictionaryOffset = thrift.int(partKind);
    });
  });
  if (numValues < 0 || length < 0) throw damaged("a column is said to have less than nothing");
  return { codec, numValues, offset: dictionaryOffset > 0 ? Math.min(dictionaryOffset, dataOffset) : dataOffset, length };
}

/** The leaves below the root, each with what the nodes on the way to it add up to. */
function columnsOf([root, ...nodes]: readonly SchemaNode[]): readonly ColumnSchema[] {
  if (root === undefined) throw damaged("it has no schema");
  const columns: ColumnSchema[] = [];
  let next = 0;
  const read = (above: Omit<ColumnSchema, "type"> | undefined, depth: number): void => {
    const node = nodes[next++];
    if (node === undefined) throw damaged("its schema is cut off");
    if (depth > maxDepth) throw unsupported(`its schema is nested deeper than ${maxDepth}`);
    const { name, isOptional, maxDefinition, maxRepetition } = above ?? {
      name: node.name,
      path: "",
      isOptional: node.repetition === repetitions.optional,
      maxDefinition: 0,
      maxRepetition: 0,
    };
    const here = {
      name,
      path: above === undefined ? node.name : `${above.path}.${node.name}`,
      isOptional,
      maxDefinition: maxDefinition + (node.repetition === repetitions.required ? 0 : 1),
      maxRepetition: maxRepetition + (node.repetition === repetitions.repeated ? 1 : 0),
    };
    if (node.numChildren === 0) columns.push({ ...here, type: node.type === undefined ? undefined : physicalTypes[node.type] });
    for (let i = 0; i < node.numChildren; i++) read(here, depth + 1);
  };
  for (let i = 0; i < root.numChildren; i++) read(undefined, 1);
  return columns;
}
