import { join } from "node:path";
import { makeFolderInside } from "../../files/index.ts";
import { writingError } from "../folder/disk-space.ts";
import { shardStem } from "../folder/part-names.ts";
import type { ClipOutput, PartWriter, ShardLimits } from "./clip-output.ts";
import type { ClipPlace, FinishedShard, OutputFormat } from "../records/finished-shard.ts";
import { checkSameCodec, codecFieldsOf } from "../records/codec-fields.ts";
import type { CodecFields } from "../records/codec-fields.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";

/** Where a shard begins. */
export interface ShardStart {
  /** The dataset's folder. */
  readonly folder: string;
  readonly part: number;
  /** Path in the folder without an extension: `shards/part-000012-000`. */
  readonly stem: string;
  /** The codec of its first clip, and so of all. */
  readonly codec: CodecFields;
}

/** A shard in the making. */
export interface ShardWriter<Item> {
  /** Whether it takes no more clips, whatever the limits. @default false */
  readonly isFull?: boolean | undefined;
  add(item: Item): Promise<ClipPlace>;
  /** Completes it. @returns Its files, the one with the clips first. */
  finish(): Promise<readonly Omit<FinishedShard, "format" | "clips">[]>;
  /** Removes what is written, also after `finish`. */
  abort(): Promise<void>;
}

/** What a clip becomes in a format, with the bytes that it takes in a shard. */
export interface Sized<Item> {
  readonly item: Item;
  readonly bytes: number;
}

/** What makes a format: how a clip becomes an item, how large it is, and where items go. */
export interface ShardFormat<Item> {
  readonly format: OutputFormat;
  /** Bytes of a shard besides those of its items. */
  readonly overhead: number;
  itemOf(clip: EncodedClip): Sized<Item> | Promise<Sized<Item>>;
  /** The same as `PartWriter.prepare`. */
  prepare?(clips: readonly EncodedClip[]): Promise<void>;
  start(shard: ShardStart): Promise<ShardWriter<Item>>;
}

const defaultShardBytes = 2 ** 30;

/** The output of a format into a folder. @throws RangeError for limits below 1. */
export function shardedOutput<Item>(folder: string, format: ShardFormat<Item>, limits: ShardLimits = {}): ClipOutput {
  const { shardBytes = defaultShardBytes, shardClips = Infinity } = limits;
  for (const [name, value] of Object.entries({ shardBytes, shardClips })) {
    if (!(value >= 1)) throw new RangeError(`${name} must be 1 or more; received ${value}`);
  }
  return {
    format: format.format,
    openPart: (part) => new ShardedPart(folder, format, part, { shardBytes, shardClips }),
  };
}

/** A part whose clips go to one shard after the other. */
class ShardedPart<Item> implements PartWriter {
  readonly #folder: string;
  readonly #format: ShardFormat<Item>;
  readonly #part: number;
  readonly #limits: Required<Readonly<Record<"shardBytes" | "shardClips", number>>>;
  readonly #finished: FinishedShard[] = [];
  readonly #writers: ShardWriter<Item>[] = [];
  #codec: CodecFields | undefined;
  #shard: { readonly writer: ShardWriter<Item>; bytes: number; clips: number } | undefined;

  constructor(folder: string, format: ShardFormat<Item>, part: number, limits: Readonly<Record<"shardBytes" | "shardClips", number>>) {
    this.#folder = folder;
    this.#format = format;
    this.#part = part;
    this.#limits = limits;
  }

  async prepare(clips: readonly EncodedClip[]): Promise<void> {
    await this.#format.prepare?.(clips);
  }

  async add(clip: EncodedClip): Promise<ClipPlace> {
    if (this.#codec !== undefined) checkSameCodec(this.#codec, clip.codes);
    const { item, bytes } = await this.#format.itemOf(clip);
    const { shardBytes, shardClips } = this.#limits;
    const isFull =
      this.#shard !== undefined &&
      (this.#shard.writer.isFull === true || this.#shard.clips >= shardClips || this.#shard.bytes + bytes > shardBytes);
    if (isFull) await this.#finishShard();
    this.#codec ??= codecFieldsOf(clip.codes);
    const shard = (this.#shard ??= { writer: await this.#startShard(this.#codec), bytes: this.#format.overhead, clips: 0 });
    shard.bytes += bytes;
    shard.clips++;
    return await shard.writer.add(item);
  }

  async finish(): Promise<readonly FinishedShard[]> {
    if (this.#shard !== undefined) await this.#finishShard();
    return this.#finished;
  }

  async abort(): Promise<void> {
    this.#shard = undefined;
    this.#finished.length = 0;
    for (const writer of this.#writers.splice(0)) await writer.abort();
  }

  async #startShard(codec: CodecFields): Promise<ShardWriter<Item>> {
    const stem = shardStem(this.#part, this.#writers.length);
    try {
      await makeFolderInside(this.#folder, "shards");
    } catch (error) {
      throw writingError(join(this.#folder, "shards"), error);
    }
    const writer = await this.#format.start({ folder: this.#folder, part: this.#part, stem, codec });
    this.#writers.push(writer);
    return writer;
  }

  async #finishShard(): Promise<void> {
    const { writer, clips } = this.#shard!;
    const files = await writer.finish();
    this.#finished.push(...files.map((file, index) => ({ format: this.#format.format, ...file, clips: index === 0 ? clips : 0 })));
    this.#shard = undefined;
  }
}
