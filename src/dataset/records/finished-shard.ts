import { shardExtension } from "../folder/part-names.ts";

/** Formats of a dataset's shards. */
export const outputFormats = ["webdataset", "parquet", "npy", "jsonl", "tokens"] as const;
/** A format of shards: `outputFormats` has all. */
export type OutputFormat = (typeof outputFormats)[number];

/** Formats by the extensions of their files in `shards/`. */
export const formatOfExtension: Readonly<Record<string, OutputFormat>> = {
  ".tar": "webdataset",
  ".parquet": "parquet",
  ".npy.jsonl": "npy",
  ".jsonl": "jsonl",
  ".bin": "tokens",
  ".json": "tokens",
  ".idx": "tokens",
};

/** The format of a shard by its name in the dataset's folder; undefined for what is no shard. */
export function shardFormatOf(name: string): OutputFormat | undefined {
  const extension = shardExtension(name) ?? "";
  return Object.hasOwn(formatOfExtension, extension) ? formatOfExtension[extension] : undefined;
}

/** A file that is complete, as the records of parts and the index list it. */
export interface FinishedShard {
  readonly format: OutputFormat;
  /** The file's path in the dataset's folder, with slashes: `shards/part-000012-000.tar`. */
  readonly path: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Clips in it; 0 for a file that only describes another one. */
  readonly clips: number;
}

/** Where a clip was put. */
export interface ClipPlace {
  /** Path of the file in the dataset's folder, with slashes. */
  readonly file: string;
  /** Position among the clips of that file, from 0. */
  readonly index: number;
}
