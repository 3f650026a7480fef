import { inTurns, stretches } from "../core/index.ts";
import type { ByteSource, Turns } from "../core/index.ts";
import { CompactThrift } from "./compact-thrift.ts";
import { damaged, unsupported } from "./damaged.ts";
import type { DecodingBudget } from "./decoding-budget.ts";
import type { ColumnChunk, ColumnSchema } from "./footer.ts";
import { decodeValues } from "./page-values.ts";
import type { Values } from "./page-values.ts";
import { turnValues, unpackRuns } from "./run-lengths.ts";
import { unpackSnappy } from "./snappy.ts";

/** Most values of a column in one row group: 7 hours of 16 codebooks at 75 frames per second. */
const maxValues = 2 ** 25;
/** Most bytes of a column in one row group. */
const maxChunkBytes = 2 ** 30;

const codecs = { none: 0, snappy: 1 } as const;
const pageKinds = { data: 0, dictionary: 2, dataV2: 3 } as const;
const plainEncoding = 0;
const runLengthEncoding = 3;

/** The values of a page, and which of them begin a row, or are not there. */
interface DataPage {
  /** How deep each entry goes on with what is before it; 0 begins a row. Undefined if every entry is a row. */
  readonly repetition: Uint8Array | undefined;
  /** How much of the way to it is there: all, for a value. Undefined if nothing is ever missing. */
  readonly definition: Uint8Array | undefined;
  readonly values: Values;
  readonly numEntries: number;
}

interface PageHeader {
  readonly kind: number;
  readonly length: number;
  readonly packedLength: number;
  readonly numEntries: number;
  readonly encoding: number;
  /** The encodings of both kinds of levels, in a page of the older kind. */
  readonly levelEncodings: readonly number[];
  /** The nulls of a page of the newer kind. */
  readonly numNulls: number;
  readonly definitionLength: number;
  readonly repetitionLength: number;
  readonly isPacked: boolean;
}

/** A column, and as what its values are taken. */
export type ReadColumn = Omit<ColumnSchema, "type"> & { readonly type: ColumnSchema["type"] | "bytes" };

/** The pages of a column in one row group, decoded one after the other, in turns with whatever else there is to do. Memory holds the bytes of the chunk. */
export async function* readPages(
  source: ByteSource,
  schema: ReadColumn,
  chunk: ColumnChunk,
  budget: DecodingBudget,
): AsyncGenerator<DataPage, void> {
  const { type, name } = schema;
  if (type === undefined) throw unsupported(`its column ${name} has a type that is not read here`);
  if (chunk.codec !== codecs.none && chunk.codec !== codecs.snappy)
    throw unsupported(`its column ${name} is compressed with codec ${chunk.codec}; Snappy and none are read`);
  if (chunk.numValues > maxValues)
    throw damaged(`its column ${name} is said to have ${chunk.numValues} values in one row group; at most ${maxValues} are read`);
  if (chunk.length > maxChunkBytes)
    throw damaged(`its column ${name} has ${chunk.length} bytes in one row group; at most ${maxChunkBytes} are read`);
  budget.take(chunk.length);
  const bytes = await source.read(chunk.offset, chunk.length);
  let dictionary: Values | undefined;
  let at = 0;
  for (let entries = 0; entries < chunk.numValues;) {
    const thrift = new CompactThrift(bytes, at);
    const header = readHeader(thrift);
    const packed = bytes.subarray(thrift.offset, thrift.offset + header.packedLength);
    if (packed.length < header.packedLength) throw damaged(`a page of its column ${name} is longer than the column`);
    at = thrift.offset + header.packedLength;
    if (header.kind === pageKinds.dictionary) {
      checkCount(header.numEntries, maxValues);
      dictionary = await inTurns(readDictionary(packed, header, chunk.codec, { type, budget }));
    } else if (header.kind === pageKinds.data || header.kind === pageKinds.dataV2) {
      checkCount(header.numEntries, chunk.numValues - entries);
      entries += header.numEntries;
      const context = { schema, type, dictionary, budget };
      yield await inTurns(
        header.kind === pageKinds.data
          ? readDataPage(packed, header, chunk.codec, context)
          : readDataPageV2(packed, header, chunk.codec, context),
      );
    }
  }
}

function checkCount(found: number, most: number): void {
  if (found < 0 || found > most) throw damaged(`a page is said to have ${found} values; expected at most ${most}`);
}

/** Source of the fields: apache/parquet-format `src/main/thrift/parquet.thrift`. */
function readHeader(thrift: CompactThrift): PageHeader {
  const header = {
    kind: -1,
    length: 0,
    packedLength: 0,
    numEntries: 0,
    encoding: 0,
    numNulls: 0,
    definitionLength: 0,
    repetitionLength: 0,
    isPacked: true,
  };
  const levelEncodings: number[] = [];
  thrift.struct((field, kind) => {
    if (field === 1) header.kind = thrift.int(kind);
    if (field === 2) header.length = thrift.int(kind);
    if (field === 3) header.packedLength = thrift.int(kind);
    if (field !== 5 && field !== 7 && field !== 8) return;
    const isV2 = field === 8;
    thrift.structOf(kind, (part, partKind) => {
      if (part === 1) header.numEntries = thrift.int(partKind);
      if (part === 2 && isV2) header.numNulls = thrift.int(partKind);
      if (part === (isV2 ? 4 : 2)) header.encoding = thrift.int(partKind);
      if (field === 5 && (part === 3 || part === 4)) levelEncodings.push(thrift.int(partKind));
      if (!isV2) return;
      if (part === 5) header.definitionLength = thrift.int(partKind);
      if (part === 6) header.repetitionLength = thrift.int(partKind);
      if (part === 7) header.isPacked = thrift.boolean(partKind);
    });
  });
  const lengths = [header.length, header.packedLength, header.definitionLength, header.repetitionLength];
  if (lengths.some((length) => length < 0)) throw damaged("a page is said to have less than no bytes");
  return { ...header, levelEncodings };
}

function* readDictionary(
  packed: Uint8Array,
  { length, numEntries }: PageHeader,
  codec: number,
  { type, budget }: Pick<PageContext, "type" | "budget">,
): Turns<Values> {
  const bytes = yield* unpack(packed, length, codec, budget);
  return yield* decodeValues({ bytes, type, encoding: plainEncoding, count: numEntries, dictionary: undefined, budget });
}

function* unpack(packed: Uint8Array, length: number, codec: number, budget: DecodingBudget): Turns<Uint8Array> {
  if (codec === codecs.none || length === 0) {
    if (codec === codecs.none && packed.length !== length)
      throw damaged(`a page has ${packed.length} bytes, and its header says ${length}`);
    return packed.subarray(0, length);
  }
  budget.take(length);
  return yield* unpackSnappy(packed, length);
}

/** What all pages of a column have in common. */
interface PageContext {
  readonly schema: ReadColumn;
  readonly type: NonNullable<ReadColumn["type"]>;
  readonly dictionary: Values | undefined;
  readonly budget: DecodingBudget;
}

/** A page of the older kind, where each kind of levels says how many bytes it takes. */
function* readDataPage(packed: Uint8Array, header: PageHeader, codec: number, context: PageContext): Turns<DataPage> {
  const { maxRepetition, maxDefinition } = context.schema;
  const bytes = yield* unpack(packed, header.length, codec, context.budget);
  let at = 0;
  const levels = function* (most: number): Turns<Uint8Array | undefined> {
    if (most === 0) return undefined;
    if (header.levelEncodings.some((encoding) => encoding !== runLengthEncoding))
      throw unsupported("it has levels that are not run lengths");
    if (at + 4 > bytes.length) throw damaged("a page ends within its levels");
    const start = at + 4;
    at = start + new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
    if (at > bytes.length) throw damaged("a page ends within its levels");
    return yield* readLevels(bytes.subarray(start, at), most, header.numEntries, context.budget);
  };
  const repetition = yield* levels(maxRepetition);
  const definition = yield* levels(maxDefinition);
  return yield* withValues(bytes.subarray(at), { repetition, definition }, header, context);
}

/** A page of the newer kind, whose levels stand before what is packed. */
function* readDataPageV2(packed: Uint8Array, header: PageHeader, codec: number, context: PageContext): Turns<DataPage> {
  const { repetitionLength, definitionLength, numEntries, numNulls } = header;
  const { maxRepetition, maxDefinition } = context.schema;
  const levelsLength = repetitionLength + definitionLength;
  if (levelsLength > packed.length || levelsLength > header.length) throw damaged("the levels of a page are longer than the page");
  const repetition =
    maxRepetition === 0 ? undefined : yield* readLevels(packed.subarray(0, repetitionLength), maxRepetition, numEntries, context.budget);
  const definition =
    maxDefinition === 0
      ? undefined
      : yield* readLevels(packed.subarray(repetitionLength, levelsLength), maxDefinition, numEntries, context.budget);
  const bytes = yield* unpack(
    packed.subarray(levelsLength),
    header.length - levelsLength,
    header.isPacked ? codec : codecs.none,
    context.budget,
  );
  const page = yield* withValues(bytes, { repetition, definition }, header, context);
  if (page.values.length !== numEntries - numNulls)
    throw damaged(`a page has ${numEntries - page.values.length} nulls, and its header says ${numNulls}`);
  return page;
}

function* readLevels(bytes: Uint8Array, most: number, count: number, budget: DecodingBudget): Turns<Uint8Array> {
  budget.take(count);
  const levels = new Uint8Array(count);
  yield* unpackRuns(bytes, 32 - Math.clz32(most), levels);
  yield* stretches(count, turnValues, (start, end) => {
    for (let i = start; i < end; i++)
      if (levels[i]! > most) throw damaged(`a page has levels beyond ${most}, which is the most in its column`);
  });
  return levels;
}

function* withValues(
  bytes: Uint8Array,
  levels: Pick<DataPage, "repetition" | "definition">,
  { numEntries, encoding }: PageHeader,
  { schema, ...context }: PageContext,
): Turns<DataPage> {
  const { definition } = levels;
  let count = numEntries;
  if (definition !== undefined) {
    yield* stretches(numEntries, turnValues, (start, end) => {
      for (let i = start; i < end; i++) if (definition[i]! < schema.maxDefinition) count--;
    });
  }
  return { ...levels, numEntries, values: yield* decodeValues({ bytes, encoding, count, ...context }) };
}
