import { basename, join } from "node:path";
import { z } from "zod";
import { CodecError, CodesError, inTurns, stretches } from "../../core/index.ts";
import type { Turns } from "../../core/index.ts";
import { openInside, piecesOf } from "../../files/index.ts";
import { ParquetFile } from "../../parquet/index.ts";
import type { ParquetColumn } from "../../parquet/index.ts";
import { JsonReader, maxSegments, parseArray, takeList } from "../../storage/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { parseJson, reasonOf as reasonOfSchema } from "../folder/read-json-file.ts";
import { sourceOf } from "../inputs/row-bytes.ts";
import type { RowSource } from "../inputs/row-bytes.ts";
import { npyName } from "../inputs/row-key.ts";
import { tarEntries } from "../inputs/tar-members.ts";
import { readByteLines } from "../inputs/text-lines.ts";
import { clipFrom, clipKey, clipSchema } from "../records/clip-fields.ts";
import type { ClipFields } from "../records/clip-fields.ts";
import { maxRecordBytes, parseClipRecord } from "../records/clip-record.ts";
import type { ClipRecord } from "../records/clip-record.ts";
import { shardFormatOf } from "../records/finished-shard.ts";
import type { OutputFormat } from "../records/finished-shard.ts";
import { codecSchema } from "../records/codec-fields.ts";
import type { CodecFields } from "../records/codec-fields.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";
import { codecMetadataKey, marksMetadataKey, storedColumns } from "./parquet-output.ts";

/** Formats whose shards give the clips back; tokens alone do not say what their clips were. */
export type ReadableFormat = Exclude<OutputFormat, "tokens">;
export const readableFormats: readonly ReadableFormat[] = ["webdataset", "parquet", "npy", "jsonl"];

/** A `.npy` of more bytes than this is none that this library wrote. */
const maxNpyBytes = 2 ** 31;
/** A line with the codes of a clip has less: up to 2^24 codes of up to five digits, and its record. */
const maxLineBytes = 2 ** 27;
/** Codes that are checked in some milliseconds. */
const codesPerTurn = 2 ** 19;
const recordSchema = z.object({ codec: codecSchema });

/**
 * The clips of one shard, in their order. Memory holds one of them; of Parquet, a row group.
 * @param path Of the shard in the dataset's folder.
 * @throws DatasetError with code DATASET_FORMAT naming the shard if it is damaged, at the clip where that shows.
 */
export async function* readShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  const format = readableFormats.find((known) => known === shardFormatOf(path));
  if (format === undefined)
    throw new RangeError(`${path} is no shard that clips can be read from; expected one of ${readableFormats.join(", ")}`);
  try {
    yield* readers[format](folder, path);
  } catch (error) {
    throw damaged(path, error);
  }
}

function damaged(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DatasetError) return error;
  return new DatasetError("DATASET_FORMAT", `${path} is damaged: ${reasonOf(error)}`, { cause: error });
}

const readers: Readonly<Record<ReadableFormat, (folder: string, path: string) => AsyncGenerator<EncodedClip, void, undefined>>> = {
  webdataset: readTarShard,
  parquet: readParquetShard,
  npy: readNpyShard,
  jsonl: readJsonlShard,
};

async function openSourceInside(folder: string, path: string): Promise<RowSource> {
  const handle = await openInside(folder, path);
  return sourceOf(handle, await handle.stat(), { path: join(folder, path), member: undefined });
}

async function* readTarShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  await using source = await openSourceInside(folder, path);
  let npy: { readonly name: string; readonly bytes: Uint8Array } | undefined;
  for await (const { name, offset, size } of tarEntries(source)) {
    if (name.endsWith(".npy")) {
      if (size > maxNpyBytes) throw new CodesError("CODES_FORMAT", `${name} is said to have ${size} bytes`);
      npy = { name: name.slice(0, -".npy".length), bytes: await source.read(offset, size) };
    } else if (name.endsWith(".json")) {
      if (npy === undefined || `${npy.name}.json` !== name)
        throw new CodesError("CODES_FORMAT", `${name} does not follow the .npy of its clip`);
      if (size > maxRecordBytes) throw new CodesError("CODES_FORMAT", `${name} is said to have ${size} bytes`);
      yield clipOfNpy(await inTurns(parseClipRecord(await source.read(offset, size), name)), npy.bytes);
      npy = undefined;
    }
  }
  if (npy !== undefined) throw new CodesError("CODES_FORMAT", `${npy.name}.npy has no .json after it`);
}

/** A `.npy` as the list of its part has it. */
export interface ListedFile {
  /** The file's path in the dataset's folder: `npy/speaker/clip.npy`. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The path of a clip's file says its key, so that a list can name nothing else. */
const listedSchema: z.ZodType<ListedFile> = z
  .object({ key: clipKey, file: z.string(), bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/u) })
  .refine(({ key, file }) => file === npyName(key), { error: "it is not that of the clip, such as npy/speaker/clip.npy", path: ["file"] });

/** The files that a list, `shards/part-000012-000.npy.jsonl`, vouches for. @throws DatasetError with code DATASET_FORMAT if it is damaged. */
export async function* listedFiles(folder: string, path: string): AsyncGenerator<ListedFile, void, undefined> {
  try {
    for await (const { fields } of recordsOf(folder, path, maxRecordBytes)) yield listedSchema.parse(fields);
  } catch (error) {
    throw damaged(path, error);
  }
}

async function* readNpyShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  for await (const record of recordsOf(folder, path, maxRecordBytes)) {
    const { file, bytes } = listedSchema.parse(record.fields);
    yield clipOfNpy(record, await readListed(folder, file, bytes));
  }
}

/** @throws CodesError for a file of another length than the list says. */
async function readListed(folder: string, file: string, bytes: number): Promise<Uint8Array> {
  await using handle = await openInside(folder, file);
  const { size } = await handle.stat();
  if (size !== bytes) throw new CodesError("CODES_FORMAT", `${file} has ${size} bytes; its list says ${bytes}`);
  return await handle.readFile();
}

async function* readJsonlShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  for await (const { fields: document, codes } of recordsOf(folder, path, maxLineBytes)) {
    const fields = clipSchema.parse(document);
    const { codec } = recordSchema.parse(document);
    if (codes === undefined) throw new CodesError("CODES_FORMAT", `${fields.key} has no codes`);
    if (codes.firstRefused !== null) throw outOfRange(fields, codec, codes.firstRefused.value);
    yield await inTurns(clipOfNumbers(fields, codec, codes.data));
  }
}

async function* readParquetShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  await using source = await openSourceInside(folder, path);
  const file = await ParquetFile.open(source);
  const codecText = file.metadata.get(codecMetadataKey);
  if (codecText === undefined) throw new CodesError("CODES_FORMAT", `its metadata has no ${codecMetadataKey}`);
  const codec = codecSchema.parse(parseJson(codecText));
  const marks = await marksOfClips(file.metadata.get(marksMetadataKey));
  let index = 0;
  for (const [group, numRows] of file.groupRows.entries()) {
    const columns = new Map<string, ParquetColumn>();
    for (const name of storedColumns) {
      const column = await file.readColumn(group, name);
      if (column !== undefined) columns.set(name, column);
    }
    for (let row = 0; row < numRows; row++) {
      const fields = Object.fromEntries(Array.from(columns, ([name, column]) => [name, fieldOf(name, column.valuesOf(row))]));
      const { codes = [], ...others } = fields;
      const document = { ...others, ...marks.get(index++), columns: parseJson(String(fields["columns"])) };
      yield await inTurns(clipOfNumbers(clipSchema.parse(document), codec, codes as ArrayLike<number>));
    }
  }
}

/** Most bytes of what is said of one clip. */
const maxMarkBytes = 2 ** 12;
const markedClipSchema = z.tuple([z.int().min(0), z.object({ damage: z.unknown().optional(), decoder: z.unknown().optional() })]);

/** What the metadata says of single clips, by their place in the file. */
async function marksOfClips(text: string | undefined): Promise<ReadonlyMap<number, object>> {
  if (text === undefined) return new Map();
  const reader = new JsonReader(new TextEncoder().encode(text), marksMetadataKey);
  const clips = await inTurns(takeList(reader, marksMetadataKey, maxMarkBytes, (value) => markedClipSchema.parse(value)));
  reader.expectEnd();
  return new Map(clips);
}

/** Lists as they are, everything else by itself; null for nothing. */
function fieldOf(name: string, values: ArrayLike<unknown>): unknown {
  if (name === "codes") return values;
  if (name === "scales") {
    if (values.length > maxSegments)
      throw new CodesError("CODES_FORMAT", `it has a clip with ${values.length} scales; at most ${maxSegments} are read`);
    return values.length === 0 ? null : Array.from(values);
  }
  return values[0] ?? null;
}

function clipOfNpy(record: ClipRecord, npy: Uint8Array): EncodedClip {
  const fields = clipSchema.parse(record.fields);
  const { codec } = recordSchema.parse(record.fields);
  const array = parseArray(npy, `${fields.key}.npy`);
  const expected = [fields.num_segments, codec.num_codebooks, fields.num_frames].slice(codec.segment_length === null ? 1 : 0);
  if (typeof array === "string" || array.type !== "u2" || array.shape.join() !== expected.join()) {
    const found = typeof array === "string" ? "text" : `${array.type} [${array.shape.join(", ")}]`;
    throw new CodesError("CODES_MISMATCH", `${fields.key}.npy holds ${found}; its description says u2 [${expected.join(", ")}]`);
  }
  return clipFrom(fields, codec, new Uint16Array(array.data as ArrayLike<number>));
}

function* clipOfNumbers(fields: ClipFields, codec: CodecFields, numbers: ArrayLike<number>): Turns<EncodedClip> {
  const shape = [fields.num_segments, codec.num_codebooks, fields.num_frames] as const;
  if (numbers.length !== shape[0] * shape[1] * shape[2]) {
    throw new CodesError(
      "CODES_MISMATCH",
      `${fields.key} has ${numbers.length} codes; shape [${shape.join(", ")}] takes ${shape[0] * shape[1] * shape[2]}`,
    );
  }
  const codes = new Uint16Array(numbers.length);
  yield* stretches(numbers.length, codesPerTurn, (start, end) => {
    for (let index = start; index < end; index++) {
      const code = numbers[index]!;
      if (!(Number.isInteger(code) && code >= 0 && code < codec.codebook_size)) throw outOfRange(fields, codec, code);
      codes[index] = code;
    }
  });
  return clipFrom(fields, codec, codes);
}

function outOfRange({ key }: ClipFields, { codebook_size: size }: CodecFields, code: unknown): CodesError {
  return new CodesError("CODES_OUT_OF_RANGE", `${key} has ${String(code)} among its codes; expected 0 to ${size - 1}`);
}

/** Records of clips, one a line. */
async function* recordsOf(folder: string, path: string, maxBytes: number): AsyncGenerator<ClipRecord, void, undefined> {
  await using handle = await openInside(folder, path);
  for await (const { number, bytes, problem } of readByteLines(piecesOf(handle), maxBytes)) {
    if (bytes === undefined) throw new SyntaxError(`line ${number}: ${problem}`);
    yield await inTurns(parseClipRecord(bytes, `line ${number}`));
  }
}

function reasonOf(error: Error): string {
  if (error instanceof z.ZodError) return reasonOfSchema(error);
  return error instanceof CodecError || !("path" in error)
    ? error.message
    : error.message.replace(String(error.path), basename(String(error.path)));
}
