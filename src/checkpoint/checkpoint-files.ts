import type { ByteSource } from "../core/index.ts";

/** A folder of a checkpoint: on disk, in memory, or the listing of a repository. */
export interface CheckpointFolder {
  readonly kind: "folder";
  /** A name for error messages: its path, or a repository's id. */
  readonly name: string;
  /** Names of the files right inside it. */
  list(): Promise<readonly string[]>;
  /** Opens one of its files; `undefined` where there is none of that name. */
  open(name: string): Promise<ByteSource | undefined>;
  /** Releases every file that was opened. May be called more than once. */
  close?(): Promise<void>;
}

/** A single weight file. */
export interface CheckpointFile {
  readonly kind: "file";
  readonly source: ByteSource;
  /** The folder around it, where a `config.json` is looked for. */
  readonly beside?: CheckpointFolder;
  /** Releases the file. May be called more than once. */
  close?(): Promise<void>;
}

/** Where `openCheckpoint` reads from. */
export type CheckpointFiles = CheckpointFolder | CheckpointFile;
