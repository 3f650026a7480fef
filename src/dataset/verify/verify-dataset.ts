import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { cardName } from "../../catalogue/index.ts";
import { inTurns } from "../../core/index.ts";
import { openInside, piecesOf } from "../../files/index.ts";
import { readableFormats } from "../formats/read-shard.ts";
import { readByteLines } from "../inputs/text-lines.ts";
import { maxRecordBytes } from "../records/clip-record.ts";
import { outputFormats } from "../records/finished-shard.ts";
import type { OutputFormat } from "../records/finished-shard.ts";
import { readDatasetInfo } from "../records/dataset-info.ts";
import type { DatasetInfo, DescribedFile } from "../records/dataset-info.ts";
import { parseManifestLine } from "../records/manifest.ts";
import type { ManifestEntry } from "../records/manifest.ts";
import { StatisticsBuilder } from "../records/statistics.ts";
import { checkFile, checkShard } from "./check-shard.ts";
import type { Finding } from "./check-shard.ts";
import { checkSample, rankLimitOf } from "./clip-sample.ts";
import { ClipReencoder } from "./reencode-clips.ts";
import type { ReencodeOptions } from "./reencode-clips.ts";
import { VerifyCounter } from "./verify-counter.ts";
import type { VerifyProgress } from "./verify-counter.ts";

export type { Finding } from "./check-shard.ts";
export type { ReencodeOptions } from "./reencode-clips.ts";

/** How far a dataset is checked. */
export interface VerifyOptions {
  /** Encodes some of the clips again, from the audio that they were made of, and compares the codes. @default It does not. */
  readonly reencode?: ReencodeOptions | undefined;
  /** Called after each clip. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a finished dataset from end to end against its index: digests and lengths of all files, then of every clip its shape, the range of
 * its codes, its codec and its line in the manifest, and of all together the counts and statistics. Files that nobody listed are found too.
 *
 *     for await (const { message } of verifyDataset("out", { reencode: { sample: { clips: 100 } } })) report(message);
 *
 * @returns Everything that is wrong, in the order in which it is met; nothing for a sound dataset.
 * @throws DatasetError with code DATASET_FORMAT if the folder is no finished dataset; to encode again, also if it has no plan, and with
 * DATASET_MISMATCH for a model of other weights.
 * @throws to encode again, as `AudioTokenizer.fromPretrained` does; RangeError for a sample that is none, and for a dataset of tokens only.
 */
export async function* verifyDataset(folder: string, options: VerifyOptions = {}): AsyncGenerator<Finding, void, undefined> {
  const { signal, reencode } = options;
  if (reencode !== undefined) checkSample(reencode.sample);
  const info = await readDatasetInfo(folder);
  const read = readableFormats.find((format) => info.shards.some((shard) => shard.format === format));
  await using reencoder = await reencoderFor(folder, info, read, options);
  const known = new Set<string>(info.shards.map(({ path }) => path));
  let isManifestSound = true;
  // The card may have been written to since: it is for people.
  for (const { path: file, bytes, sha256 } of listsOf(info)) {
    for await (const finding of checkFile(folder, { file, bytes, sha256 }, signal)) {
      if (file === info.manifest.path) isManifestSound = false;
      yield finding;
    }
  }
  const sample =
    reencoder === undefined ? undefined : { reencoder, limit: await limitOf(folder, info, reencode!, { isManifestSound, signal }) };
  const statistics = new StatisticsBuilder();
  const progress = new VerifyCounter(sumOfClips(info.shards), options.onProgress);
  let behind = 0; // clips in the shards before
  let isWhole = true;
  for (const format of outputFormats) {
    const shards = info.shards.filter((shard) => shard.format === format);
    if (shards.length === 0) continue;
    const manifest = isManifestSound ? manifestOf(folder, info, signal) : undefined;
    try {
      for (const shard of shards) {
        signal?.throwIfAborted();
        const check = format === read ? { statistics, sample } : {};
        for await (const finding of checkShard(folder, info, shard, { ...check, manifest, known, progress, signal })) {
          if (finding.kind !== "codes" && finding.kind !== "source") isWhole = false;
          yield finding;
        }
        behind += shard.clips;
        progress.goTo(shard.path, behind);
      }
    } finally {
      await manifest?.return();
    }
  }
  if (isWhole) yield* checkCounts(info, read === undefined ? undefined : statistics);
  yield* extraFiles(folder, known);
}

/** Files beside the shards; without the card. */
function listsOf({ manifest, errors, warnings, files }: DatasetInfo): readonly DescribedFile[] {
  return [manifest, errors, ...(warnings === undefined ? [] : [warnings]), ...files.filter(({ path }) => path !== cardName)];
}

async function reencoderFor(
  folder: string,
  { codec, shards }: DatasetInfo,
  read: OutputFormat | undefined,
  { reencode, signal }: VerifyOptions,
): Promise<ClipReencoder | undefined> {
  if (reencode === undefined || codec === null) return undefined;
  if (read === undefined) throw new RangeError(`${folder} holds ${shards[0]!.format}; codes are compared in ${readableFormats.join(", ")}`);
  return await ClipReencoder.open(folder, codec, reencode, signal);
}

/** The limit of the sample. The keys of a damaged manifest are not known: then about as many clips as are asked for are in the sample. */
async function limitOf(
  folder: string,
  info: DatasetInfo,
  { sample }: ReencodeOptions,
  { isManifestSound, signal }: { readonly isManifestSound: boolean; readonly signal: AbortSignal | undefined },
): Promise<number> {
  if ("clips" in sample && !isManifestSound) return sample.clips / info.counts.clips;
  return await rankLimitOf(sample, keysOf(manifestOf(folder, info, signal)));
}

async function* keysOf(entries: AsyncIterable<ManifestEntry | undefined>): AsyncGenerator<string, void> {
  for await (const entry of entries) if (entry !== undefined) yield entry.key;
}

/** Whether everything together is what the index counts; asked only where every shard is sound. */
function* checkCounts(info: DatasetInfo, counted: StatisticsBuilder | undefined): Generator<Finding, void, undefined> {
  const file = "dataset.json";
  for (const format of new Set(info.shards.map((shard) => shard.format))) {
    const clips = sumOfClips(info.shards.filter((shard) => shard.format === format));
    if (clips !== info.counts.clips)
      yield { kind: "mismatch", file, message: `the shards of ${format} hold ${clips} clips; ${file} says ${info.counts.clips}` };
  }
  if (info.manifest.lines !== info.counts.clips) {
    yield { kind: "mismatch", file, message: `the manifest has ${info.manifest.lines} lines; ${file} says ${info.counts.clips} clips` };
  }
  if (info.errors.lines !== info.counts.errors) {
    yield {
      kind: "mismatch",
      file,
      message: `the list of errors has ${info.errors.lines} lines; ${file} says ${info.counts.errors} errors`,
    };
  }
  const warned = info.warnings?.lines ?? 0;
  if (warned !== (info.counts.warnings ?? 0))
    yield {
      kind: "mismatch",
      file,
      message: `the list of warnings has ${warned} lines; ${file} says ${info.counts.warnings ?? 0} warnings`,
    };
  if (counted === undefined) return;
  const { clips, samples, frames, codes, durations, damage } = counted.build();
  const { statistics: stated } = info;
  const pairs = {
    clips: [clips, stated.clips],
    samples: [samples, stated.samples],
    frames: [frames, stated.frames],
    codes: [codes, stated.codes],
    durations: [durations, stated.durations],
    "damaged clips": [damage, stated.damage],
  };
  for (const [name, [found, expected]] of Object.entries(pairs)) {
    if (JSON.stringify(found) !== JSON.stringify(expected))
      yield { kind: "mismatch", file, message: `the ${name} counted in the shards are not those in the statistics of ${file}` };
  }
}

function sumOfClips(shards: DatasetInfo["shards"]): number {
  return shards.reduce((sum, { clips }) => sum + clips, 0);
}

/** Files where shards are that no index lists: left over from elsewhere, or of a run that is going on. */
async function* extraFiles(folder: string, known: ReadonlySet<string>): AsyncGenerator<Finding, void, undefined> {
  for (const subfolder of ["shards", "npy"]) {
    const entries = await readdir(join(folder, subfolder), { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
    for (const file of files.toSorted()) {
      if (!known.has(file)) yield { kind: "extra", file, message: `${file} is not in the index` };
    }
  }
}

/** The lines of the manifest; undefined for one that is none. */
async function* manifestOf(
  folder: string,
  { manifest }: DatasetInfo,
  signal: AbortSignal | undefined,
): AsyncGenerator<ManifestEntry | undefined, void, undefined> {
  await using handle = await openInside(folder, manifest.path);
  for await (const { bytes } of readByteLines(piecesOf(handle, { signal }), maxRecordBytes))
    yield bytes === undefined ? undefined : await entryOf(bytes);
}

async function entryOf(line: Uint8Array): Promise<ManifestEntry | undefined> {
  try {
    return await inTurns(parseManifestLine(line));
  } catch {
    return undefined;
  }
}
