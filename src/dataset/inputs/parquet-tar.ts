import { pack } from "tar-stream";
import { CodecError } from "../../core/index.ts";
import { ParquetFile } from "../../parquet/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import type { JsonValue } from "../folder/json-value.ts";
import { audioExtensionOf } from "./audio-extensions.ts";
import type { OnLeftOut } from "./left-out.ts";
import { openRowSource } from "./row-bytes.ts";
import { keyOfPath } from "./row-key.ts";

/** Where a Parquet file has its audio. */
interface AudioColumns {
  /** The column of the files' bytes. */
  readonly bytes: string;
  /** The column of their names. */
  readonly path: string | undefined;
  /** The columns of what is known of them. */
  readonly labels: readonly string[];
}

/** What audio files begin with, for those without a name. */
const magics: readonly (readonly [text: string, extension: string])[] = [
  ["fLaC", "flac"],
  ["OggS", "ogg"],
  ["ID3", "mp3"],
  ["\u00ff\u00fb", "mp3"],
];

/** Most columns that labels are taken from. */
const maxLabels = 500;

/**
 * A Parquet file with a column of audio, `{bytes, path}` as the Hub's datasets store it, as a WebDataset tar: for each row `0000012_name.flac` with the bytes of the file as
 * they are, and `0000012_name.json` with all other columns that hold one text or number. Memory holds the audio of a row group as it is in the file.
 * @param onLeftOut Told of rows without bytes, and of columns that are not taken.
 * @throws DatasetError with code DATASET_INPUT for a file without such a column, or one that is damaged or packed in another way.
 */
export async function* parquetTar(path: string, onLeftOut: OnLeftOut, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  await using source = await openRowSource({ path });
  try {
    const file = await ParquetFile.open(source);
    const columns = audioColumnsOf(file, path, onLeftOut);
    let row = 0;
    for (const [group, numRows] of file.groupRows.entries()) {
      const names = columns.path === undefined ? [] : await valuesOf(file, group, columns.path);
      const labels = new Map<string, readonly (string | number | null)[]>();
      for (const label of columns.labels) labels.set(label, await valuesOf(file, group, label));
      let index = 0;
      for await (const bytes of file.valuesOf(group, columns.bytes, "bytes")) {
        signal?.throwIfAborted();
        const known = Object.fromEntries(Array.from(labels, ([label, values]) => [label, values[index] ?? null]));
        if (bytes instanceof Uint8Array) yield await sampleOf(row, bytes, names[index], known);
        else onLeftOut("rows of Parquet files without the bytes of their audio");
        index++;
        row++;
      }
      if (index !== numRows) throw new DatasetError("DATASET_INPUT", `${path}: a row group has ${index} of ${numRows} rows`);
    }
    yield new Uint8Array(1024);
  } catch (error) {
    if (!(error instanceof CodecError) || error instanceof DatasetError) throw error;
    throw new DatasetError("DATASET_INPUT", `${path} cannot be read as Parquet: ${error.message}`, { cause: error });
  }
}

/** @throws DatasetError with code DATASET_INPUT for a file without audio. */
function audioColumnsOf(file: ParquetFile, path: string, onLeftOut: OnLeftOut): AudioColumns {
  const known = new Map(file.columns.map((column) => [column.path, column]));
  const isOne = (name: string): boolean => known.get(name)?.type !== undefined && !known.get(name)!.isList;
  const structs = file.columns
    .filter((column) => column.path.endsWith(".bytes") && column.type === "text" && !column.isList)
    .map((column) => column.path.slice(0, -".bytes".length));
  const struct = structs.find((name) => name === "audio") ?? (structs.length === 1 ? structs[0] : undefined);
  if (struct === undefined) {
    const found = [...known.keys()].slice(0, 10).join(", ").slice(0, 300);
    throw new DatasetError(
      "DATASET_INPUT",
      `${path} has no column audio of {bytes, path}, as the Hub's datasets store audio; found ${found}. If its audio is elsewhere, write a manifest`,
    );
  }
  const others = file.columns.filter((column) => !column.path.startsWith(`${struct}.`));
  const labels = others.filter((column) => isOne(column.path) && !column.path.includes(".")).slice(0, maxLabels);
  for (const column of others)
    if (!labels.includes(column))
      onLeftOut(`columns of Parquet files, such as ${column.path.slice(0, 40)}, that do not hold one text or number a row`);
  return {
    bytes: `${struct}.bytes`,
    path: isOne(`${struct}.path`) ? `${struct}.path` : undefined,
    labels: labels.map((column) => column.path),
  };
}

async function valuesOf(file: ParquetFile, group: number, column: string): Promise<readonly (string | number | null)[]> {
  const values: (string | number | null)[] = [];
  for await (const value of file.valuesOf(group, column)) values.push(value as string | number | null);
  return values;
}

async function sampleOf(
  row: number,
  bytes: Uint8Array,
  path: string | number | null | undefined,
  labels: Readonly<Record<string, JsonValue>>,
): Promise<Uint8Array> {
  const given = typeof path === "string" ? path.slice(path.lastIndexOf("/") + 1) : "";
  const stem = given === "" ? "" : `_${keyOfPath(given)}`;
  const name = `${String(row).padStart(7, "0")}${stem}`;
  const tar = pack();
  const common = { mtime: new Date(0), uid: 0, gid: 0, mode: 0o644 } as const;
  tar.entry(
    { name: `${name}.${audioExtensionOf(given) ?? extensionBy(bytes)}`, ...common },
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  );
  if (Object.keys(labels).length > 0) tar.entry({ name: `${name}.json`, ...common }, Buffer.from(JSON.stringify(labels)));
  tar.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of tar) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces).subarray(0, -1024);
}

function extensionBy(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  return magics.find(([text]) => head.startsWith(text))?.[1] ?? "wav";
}
