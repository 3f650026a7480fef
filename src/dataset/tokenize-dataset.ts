import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import type { AudioCodes, LicenseRecord } from "../core/index.ts";
import { AudioTokenizer } from "../tokenizer/index.ts";
import type { LoadOptions } from "../tokenizer/index.ts";
import { assembleDataset } from "./assemble-dataset.ts";
import { checkChannelMode, defaultChannelMode } from "./clip-channels.ts";
import type { ChannelMode } from "./clip-channels.ts";
import { planningOf } from "./clip-windows.ts";
import type { ClipOptions } from "./clip-windows.ts";
import { codecFieldsOf } from "./codec-fields.ts";
import type { CodecFields } from "./codec-fields.ts";
import type { DatasetCardOptions } from "./dataset-card.ts";
import { DatasetError } from "./dataset-error.ts";
import type { DatasetEvent, DatasetReport, RowCounts } from "./dataset-event.ts";
import { datasetInfoName, readDatasetInfo } from "./dataset-info.ts";
import type { DatasetInfo } from "./dataset-info.ts";
import { openPlan } from "./dataset-plan.ts";
import type { DatasetPlan } from "./dataset-plan.ts";
import { DecodePool } from "./decode-pool.ts";
import { writeDurably } from "./durable-file.ts";
import { encodeRows, longRowBytes } from "./encode-rows.ts";
import type { EncodedRow, PartRow } from "./encode-rows.ts";
import { eventsOf } from "./event-queue.ts";
import type { Emit } from "./event-queue.ts";
import { createOutputs, describeOutput } from "./output-spec.ts";
import type { OutputSpec } from "./output-spec.ts";
import { listFinishedParts, readPartRecord, removePartRecord } from "./part-record.ts";
import { DatasetPartWriter } from "./part-writer.ts";
import { mismatchError, planDifferences } from "./plan-differences.ts";
import { preparePlan } from "./prepare-plan.ts";
import { removeLeftovers } from "./remove-leftovers.ts";
import { resolveInputs } from "./resolve-inputs.ts";
import type { ResolveInputsOptions } from "./resolve-inputs.ts";
import type { RowRecipe } from "./row-recipe.ts";
import type { JsonObject } from "./row.ts";
import { acquireRunLock } from "./run-lock.ts";
import { checkSelection, everyPart, selectedParts } from "./shard-selection.ts";
import type { ShardSelection } from "./shard-selection.ts";
import { checkTrim } from "./sound-range.ts";
import type { TrimOptions } from "./sound-range.ts";
import { thisTool } from "./tool.ts";

export interface TokenizeDatasetOptions extends ClipOptions, ResolveInputsOptions {
  /** Of the dataset; made if it is not there. A dataset that was begun in it is continued. */
  readonly folder: string;
  /**
   * Folders, globs, audio files, manifests, tars, and `-` for a list on `stdin` (see `resolveInputs`).
   * @default those that the dataset in `folder` was begun with
   */
  readonly inputs?: readonly string[] | undefined;
  /** A tokenizer, which stays open, or what `AudioTokenizer.fromPretrained` takes. */
  readonly model: AudioTokenizer | string;
  /** For a model by its name: license policy, revision, threads and so on. */
  readonly load?: Omit<LoadOptions, "signal" | "onProgress"> | undefined;
  /** In kbps. Give this or `numCodebooks`. @default all codebooks */
  readonly bandwidth?: number | undefined;
  readonly numCodebooks?: number | undefined;
  /** @default "stereo" for a codec with two channels, otherwise "mix" */
  readonly channels?: ChannelMode | undefined;
  /** Cuts silence off both ends of rows before they become clips. @default It stays. */
  readonly trim?: TrimOptions | undefined;
  /** @default [{ format: "webdataset" }] */
  readonly outputs?: readonly OutputSpec[] | undefined;
  /** Rows of a part, the unit of work and of resumption. @default 1000 */
  readonly partRows?: number | undefined;
  /** Whether rows with the same audio as an earlier one are left out; all files are read for that. @default false */
  readonly dedupe?: boolean | undefined;
  /** License of the recordings, in SPDX or Hub ids. @default not stated */
  readonly audioLicense?: string | undefined;
  /** Of the dataset card. */
  readonly card?: DatasetCardOptions | undefined;
  /** The parts that this run does, where several share the work. @default all */
  readonly shard?: ShardSelection | undefined;
  /** The run fails with DATASET_ERRORS beyond so many failed rows in its share, earlier runs' included. @default Infinity */
  readonly maxErrors?: number | undefined;
  /** Whether parts with failed rows are done again. @default false */
  readonly retryErrors?: boolean | undefined;
  /** Threads that decode. @default half of the cores */
  readonly workers?: number | undefined;
  /** Decoded audio that memory may hold, in bytes; the model's own memory comes on top. @default 512 MiB */
  readonly maxMemory?: number | undefined;
  /** The most clips that go through the model together. @default 16 */
  readonly batchClips?: number | undefined;
  /** Ends the run after the part at hand; the same call continues it. */
  readonly stop?: AbortSignal | undefined;
  /** Ends the run at once, with the signal's reason; the part at hand will be done again. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Turns a corpus into a dataset of codes: a folder that trainers read, and that says where everything in it came from.
 *
 *     for await (const event of tokenizeDataset({ folder: "out", inputs: ["corpus"], model: "24khz", bandwidth: 6 })) {
 *       if (event.kind === "finished") show(event.report);
 *     }
 *
 * Called again it continues where it was interrupted, in whatever way, and the result is the same to the byte; so it is
 * whatever `workers`, `maxMemory`, `batchClips` and `shard` are, and the codes are those of `encode`. Several machines share the
 * work by `shard`, on one folder; whoever finishes the last part writes the index.
 *
 * A row that cannot be read, decoded or cut into a clip becomes a line of `errors.jsonl`. Leaving the loop aborts the run.
 * @throws DatasetError DATASET_MISMATCH for a folder begun with other options, model or rows; DATASET_LOCKED where another run
 * works on the same parts; DATASET_INPUT, DATASET_FORMAT, DATASET_DISK_FULL; DATASET_ERRORS beyond `maxErrors`.
 * @throws as `AudioTokenizer.fromPretrained` does, LicenseError included; RangeError for options that do not fit the model.
 */
export function tokenizeDataset(options: TokenizeDatasetOptions): AsyncGenerator<DatasetEvent, void> {
  return eventsOf((emit, left) => run(options, emit, options.signal === undefined ? left : AbortSignal.any([options.signal, left])));
}

async function run(options: TokenizeDatasetOptions, emit: Emit<DatasetEvent>, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const { folder, shard = everyPart } = options;
  checkNumbers(options);
  checkSelection(shard.index, shard.count);
  signal.throwIfAborted();
  await using model = await loadModel(options, emit, signal);
  const { tokenizer } = model;
  const probed = await probe(tokenizer, options, signal);
  const codec = codecFieldsOf(probed);
  const recipe = recipeOf(options, tokenizer);
  const settings = settingsOf(options, recipe, probed);
  const outputs = createOutputs(folder, options.outputs ?? defaultOutputs);
  const plan = await planOf(options, settings, emit, signal);
  await using lock = await acquireRunLock(folder, shard);
  const runSignal = AbortSignal.any([signal, lock.signal]);
  await removeLeftovers(folder, shard);
  const license = await frozenLicense(folder, tokenizer.license);

  const { done, finished } = await finishedWork(options, shard);
  const todo = [...selectedParts(shard, plan.numParts)].filter((part) => !finished.has(part));
  const rowsToDo = todo.reduce((sum, part) => sum + rowsOfPart(plan, part), 0);
  await emit({ kind: "plan", rows: plan.numRows, parts: plan.numParts, partsToDo: todo.length, rowsToDo, done });
  // An index must never speak of parts that are being done again.
  if (todo.length > 0) await rm(join(folder, datasetInfoName), { force: true });

  const counts = { rows: 0, clips: 0, errors: 0, seconds: 0 };
  const isStopped = (): boolean => options.stop?.aborted === true;
  let partsDone = 0;
  if (todo.length > 0 && !isStopped()) {
    const { workers = defaultWorkers(), maxMemory = defaultMaxMemory, batchClips = defaultBatchClips, maxErrors = Infinity } = options;
    await using pool = new DecodePool(workers);
    const encoded = encodeRows(rowsOf(plan, todo, options.stop), {
      plan, tokenizer, numCodebooks: codec.num_codebooks, recipe, pool, workers, maxMemory, batchClips, signal: runSignal,
    });
    for await (const record of writeParts(encoded, (part) => DatasetPartWriter.begin(folder, part, outputs), async (row) => {
      runSignal.throwIfAborted();
      if (row.failure !== null) counts.errors++;
      const seconds = row.clips.reduce((sum, { codes }) => sum + codes.duration, 0);
      await emit({ kind: "row", part: row.part, row: row.index, path: row.row.path, clips: row.clips.length, seconds, failure: row.failure });
      if (done.errors + counts.errors > maxErrors) throw tooManyErrors(maxErrors, row);
    }, emit)) {
      partsDone++;
      counts.rows += record.rows;
      counts.clips += record.clips;
      counts.seconds += record.seconds;
      if (isStopped()) break;
    }
  }
  const info = await indexOf(plan, { options, codec, license, settings, signal: runSignal });
  const total = sumOf(done, counts);
  const report: DatasetReport = { folder, ...counts, total, parts: partsDone, partsLeft: todo.length - partsDone, elapsed: (performance.now() - begun) / 1000, info };
  await emit({ kind: "finished", report });
}

const defaultOutputs: readonly OutputSpec[] = [{ format: "webdataset" }];
const defaultMaxMemory = 2 ** 29;
const defaultBatchClips = 16;

function defaultWorkers(): number {
  return Math.max(1, Math.floor(availableParallelism() / 2));
}

/** The rows of parts, one part after the other, until a signal fires. */
async function* rowsOf(plan: DatasetPlan, parts: readonly number[], stop: AbortSignal | undefined): AsyncGenerator<PartRow, void> {
  for (const part of parts) {
    if (stop?.aborted === true) return;
    const rows = await plan.readPart(part);
    for (const [index, row] of rows.entries()) yield { ...row, part, isLastOfPart: index === rows.length - 1 };
  }
}

/** Writes rows part by part; gives the record of each part. */
async function* writeParts(
  rows: AsyncIterable<EncodedRow>,
  begin: (part: number) => Promise<DatasetPartWriter>,
  onRow: (row: EncodedRow) => Promise<void>,
  emit: Emit<DatasetEvent>,
): AsyncGenerator<Awaited<ReturnType<DatasetPartWriter["finish"]>>, void> {
  let writer: DatasetPartWriter | undefined;
  try {
    for await (const row of rows) {
      if (writer === undefined) {
        writer = await begin(row.part);
        await emit({ kind: "part-started", part: row.part });
      }
      await writer.add(row);
      await onRow(row);
      if (!row.isLastOfPart) continue;
      const record = await writer.finish();
      writer = undefined;
      await emit({ kind: "part-finished", part: row.part, record });
      yield record;
    }
  } finally {
    await writer?.[Symbol.asyncDispose]();
  }
}

async function loadModel({ model, load }: TokenizeDatasetOptions, emit: Emit<DatasetEvent>, signal: AbortSignal): Promise<{ readonly tokenizer: AudioTokenizer } & AsyncDisposable> {
  if (typeof model !== "string") return { tokenizer: model, [Symbol.asyncDispose]: async () => {} };
  const onProgress = ({ done, total }: { readonly done: number; readonly total: number }): void => void emit({ kind: "loading", done, total });
  const tokenizer = await AudioTokenizer.fromPretrained(model, { ...load, signal, onProgress });
  return { tokenizer, [Symbol.asyncDispose]: () => tokenizer.dispose() };
}

/** The codes of half a second of a sweep: they tell what the codec is like for these options, and weights without a digest from others. */
async function probe(tokenizer: AudioTokenizer, { bandwidth, numCodebooks }: TokenizeDatasetOptions, signal: AbortSignal): Promise<AudioCodes> {
  const { sampleRate, channels } = tokenizer;
  const sweep = Float32Array.from({ length: sampleRate / 2 }, (_, i) => 0.5 * Math.sin((i * i) / sampleRate));
  const waveform = { channelData: Array.from({ length: channels }, () => sweep), sampleRate };
  return await tokenizer.encode(waveform, { ...(bandwidth === undefined ? {} : { bandwidth }), ...(numCodebooks === undefined ? {} : { numCodebooks }), signal });
}

function recipeOf(options: TokenizeDatasetOptions, { sampleRate, channels, hopLength }: AudioTokenizer): RowRecipe {
  const mode = options.channels ?? defaultChannelMode(channels);
  checkChannelMode(mode, channels);
  const planning = planningOf(options, { sampleRate, hopLength });
  const trim = options.trim ?? null;
  if (trim !== null) checkTrim(trim);
  const { workers = defaultWorkers(), maxMemory = defaultMaxMemory } = options;
  const windowBytes = (planning.window?.length ?? 0) * channels * Float32Array.BYTES_PER_ELEMENT;
  if (windowBytes > longRowBytes({ workers, maxMemory })) {
    throw new RangeError(`windows of ${(planning.window!.length / sampleRate).toFixed(1)} s take ${windowBytes} bytes each; give a maxMemory of at least ${windowBytes * (2 * workers + 4)} bytes`);
  }
  return { sampleRate, channels, mode, planning, trim };
}

/** Everything that shapes the result besides the rows. */
function settingsOf({ outputs = defaultOutputs, audioLicense, card }: TokenizeDatasetOptions, { mode, planning, trim }: RowRecipe, probed: AudioCodes): JsonObject {
  const codec = codecFieldsOf(probed);
  const fingerprint = codec.digest === null ? createHash("sha256").update(new Uint8Array(probed.data.buffer)).digest("hex") : null;
  const settings = { tool: thisTool(), codec, fingerprint, clips: { ...planning, channels: mode, trim }, outputs: outputs.map(describeOutput), audioLicense: audioLicense ?? null, card: card ?? null };
  return JSON.parse(JSON.stringify(settings)) as JsonObject;
}

async function planOf(options: TokenizeDatasetOptions, settings: JsonObject, emit: Emit<DatasetEvent>, signal: AbortSignal): Promise<DatasetPlan> {
  const { folder, inputs, partRows, dedupe } = options;
  if (inputs === undefined) {
    const plan = await openPlan(folder);
    const differences = planDifferences(plan.settings, settings);
    if (differences.length > 0) throw mismatchError(folder, differences);
    return plan;
  }
  const resolved = await resolveInputs(inputs, options);
  return await preparePlan({ folder, inputs: resolved, settings, partRows, dedupe, signal, onRows: (rows) => void emit({ kind: "listing", rows }) });
}

/** What earlier runs did of a share; parts with errors are taken back if they are to be done again. */
async function finishedWork({ folder, retryErrors = false }: TokenizeDatasetOptions, shard: ShardSelection): Promise<{ readonly done: RowCounts; readonly finished: ReadonlySet<number> }> {
  let done: RowCounts = { rows: 0, clips: 0, errors: 0, seconds: 0 };
  const finished = new Set<number>();
  for (const part of await listFinishedParts(folder, shard)) {
    const record = await readPartRecord(folder, part);
    if (retryErrors && record.errors > 0) {
      await rm(join(folder, datasetInfoName), { force: true });
      await removePartRecord(folder, part);
    } else {
      finished.add(part);
      done = sumOf(done, record);
    }
  }
  return { done, finished };
}

/** What was known of the license when the dataset was begun: evidence has the date on which it was found, and the index is to be the same on every day. */
async function frozenLicense(folder: string, license: LicenseRecord): Promise<LicenseRecord> {
  const path = join(folder, "plan", "license.json");
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return JSON.parse(text) as LicenseRecord;
  await writeDurably(path, `${JSON.stringify(license, null, 2)}\n`);
  return license;
}

/** The index, written if all parts of the dataset are done; null if not. */
async function indexOf(
  plan: DatasetPlan,
  { options, codec, license, settings, signal }: { readonly options: TokenizeDatasetOptions; readonly codec: CodecFields; readonly license: LicenseRecord; readonly settings: JsonObject; readonly signal: AbortSignal },
): Promise<DatasetInfo | null> {
  const { folder, audioLicense = null, card } = options;
  if ((await listFinishedParts(folder, everyPart)).length < plan.numParts) return null;
  const before = await readDatasetInfo(folder).catch(() => undefined);
  if (before !== undefined) return before;
  return await assembleDataset({ folder, numParts: plan.numParts, tool: thisTool(), codec, license, audioLicense, options: settings, card, signal });
}

function rowsOfPart({ rows }: DatasetPlan, part: number): number {
  return Math.min(rows.partRows, rows.count - part * rows.partRows);
}

function sumOf(a: RowCounts, b: RowCounts): RowCounts {
  return { rows: a.rows + b.rows, clips: a.clips + b.clips, errors: a.errors + b.errors, seconds: a.seconds + b.seconds };
}

function tooManyErrors(maxErrors: number, { row, failure }: EncodedRow): DatasetError {
  return new DatasetError("DATASET_ERRORS", `over ${maxErrors} rows failed, the last one ${row.path}: ${failure!.message}; see errors.jsonl of the parts, or allow more`);
}

function checkNumbers({ workers = 1, batchClips = 1, maxMemory = defaultMaxMemory, maxErrors = 0 }: TokenizeDatasetOptions): void {
  for (const [name, value] of Object.entries({ workers, batchClips, maxMemory })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number from 1; received ${value}`);
  }
  if (!(maxErrors >= 0)) throw new RangeError(`maxErrors must be 0 or more; received ${maxErrors}`);
}
