import { readableFormats, readShard } from "./formats/read-shard.ts";
import type { ReadableFormat } from "./formats/read-shard.ts";
import { readPlannedModel } from "./plan/planned-model.ts";
import { readDatasetInfo } from "./records/dataset-info.ts";
import type { DatasetInfo } from "./records/dataset-info.ts";
import type { EncodedClip } from "./records/encoded-clip.ts";
import { codesOf } from "./records/published-names.ts";

/** A finished dataset on disk: what its index says, and its clips in their order. */
export interface Dataset extends AsyncIterable<EncodedClip> {
  readonly folder: string;
  readonly info: DatasetInfo;
  /** That clips are read from. */
  readonly format: ReadableFormat;
}

/** How a dataset is read. */
export interface OpenDatasetOptions {
  /** The format to read. @default the first of webdataset, parquet, npy and jsonl that the dataset has */
  readonly format?: ReadableFormat | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a finished dataset. Of a model of this machine the dataset has the name only; where it was made, codes have its path. Each loop over it reads from the start; memory holds one clip, or of Parquet a row group.
 *
 *     for await (const { key, codes } of await openDataset("out")) await tokenizer.decode(codes);
 *
 * @throws DatasetError with code DATASET_FORMAT if the folder is no finished dataset, or, while looping, a shard is damaged.
 * @throws RangeError if the dataset has no such format, or only tokens, which `openTokenDataset` reads.
 */
export async function openDataset(folder: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const info = await readDatasetInfo(folder);
  const present = new Set(info.shards.map((shard) => shard.format));
  const format =
    options.format ?? readableFormats.find((known) => present.has(known)) ?? (info.shards.length === 0 ? readableFormats[0] : undefined);
  if (format === undefined || (info.shards.length > 0 && !present.has(format))) {
    const found = [...present].join(", ");
    throw new RangeError(`${folder} holds ${found}; clips are read from ${options.format ?? readableFormats.join(", ")}`);
  }
  return { folder, info, format, [Symbol.asyncIterator]: () => readClips(folder, info, format, options.signal) };
}

async function* readClips(
  folder: string,
  info: DatasetInfo,
  format: ReadableFormat,
  signal: AbortSignal | undefined,
): AsyncGenerator<EncodedClip, void, undefined> {
  const model = info.codec === null ? undefined : await readPlannedModel(folder, info.codec);
  for (const { path } of info.shards.filter((shard) => shard.format === format && shard.clips > 0)) {
    for await (const clip of readShard(folder, path)) {
      signal?.throwIfAborted();
      yield model === undefined ? clip : { ...clip, codes: codesOf(clip.codes, model) };
    }
  }
}
