import type { EncodedClip } from "./encoded-clip.ts";

/** Formats of a dataset's shards. */
export const outputFormats = ["webdataset", "parquet", "npy", "jsonl", "tokens"] as const;
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
  const extension = /^shards\/part-\d{6,}-\d{3,}(?<extension>\..+)$/u.exec(name)?.groups!["extension"] ?? "";
  return Object.hasOwn(formatOfExtension, extension) ? formatOfExtension[extension] : undefined;
}

/** When a part goes on in another shard. A shard never exceeds a limit, except with a single clip that does so alone. */
export interface ShardLimits {
  /** @default 2 ** 30 */
  readonly shardBytes?: number | undefined;
  /** @default none */
  readonly shardClips?: number | undefined;
}

/** A file that is complete, as the records of parts and the index list it. */
export interface FinishedShard {
  readonly format: OutputFormat;
  /** In the dataset's folder, with slashes: `shards/part-000012-000.tar`. */
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

/** One way of writing clips: the same clips and options give the same bytes. */
export interface ClipOutput {
  readonly format: OutputFormat;
  /** Begins a part. Nothing is on the disk before its first clip. */
  openPart(part: number): PartWriter;
}

/** The clips of one part, in their order. Calls are to be waited for, one after the other. */
export interface PartWriter {
  /**
   * Sees to it that clips can be added: to be called with all clips of a row, before the first of them is.
   * @throws RowError for a name that the disk does not take; other rows may have better ones.
   */
  prepare(clips: readonly EncodedClip[]): Promise<void>;
  /**
   * Adds a clip.
   * @throws CodesError CODES_MISMATCH for another codec than that of the clips before.
   * @throws DatasetError DATASET_DISK_FULL, FileError `FILE_UNWRITABLE`; the part is to be aborted then.
   */
  add(clip: EncodedClip): Promise<ClipPlace>;
  /** Completes the part: all its shards have their names and lie on the disk. A part without clips has none. */
  finish(): Promise<readonly FinishedShard[]>;
  /** Removes everything that the part wrote, shards that are complete included. */
  abort(): Promise<void>;
}
