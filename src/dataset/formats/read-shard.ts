import { basename } from "node:path";
import { z } from "zod";
import { CodecError, CodesError } from "../../core/index.ts";
import { openInside, piecesOf } from "../../files/index.ts";
import { ParquetFile } from "../../parquet/index.ts";
import type { ParquetColumn } from "../../parquet/index.ts";
import { parseArray } from "../../storage/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { hasTooManyLists, maxLists, parseJson, reasonOf as reasonOfSchema } from "../folder/read-json-file.ts";
import { openSourceInside } from "../inputs/row-bytes.ts";
import { npyName } from "../inputs/row-key.ts";
import { tarEntries } from "../inputs/tar-members.ts";
import { readLines } from "../inputs/text-lines.ts";
import { clipFrom, clipKey, clipSchema } from "../records/clip-fields.ts";
import type { ClipFields } from "../records/clip-fields.ts";
import { shardFormatOf } from "../records/finished-shard.ts";
import type { OutputFormat } from "../records/finished-shard.ts";
import { codecSchema } from "../records/codec-fields.ts";
import type { CodecFields } from "../records/codec-fields.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";
import { codecMetadataKey, storedColumns } from "./parquet-output.ts";

/** Formats whose shards give the clips back; tokens alone do not say what their clips were. */
export type ReadableFormat = Exclude<OutputFormat, "tokens">;
export const readableFormats: readonly ReadableFormat[] = ["webdataset", "parquet", "npy", "jsonl"];

/** A `.npy` of more bytes than this is none that this library wrote. */
const maxNpyBytes = 2 ** 31;
/** What is known of a clip but its codes takes less: columns, and a number for each second. */
const maxRecordBytes = 2 ** 24;
/** A line with the codes of a clip: 12 hours of 16 codebooks at 75 frames per second take as much. */
const maxLineBytes = 2 ** 28;
const recordSchema = z.object({ codec: codecSchema });

/**
 * The clips of one shard, in their order. Memory holds one of them; of Parquet, a row group.
 * @param path Of the shard in the dataset's folder.
 * @throws DatasetError with code DATASET_FORMAT naming the shard if it is damaged, at the clip where that shows.
 */
export async function* readShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  const format = readableFormats.find((known) => known === shardFormatOf(path));
  if (format === undefined) throw new RangeError(`${path} is no shard that clips can be read from; expected one of ${readableFormats.join(", ")}`);
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

async function* readTarShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  await using source = await openSourceInside(folder, path);
  let npy: { readonly name: string; readonly bytes: Uint8Array } | undefined;
  for await (const { name, offset, size } of tarEntries(source)) {
    if (name.endsWith(".npy")) {
      if (size > maxNpyBytes) throw new CodesError("CODES_FORMAT", `${name} is said to have ${size} bytes`);
      npy = { name: name.slice(0, -".npy".length), bytes: await source.read(offset, size) };
    } else if (name.endsWith(".json")) {
      if (npy === undefined || `${npy.name}.json` !== name) throw new CodesError("CODES_FORMAT", `${name} does not follow the .npy of its clip`);
      if (size > maxRecordBytes) throw new CodesError("CODES_FORMAT", `${name} is said to have ${size} bytes`);
      yield clipOfNpy(parseJson(Buffer.from(await source.read(offset, size)).toString("utf8")), npy.bytes);
      npy = undefined;
    }
  }
  if (npy !== undefined) throw new CodesError("CODES_FORMAT", `${npy.name}.npy has no .json after it`);
}

/** A `.npy` as the list of its part has it. */
export interface ListedFile {
  /** In the dataset's folder: `npy/speaker/clip.npy`. */
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
    for await (const line of linesOf(folder, path)) yield listedSchema.parse(parseJson(line));
  } catch (error) {
    throw damaged(path, error);
  }
}

async function* readNpyShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  for await (const line of linesOf(folder, path)) {
    const document = parseJson(line);
    const { file, bytes } = listedSchema.parse(document);
    yield clipOfNpy(document, await readListed(folder, file, bytes));
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
  for await (const line of linesOf(folder, path)) {
    const document = z.looseObject({ codes: z.array(z.unknown()) }).parse(parseJson(line));
    const fields = clipSchema.parse(document);
    const { codec } = recordSchema.parse(document);
    const numbers = (document.codes as unknown[]).flat(2);
    yield clipOfNumbers(fields, codec, numbers as number[]);
  }
}

async function* readParquetShard(folder: string, path: string): AsyncGenerator<EncodedClip, void, undefined> {
  await using source = await openSourceInside(folder, path);
  const file = await ParquetFile.open(source);
  const codecText = file.metadata.get(codecMetadataKey);
  if (codecText === undefined) throw new CodesError("CODES_FORMAT", `its metadata has no ${codecMetadataKey}`);
  const codec = codecSchema.parse(parseJson(codecText));
  for (const [group, numRows] of file.groupRows.entries()) {
    const columns = new Map<string, ParquetColumn>();
    for (const name of storedColumns) {
      const column = await file.readColumn(group, name);
      if (column !== undefined) columns.set(name, column);
    }
    for (let row = 0; row < numRows; row++) {
      const fields = Object.fromEntries(Array.from(columns, ([name, column]) => [name, fieldOf(name, column.valuesOf(row))]));
      const { codes = [], ...others } = fields;
      yield clipOfNumbers(clipSchema.parse({ ...others, columns: parseJson(String(fields["columns"])) }), codec, codes as ArrayLike<number>);
    }
  }
}

/** Lists as they are, everything else by itself; null for nothing. */
function fieldOf(name: string, values: ArrayLike<unknown>): unknown {
  if (name === "codes") return values;
  if (name === "scales") return values.length === 0 ? null : Array.from(values);
  return values[0] ?? null;
}

function clipOfNpy(document: unknown, npy: Uint8Array): EncodedClip {
  const fields = clipSchema.parse(document);
  const { codec } = recordSchema.parse(document);
  const array = parseArray(npy, `${fields.key}.npy`);
  const expected = [fields.num_segments, codec.num_codebooks, fields.num_frames].slice(codec.segment_length === null ? 1 : 0);
  if (typeof array === "string" || array.type !== "u2" || array.shape.join() !== expected.join()) {
    const found = typeof array === "string" ? "text" : `${array.type} [${array.shape.join(", ")}]`;
    throw new CodesError("CODES_MISMATCH", `${fields.key}.npy holds ${found}; its description says u2 [${expected.join(", ")}]`);
  }
  return clipFrom(fields, codec, Uint16Array.from(array.data as ArrayLike<number>));
}

function clipOfNumbers(fields: ClipFields, codec: CodecFields, numbers: ArrayLike<number>): EncodedClip {
  const shape = [fields.num_segments, codec.num_codebooks, fields.num_frames] as const;
  if (numbers.length !== shape[0] * shape[1] * shape[2]) {
    throw new CodesError("CODES_MISMATCH", `${fields.key} has ${numbers.length} codes; shape [${shape.join(", ")}] takes ${shape[0] * shape[1] * shape[2]}`);
  }
  const codes = Uint16Array.from(numbers, (code) => {
    if (Number.isInteger(code) && code >= 0 && code < codec.codebook_size) return code;
    throw new CodesError("CODES_OUT_OF_RANGE", `${fields.key} has ${String(code)} among its codes; expected 0 to ${codec.codebook_size - 1}`);
  });
  return clipFrom(fields, codec, codes);
}

/** Lines of a file that the package wrote. */
async function* linesOf(folder: string, path: string): AsyncGenerator<string, void, undefined> {
  await using handle = await openInside(folder, path);
  for await (const { number, text, problem } of readLines(piecesOf(handle), maxLineBytes)) {
    if (text === undefined) throw new SyntaxError(`line ${number}: ${problem}`);
    if (hasTooManyLists(text)) throw new SyntaxError(`line ${number}: it has more than ${maxLists} lists and objects`);
    yield text;
  }
}

function reasonOf(error: Error): string {
  if (error instanceof z.ZodError) return reasonOfSchema(error);
  return error instanceof CodecError || !("path" in error) ? error.message : error.message.replace(String(error.path), basename(String(error.path)));
}
