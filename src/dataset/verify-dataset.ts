import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { CodecError } from "../core/index.ts";
import { readTokenDataset } from "../files/index.ts";
import { createHasher, hashFile } from "../hub/index.ts";
import { outputFormats } from "./clip-output.ts";
import type { FinishedShard, OutputFormat } from "./clip-output.ts";
import { checkSameCodec } from "./codec-fields.ts";
import { readDatasetInfo } from "./dataset-info.ts";
import type { DatasetInfo } from "./dataset-info.ts";
import type { EncodedClip } from "./encoded-clip.ts";
import { parseManifestLine } from "./manifest.ts";
import type { ManifestEntry } from "./manifest.ts";
import { StatisticsBuilder } from "./statistics.ts";
import { listedFiles, readableFormats, readShard } from "./stored-clips.ts";
import { readLines } from "./text-lines.ts";

/** Something about a dataset that is not as its index says. */
export interface Finding {
  /**
   * `missing`, `extra`: a file; `size`, `digest`: of one; `damaged`: it cannot be read, or holds what is no code;
   * `mismatch`: it can be read and says something else than the index; `clip`: what `checkClip` found.
   */
  readonly kind: "missing" | "extra" | "size" | "digest" | "damaged" | "mismatch" | "clip";
  /** Path in the dataset's folder. */
  readonly file: string;
  /** Of the clip, where it is about one. */
  readonly key?: string | undefined;
  readonly message: string;
}

export interface VerifyOptions {
  /** Called for every clip of one format; says what is wrong with it, by encoding it again, say. @default nothing is called */
  readonly checkClip?: ((clip: EncodedClip) => Promise<string | undefined>) | undefined;
  /** Called after each shard. */
  readonly onProgress?: ((progress: { readonly file: string; readonly done: number; readonly total: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a finished dataset from end to end against its index: digests and lengths of all files, then of every clip its shape, the range of
 * its codes, its codec and its line in the manifest, and of all together the counts and statistics. Files that nobody listed are found too.
 * @returns Everything that is wrong, in the order in which it is met; nothing for a sound dataset.
 * @throws DatasetError with code DATASET_FORMAT if the folder is no finished dataset.
 */
export async function* verifyDataset(folder: string, options: VerifyOptions = {}): AsyncGenerator<Finding, void, undefined> {
  const { signal, onProgress } = options;
  const info = await readDatasetInfo(folder);
  const known = new Set<string>(info.shards.map(({ path }) => path));
  let isManifestSound = true;
  for (const { path: file, bytes, sha256 } of [info.manifest, info.errors]) {
    for await (const finding of checkFile(folder, { file, bytes, sha256 }, signal)) {
      if (file === info.manifest.path) isManifestSound = false;
      yield finding;
    }
  }
  const counted = readableFormats.find((format) => info.shards.some((shard) => shard.format === format));
  const statistics = new StatisticsBuilder();
  let isWhole = true;
  let done = 0;
  for (const format of outputFormats) {
    const shards = info.shards.filter((shard) => shard.format === format);
    if (shards.length === 0) continue;
    const manifest = isManifestSound ? manifestOf(folder, info, signal) : undefined;
    for (const shard of shards) {
      signal?.throwIfAborted();
      const check = format === counted ? { statistics, checkClip: options.checkClip } : {};
      for await (const finding of checkShard(folder, info, shard, { ...check, manifest, known, signal })) {
        isWhole = false;
        yield finding;
      }
      onProgress?.({ file: shard.path, done: ++done, total: info.shards.length });
    }
    await manifest?.return();
  }
  if (isWhole) yield* checkCounts(info, counted === undefined ? undefined : statistics);
  yield* extraFiles(folder, known);
}

interface ExpectedFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

async function* checkFile(folder: string, { file, bytes, sha256 }: ExpectedFile, signal: AbortSignal | undefined): AsyncGenerator<Finding, void, undefined> {
  const path = join(folder, file);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) {
    yield { kind: "missing", file, message: `${file} is not there` };
    return;
  }
  if (stats.size !== bytes) {
    yield { kind: "size", file, message: `${file} has ${stats.size} bytes; the index says ${bytes}` };
    return;
  }
  const hasher = createHasher("sha256", bytes);
  await hashFile(path, hasher, signal);
  const found = hasher.hex();
  if (found !== sha256) yield { kind: "digest", file, message: `${file} has SHA-256 ${found}; the index says ${sha256}` };
}

interface ShardCheck {
  readonly manifest: AsyncGenerator<ManifestEntry, void, undefined> | undefined;
  /** Names of files that belong to the dataset; those that a list vouches for join them. */
  readonly known: Set<string>;
  readonly statistics?: StatisticsBuilder;
  readonly checkClip?: VerifyOptions["checkClip"];
  readonly signal: AbortSignal | undefined;
}

async function* checkShard(folder: string, info: DatasetInfo, shard: FinishedShard, check: ShardCheck): AsyncGenerator<Finding, void, undefined> {
  const { path: file } = shard;
  let isSound = true;
  for await (const finding of checkFile(folder, { file, bytes: shard.bytes, sha256: shard.sha256 }, check.signal)) {
    isSound = false;
    yield finding;
  }
  if (isSound && shard.format === "npy") {
    for await (const listed of listedFiles(folder, file)) {
      check.known.add(listed.file);
      for await (const finding of checkFile(folder, listed, check.signal)) {
        isSound = false;
        yield finding;
      }
    }
  }
  // Clips of a shard that is not as it was written are not looked at, and their lines are passed over.
  const entries = check.manifest === undefined ? undefined : await take(check.manifest, shard.clips);
  if (!isSound || shard.clips === 0) return;
  try {
    yield* shard.format === "tokens" ? checkDocuments(folder, shard) : checkClips(folder, info, shard, entries, check);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    yield { kind: "damaged", file, message: error.message };
  }
}

async function* checkClips(
  folder: string,
  info: DatasetInfo,
  { path: file, format, clips }: FinishedShard,
  entries: readonly ManifestEntry[] | undefined,
  { statistics, checkClip, signal }: ShardCheck,
): AsyncGenerator<Finding, void, undefined> {
  let index = 0;
  for await (const clip of readShard(folder, file)) {
    signal?.throwIfAborted();
    const { key, codes } = clip;
    const entry = entries?.[index];
    if (info.codec !== null) checkSameCodec(info.codec, codes);
    if (entries !== undefined && !isEntryOf(entry, clip, format, { file, index })) {
      const found = entry === undefined ? "nothing" : `${entry.key} of ${entry.num_samples} samples`;
      yield { kind: "mismatch", file, key, message: `clip ${index} of ${file} is ${key} of ${codes.numSamples} samples; the manifest says ${found} there` };
    }
    statistics?.addClip(clip);
    const problem = await checkClip?.(clip);
    if (problem !== undefined) yield { kind: "clip", file, key, message: `${key}: ${problem}` };
    index++;
  }
  if (index !== clips) yield { kind: "mismatch", file, message: `${file} holds ${index} clips; the index says ${clips}` };
}

function isEntryOf(entry: ManifestEntry | undefined, { key, codes }: EncodedClip, format: OutputFormat, place: { readonly file: string; readonly index: number }): boolean {
  const stated = entry?.places[format];
  const isThere = format === "npy" ? stated?.file === `npy/${key}.npy` : stated?.file === place.file && stated.index === place.index;
  return entry?.key === key && entry.num_samples === codes.numSamples && entry.num_frames === codes.numFrames && isThere;
}

async function* checkDocuments(folder: string, { path: file, clips }: FinishedShard): AsyncGenerator<Finding, void, undefined> {
  let documents = 0;
  for await (const _ of await readTokenDataset(join(folder, file))) documents++;
  if (documents !== clips) yield { kind: "mismatch", file, message: `${file} holds ${documents} documents; the index says ${clips} clips` };
}

/** Whether everything together is what the index counts; asked only where every shard is sound. */
function* checkCounts(info: DatasetInfo, counted: StatisticsBuilder | undefined): Generator<Finding, void, undefined> {
  const file = "dataset.json";
  for (const format of new Set(info.shards.map((shard) => shard.format))) {
    const clips = info.shards.reduce((sum, shard) => sum + (shard.format === format ? shard.clips : 0), 0);
    if (clips !== info.counts.clips) yield { kind: "mismatch", file, message: `the shards of ${format} hold ${clips} clips; ${file} says ${info.counts.clips}` };
  }
  if (info.manifest.lines !== info.counts.clips) {
    yield { kind: "mismatch", file, message: `the manifest has ${info.manifest.lines} lines; ${file} says ${info.counts.clips} clips` };
  }
  if (counted === undefined) return;
  const { clips, samples, frames, codes, durations } = counted.build();
  const { statistics: stated } = info;
  const pairs = { clips: [clips, stated.clips], samples: [samples, stated.samples], frames: [frames, stated.frames], codes: [codes, stated.codes], durations: [durations, stated.durations] };
  for (const [name, [found, expected]] of Object.entries(pairs)) {
    if (JSON.stringify(found) !== JSON.stringify(expected)) yield { kind: "mismatch", file, message: `the ${name} counted in the shards are not those in the statistics of ${file}` };
  }
}

/** Files where shards are that no index lists: left over from elsewhere, or of a run that is going on. */
async function* extraFiles(folder: string, known: ReadonlySet<string>): AsyncGenerator<Finding, void, undefined> {
  for (const subfolder of ["shards", "npy"]) {
    const entries = await readdir(join(folder, subfolder), { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll("\\", "/"));
    for (const file of files.toSorted()) {
      if (!known.has(file)) yield { kind: "extra", file, message: `${file} is not in the index` };
    }
  }
}

async function* manifestOf(folder: string, { manifest }: DatasetInfo, signal: AbortSignal | undefined): AsyncGenerator<ManifestEntry, void, undefined> {
  for await (const { text } of readLines(createReadStream(join(folder, manifest.path), { signal }))) {
    if (text !== undefined) yield parseManifestLine(text);
  }
}

async function take<T>(items: AsyncGenerator<T, void, undefined>, count: number): Promise<readonly T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { done, value } = await items.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}
