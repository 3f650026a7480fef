import type { EncodedClip } from "../records/encoded-clip.ts";
import type { ClipPlace, FinishedShard, OutputFormat } from "../records/finished-shard.ts";

/** When a part goes on in another shard. A shard never exceeds a limit, except with a single clip that does so alone. */
export interface ShardLimits {
  /** Most bytes of a shard. @default 2 ** 30 */
  readonly shardBytes?: number | undefined;
  /** Most clips of a shard. @default none */
  readonly shardClips?: number | undefined;
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
