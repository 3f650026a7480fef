import type { FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import { CodecError, FileError } from "../../core/index.ts";
import { isInside, openInside, piecesOf, openTokenDataset } from "../../files/index.ts";
import { createHasher } from "../../hub/index.ts";
import { partOfName } from "../folder/part-names.ts";
import { listedFiles, readShard } from "../formats/read-shard.ts";
import type { FinishedShard, OutputFormat } from "../records/finished-shard.ts";
import { damageFieldsOf } from "../records/clip-fields.ts";
import { checkSameCodec } from "../records/codec-fields.ts";
import type { DatasetInfo } from "../records/dataset-info.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";
import type { ManifestEntry } from "../records/manifest.ts";
import type { StatisticsBuilder } from "../records/statistics.ts";
import { rankOf } from "./clip-sample.ts";
import type { ClipReencoder } from "./reencode-clips.ts";
import type { VerifyCounter } from "./verify-counter.ts";

/** Something about a dataset that is not as its index says. */
export interface Finding {
  /**
   * `missing`, `extra`: a file; `size`, `digest`: of one; `damaged`: it cannot be read, or holds what is no code;
   * `mismatch`: it can be read and says something else than the index. Of clips that are encoded again: `codes`: others came out;
   * `source`: it could not be done, since their audio is not there any more, or is other audio, which is no damage to the dataset.
   */
  readonly kind: "missing" | "extra" | "size" | "digest" | "damaged" | "mismatch" | "codes" | "source";
  /** Path in the dataset's folder. */
  readonly file: string;
  /** The clip's key, where it is about one. */
  readonly key?: string | undefined;
  readonly message: string;
}

/** Clips that are encoded again: those whose rank is below the limit. */
export interface SampledClips {
  readonly reencoder: ClipReencoder;
  readonly limit: number;
}

export interface ExpectedFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Whether a file is there, with the length and the digest that are stated. */
export async function* checkFile(
  folder: string,
  { file, bytes, sha256 }: ExpectedFile,
  signal: AbortSignal | undefined,
): AsyncGenerator<Finding, void, undefined> {
  let handle: FileHandle;
  try {
    handle = await openInside(folder, file);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    yield error.code === "FILE_NOT_FOUND"
      ? { kind: "missing", file, message: `${file} is not there` }
      : { kind: "damaged", file, message: error.message };
    return;
  }
  await using opened = handle;
  const { size } = await opened.stat();
  if (size !== bytes) {
    yield { kind: "size", file, message: `${file} has ${size} bytes; the index says ${bytes}` };
    return;
  }
  const hasher = createHasher("sha256", bytes);
  for await (const piece of piecesOf(opened, { signal })) hasher.update(piece);
  const found = hasher.hex();
  if (found !== sha256) yield { kind: "digest", file, message: `${file} has SHA-256 ${found}; the index says ${sha256}` };
}

/** What a shard is held against, and what is counted meanwhile. */
export interface ShardCheck {
  readonly manifest: AsyncGenerator<ManifestEntry | undefined, void, undefined> | undefined;
  /** Names of files that belong to the dataset; those that a list vouches for join them. */
  readonly known: Set<string>;
  readonly statistics?: StatisticsBuilder;
  readonly sample?: SampledClips | undefined;
  readonly progress: VerifyCounter;
  readonly signal: AbortSignal | undefined;
}

/** Whether a shard is as the index says, to its last clip. */
export async function* checkShard(
  folder: string,
  info: DatasetInfo,
  shard: FinishedShard,
  check: ShardCheck,
): AsyncGenerator<Finding, void, undefined> {
  const { path: file, clips } = shard;
  const entries = check.manifest === undefined ? undefined : new EntriesOfShard(check.manifest, clips);
  try {
    let isSound = true;
    for await (const finding of checkFiles(folder, shard, check)) {
      isSound = false;
      yield finding;
    }
    // Clips of a shard that is not as it was written are not looked at.
    if (isSound && clips > 0)
      yield* shard.format === "tokens" ? checkDocuments(folder, shard) : checkClips(folder, info, shard, entries, check);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    yield { kind: "damaged", file, message: error.message };
  }
  await entries?.skip();
}

/** The file of a shard, and those that it lists. */
async function* checkFiles(
  folder: string,
  { path: file, format, bytes, sha256 }: FinishedShard,
  { known, signal }: ShardCheck,
): AsyncGenerator<Finding, void, undefined> {
  let isSound = true;
  for await (const finding of checkFile(folder, { file, bytes, sha256 }, signal)) {
    isSound = false;
    yield finding;
  }
  if (!isSound || format !== "npy") return;
  for await (const listed of listedFiles(folder, file)) {
    known.add(listed.file);
    yield* checkFile(folder, listed, signal);
  }
}

/** The lines of the manifest that belong to one shard, one by one. */
class EntriesOfShard {
  readonly #manifest: AsyncGenerator<ManifestEntry | undefined, void, undefined>;
  #left: number;

  constructor(manifest: AsyncGenerator<ManifestEntry | undefined, void, undefined>, clips: number) {
    this.#manifest = manifest;
    this.#left = clips;
  }

  /** Undefined for a line that is no entry, and where there are no more. */
  async next(): Promise<ManifestEntry | undefined> {
    if (this.#left === 0) return undefined;
    this.#left--;
    return (await this.#manifest.next()).value ?? undefined;
  }

  /** Passes over those that were not asked for. */
  async skip(): Promise<void> {
    while (this.#left > 0) await this.next();
  }
}

async function* checkClips(
  folder: string,
  info: DatasetInfo,
  shard: FinishedShard,
  entries: EntriesOfShard | undefined,
  { statistics, sample, progress, signal }: ShardCheck,
): AsyncGenerator<Finding, void, undefined> {
  const { path: file, format, clips } = shard;
  let index = 0;
  const sampled: EncodedClip[] = []; // of the row at hand
  for await (const clip of readShard(folder, file)) {
    signal?.throwIfAborted();
    const { key, codes } = clip;
    const entry = await entries?.next();
    if (info.codec !== null) checkSameCodec(info.codec, codes);
    if (entries !== undefined && !isEntryOf(entry, clip, format, { file, index })) {
      const found = entry === undefined ? "nothing" : `${entry.key} of ${entry.num_samples} samples`;
      yield {
        kind: "mismatch",
        file,
        key,
        message: `clip ${index} of ${file} is ${key} of ${codes.numSamples} samples; the manifest says ${found} there`,
      };
    }
    statistics?.addClip(clip);
    if (sampled.length > 0 && sampled[0]!.row !== clip.row) yield* reencode();
    if (sample !== undefined && rankOf(key) < sample.limit) sampled.push(clip);
    index++;
    progress.read(file);
  }
  if (sampled.length > 0) yield* reencode();
  if (index !== clips) yield { kind: "mismatch", file, message: `${file} holds ${index} clips; the index says ${clips}` };

  async function* reencode(): AsyncGenerator<Finding, void, undefined> {
    const ofRow = sampled.splice(0);
    for await (const difference of sample!.reencoder.check(partOfName(basename(file))!, ofRow)) yield { file, ...difference };
    progress.reencoded(file, ofRow.length);
  }
}

function isEntryOf(
  entry: ManifestEntry | undefined,
  { key, codes, damage }: EncodedClip,
  format: OutputFormat,
  place: { readonly file: string; readonly index: number },
): boolean {
  const stated = entry?.places[format];
  const isThere = format === "npy" ? stated?.file === `npy/${key}.npy` : stated?.file === place.file && stated.index === place.index;
  return (
    entry?.key === key &&
    entry.num_samples === codes.numSamples &&
    entry.num_frames === codes.numFrames &&
    isThere &&
    isSameDamage(entry, damage)
  );
}

function isSameDamage(entry: ManifestEntry, damage: EncodedClip["damage"]): boolean {
  return JSON.stringify(entry.damage) === JSON.stringify(damage === undefined ? undefined : damageFieldsOf(damage));
}

async function* checkDocuments(folder: string, { path: file, clips }: FinishedShard): AsyncGenerator<Finding, void, undefined> {
  // A data set of tokens is opened by its name; what lies beside the tokens has to be of the dataset as well.
  for (const extension of [".json", ".idx"]) await isInside(folder, file.replace(/\.bin$/u, extension));
  let documents = 0;
  for await (const _ of await openTokenDataset(join(folder, file))) documents++;
  if (documents !== clips) yield { kind: "mismatch", file, message: `${file} holds ${documents} documents; the index says ${clips} clips` };
}
