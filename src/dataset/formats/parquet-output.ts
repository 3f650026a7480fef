import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { AudioCodes } from "../../core/index.ts";
import { createDurable } from "../folder/durable-file.ts";
import type { JsonValue } from "../folder/json-value.ts";
import { plannedColumns } from "../plan/planned-columns.ts";
import { clipFieldsOf } from "../records/clip-fields.ts";
import type { ClipFields } from "../records/clip-fields.ts";
import { checkClipLengths } from "./clip-length.ts";
import type { ClipOutput, ShardLimits } from "./clip-output.ts";
import { columnTypes } from "../records/column-types.ts";
import type { ColumnType, TypedColumn } from "../records/column-types.ts";
import { shardedOutput } from "./sharded-output.ts";
import type { ShardStart, ShardWriter } from "./sharded-output.ts";

/** How Parquet shards are written. */
export interface ParquetOutputOptions extends ShardLimits {
  /**
   * Columns of the manifest that get a column of their own, `text: "string"`; a value of another type is null there. The column
   * `columns` has all of them as JSON.
   * @default all that the plan of the dataset found, with the types that hold every value, except those with names that every clip has
   */
  readonly columns?: Readonly<Record<string, ColumnType>> | undefined;
  /** Codes after which a row group ends: what memory holds, at some 200 bytes each while a group is encoded; up to 2 ** 24. @default 2 ** 20, half an hour at 8 codebooks and 75 frames per second */
  readonly rowGroupCodes?: number | undefined;
}

interface ParquetItem {
  readonly fields: ClipFields;
  /** Characters of the fields as JSON. */
  readonly textLength: number;
  readonly codes: AudioCodes;
}

type Repetition = "REQUIRED" | "OPTIONAL";
type ElementType =
  | { readonly type: "BYTE_ARRAY"; readonly converted_type: "UTF8" }
  | { readonly type: "INT32" | "INT64" | "DOUBLE" | "BOOLEAN" };

/** A column: its schema, and its value for a clip. */
interface Column {
  readonly name: string;
  readonly schema: readonly SchemaElement[];
  valueOf(item: ParquetItem): unknown;
}

/** More take over 3 GiB while they are encoded, and what is read back is bounded too. */
const maxRowGroupCodes = 2 ** 24;

/** Characters of fields after which a row group ends as well: they are held, and read back, with it. Honest rows have a few hundred. */
const maxRowGroupText = 2 ** 26;

/** Names the codec in the file's metadata, as JSON of `CodecFields`. */
export const codecMetadataKey = "encodec-tokenizer.codec";

/** Fields that few clips have: the columns are the same in every shard, so these are in the file's metadata. */
const markFields = ["damage", "decoder"] as const;

/** Names the clips with such fields in the file's metadata, where there are any: a JSON list of pairs, the clip's place in the file and the fields. */
export const marksMetadataKey = "encodec-tokenizer.marks";

/** Most such clips of a shard: what is said of them lies in the footer, which is read at once. */
const maxMarkedClips = 2 ** 17;

/**
 * Clips as Parquet shards, `shards/part-000012-000.parquet`, a row for each: the fields of `<key>.json` of a WebDataset as columns, and
 * `codes` as lists of uint16, one for each codebook: `[K][T]`. For a codec that works in segments there are `num_segments` × K lists, those of
 * the first segment first. The codec, with model and license, is in the file's metadata, and so is which clips are of damaged audio, or decoded by another program. Pages are compressed with Snappy, which gives the
 * same bytes on every machine.
 * @throws RangeError for a column whose name is taken, or an unknown type.
 */
export function parquetOutput(folder: string, options: ParquetOutputOptions = {}): ClipOutput {
  const { columns, rowGroupCodes = 2 ** 20 } = options;
  if (!(rowGroupCodes >= 1 && rowGroupCodes <= maxRowGroupCodes))
    throw new RangeError(`rowGroupCodes must be 1 to ${maxRowGroupCodes}; received ${rowGroupCodes}`);
  const chosen = columns === undefined ? undefined : Object.entries(columns).map(([name, type]) => checkColumn({ name, type }));
  const planned = plannedColumns(folder);
  const allColumns = async (): Promise<readonly Column[]> => {
    const ofManifest = chosen ?? (await planned()).filter(({ name }) => name !== "" && !isTaken(name));
    return [...clipColumns, ...ofManifest.map(manifestColumn), codesColumn];
  };
  return shardedOutput<ParquetItem>(
    folder,
    {
      format: "parquet",
      overhead: 0,
      // Before compression, so that the limit holds without compressing twice; files end up at some two thirds of it.
      itemOf: (clip) => {
        const fields = clipFieldsOf(clip);
        const textLength = JSON.stringify(fields).length;
        return { item: { fields, textLength, codes: clip.codes }, bytes: clip.codes.data.byteLength + textLength };
      },
      prepare: async (clips) => checkClipLengths(clips, "Parquet"),
      start: async (shard) => startParquet(shard, await allColumns(), rowGroupCodes),
    },
    options,
  );
}

const list = (name: string, repetition: Repetition, element: readonly SchemaElement[]): readonly SchemaElement[] => [
  { name, repetition_type: repetition, num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...element,
];

const clipColumns: readonly Column[] = [
  fieldColumn("key", { type: "BYTE_ARRAY", converted_type: "UTF8" }, "REQUIRED"),
  fieldColumn("row", { type: "BYTE_ARRAY", converted_type: "UTF8" }, "REQUIRED"),
  fieldColumn("source", { type: "BYTE_ARRAY", converted_type: "UTF8" }, "REQUIRED"),
  fieldColumn("start", { type: "DOUBLE" }, "REQUIRED"),
  fieldColumn("end", { type: "DOUBLE" }, "REQUIRED"),
  fieldColumn("window", { type: "INT32" }, "OPTIONAL"),
  fieldColumn("channel", { type: "INT32" }, "OPTIONAL"),
  fieldColumn("duration", { type: "DOUBLE" }, "REQUIRED"),
  {
    name: "num_samples",
    schema: [{ name: "num_samples", type: "INT64", repetition_type: "REQUIRED" }],
    valueOf: ({ fields }) => BigInt(fields.num_samples),
  },
  fieldColumn("num_segments", { type: "INT32" }, "REQUIRED"),
  fieldColumn("num_frames", { type: "INT32" }, "REQUIRED"),
  {
    name: "scales",
    schema: list("scales", "OPTIONAL", [{ name: "element", type: "FLOAT", repetition_type: "REQUIRED" }]),
    valueOf: ({ fields }) => fields.scales ?? undefined,
  },
  fieldColumn("peak", { type: "DOUBLE" }, "OPTIONAL"),
  fieldColumn("rms", { type: "DOUBLE" }, "OPTIONAL"),
  {
    name: "columns",
    schema: [{ name: "columns", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" }],
    valueOf: ({ fields }) => JSON.stringify(fields.columns),
  },
];

const codesColumn: Column = {
  name: "codes",
  schema: list(
    "codes",
    "REQUIRED",
    list("element", "REQUIRED", [{ name: "element", type: "INT32", converted_type: "UINT_16", repetition_type: "REQUIRED" }]),
  ),
  valueOf: ({ codes }) => {
    const { data, numSegments, numCodebooks, numFrames } = codes;
    return Array.from({ length: numSegments * numCodebooks }, (_, row) =>
      Array.from(data.subarray(row * numFrames, (row + 1) * numFrames)),
    );
  },
};

/** Names of the columns from which clips are read back. */
export const storedColumns: readonly string[] = [...clipColumns, codesColumn].map(({ name }) => name);

function fieldColumn(
  name: Exclude<keyof ClipFields, "columns" | "scales" | (typeof markFields)[number]>,
  type: ElementType,
  repetition: Repetition,
): Column {
  return { name, schema: [{ name, ...type, repetition_type: repetition }], valueOf: ({ fields }) => fields[name] ?? undefined };
}

/** How values of each type are written; undefined for those of another one. */
const valueTypes: Readonly<Record<ColumnType, { readonly schema: ElementType; valueOf(value: JsonValue): unknown }>> = {
  string: { schema: { type: "BYTE_ARRAY", converted_type: "UTF8" }, valueOf: (value) => (typeof value === "string" ? value : undefined) },
  int64: { schema: { type: "INT64" }, valueOf: (value) => (Number.isSafeInteger(value) ? BigInt(value as number) : undefined) },
  double: { schema: { type: "DOUBLE" }, valueOf: (value) => (typeof value === "number" ? value : undefined) },
  boolean: { schema: { type: "BOOLEAN" }, valueOf: (value) => (typeof value === "boolean" ? value : undefined) },
  json: { schema: { type: "BYTE_ARRAY", converted_type: "UTF8" }, valueOf: (value) => JSON.stringify(value) },
};

function manifestColumn({ name, type }: TypedColumn): Column {
  const { schema, valueOf } = valueTypes[type];
  return {
    name,
    schema: [{ name, ...schema, repetition_type: "OPTIONAL" }],
    valueOf: ({ fields: { columns } }) => (Object.hasOwn(columns, name) && columns[name] !== null ? valueOf(columns[name]!) : undefined),
  };
}

function checkColumn(column: TypedColumn): TypedColumn {
  const { name, type } = column;
  if (!columnTypes.includes(type)) throw new RangeError(`column ${name}: type must be ${columnTypes.join(", ")}; received ${String(type)}`);
  if (isTaken(name))
    throw new RangeError(`column ${name} has the name of one that every clip has; leave it out, \`columns\` holds its value`);
  return column;
}

function isTaken(name: string): boolean {
  return name === codesColumn.name || clipColumns.some((column) => column.name === name);
}

async function startParquet(
  { folder, stem, codec }: ShardStart,
  columns: readonly Column[],
  rowGroupCodes: number,
): Promise<ShardWriter<ParquetItem>> {
  const name = `${stem}.parquet`;
  const file = await createDurable(join(folder, name));
  const buffer = new ByteWriter();
  const kvMetadata = [
    { key: codecMetadataKey, value: JSON.stringify(codec) },
    ...Object.entries({ model: codec.model, license: codec.license, license_status: codec.license_status }).flatMap(([key, value]) =>
      value === null ? [] : [{ key, value }],
    ),
  ];
  const marked: (readonly [index: number, marks: Pick<ClipFields, (typeof markFields)[number]>])[] = [];
  const parquet = new ParquetWriter({
    writer: buffer,
    schema: [{ name: "schema", num_children: columns.length }, ...columns.flatMap((column) => column.schema)],
    kvMetadata,
    createdBy: "encodec-tokenizer",
  });
  let group: ParquetItem[] = [];
  let groupCodes = 0;
  let groupText = 0;
  let clips = 0;

  /** Hands what is encoded to the file; the writer goes on counting its offsets. */
  const flush = async (): Promise<void> => {
    await file.write(buffer.getBytes());
    buffer.index = 0;
  };
  const endGroup = async (): Promise<void> => {
    const columnData = columns.map((column) => ({ name: column.name, data: group.map((item) => column.valueOf(item)) }));
    await parquet.write({ columnData, rowGroupSize: group.length });
    group = [];
    groupCodes = 0;
    groupText = 0;
    await flush();
  };
  return {
    get isFull() {
      return marked.length >= maxMarkedClips;
    },
    async add(item) {
      const { damage, decoder } = item.fields;
      if (damage !== undefined || decoder !== undefined) marked.push([clips, { damage, decoder }]);
      group.push(item);
      groupCodes += item.codes.data.length;
      groupText += item.textLength;
      if (groupCodes >= rowGroupCodes || groupText >= maxRowGroupText) await endGroup();
      return { file: name, index: clips++ };
    },
    async finish() {
      if (group.length > 0) await endGroup();
      // The writer writes the metadata when it finishes.
      if (marked.length > 0) kvMetadata.push({ key: marksMetadataKey, value: JSON.stringify(marked) });
      await parquet.finish();
      await flush();
      return [{ path: name, ...(await file.publish()) }];
    },
    async abort() {
      await file[Symbol.asyncDispose]();
      await rm(file.path, { force: true });
    },
  };
}
