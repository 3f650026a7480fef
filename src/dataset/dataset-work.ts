import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Budget } from "../async/index.ts";
import type { Emit } from "../async/index.ts";
import { checkAudioLimits } from "../audio/index.ts";
import type { AudioLimits } from "../audio/index.ts";
import { isAddress, shownAddress } from "../core/index.ts";
import { thisPackage } from "../files/index.ts";
import { AudioTokenizer } from "../tokenizer/index.ts";
import type { LoadOptions } from "../tokenizer/index.ts";
import { checkChannelMode, defaultChannelMode } from "./decoding/clip-channels.ts";
import type { ChannelMode } from "./decoding/clip-channels.ts";
import { planningOf } from "./decoding/clip-windows.ts";
import type { ClipOptions } from "./decoding/clip-windows.ts";
import { DecodePool } from "./decoding/decode-pool.ts";
import type { RowRecipe } from "./decoding/row-recipe.ts";
import { checkTrim } from "./decoding/sound-range.ts";
import type { TrimOptions } from "./decoding/sound-range.ts";
import { fingerprintOf } from "./encoding/codec-fingerprint.ts";
import { encodeRows, longRowBytes } from "./encoding/encode-rows.ts";
import type { EncodedRow, EncodeRowsOptions, PartRow } from "./encoding/encode-rows.ts";
import { DatasetError } from "./folder/dataset-error.ts";
import type { JsonObject } from "./folder/json-value.ts";
import { acquireRunLock } from "./folder/run-lock.ts";
import { wholeShare } from "./folder/share.ts";
import { createOutputs, describeOutput } from "./formats/output-spec.ts";
import type { OutputSpec } from "./formats/output-spec.ts";
import { resolveInputs } from "./inputs/resolve-inputs.ts";
import type { ResolveInputsOptions } from "./inputs/resolve-inputs.ts";
import type { DatasetEvent } from "./parts/dataset-event.ts";
import { crashedError, defaultMaxCrashes, isGivenUp, PartAttempt, readPartNotes } from "./parts/part-attempt.ts";
import type { PartNote } from "./parts/part-attempt.ts";
import { DatasetPartWriter } from "./parts/part-writer.ts";
import { removeLeftovers } from "./parts/remove-leftovers.ts";
import { rowsOf, writeParts } from "./parts/write-parts.ts";
import { openPlan } from "./plan/dataset-plan.ts";
import type { DatasetPlan } from "./plan/dataset-plan.ts";
import { mismatchError, planDifferences } from "./plan/plan-differences.ts";
import { recordModel } from "./plan/planned-model.ts";
import { preparePlan } from "./plan/prepare-plan.ts";
import type { ClipOutput } from "./formats/clip-output.ts";
import { codecFieldsFor } from "./records/codec-fields.ts";
import type { CodecFields } from "./records/codec-fields.ts";
import { datasetInfoName, readDatasetInfo } from "./records/dataset-info.ts";
import type { DatasetInfo } from "./records/dataset-info.ts";
import { frozenLicense } from "./records/frozen-license.ts";
import { listFinishedParts, readPartRecord } from "./records/part-record.ts";
import type { PartRecord } from "./records/part-record.ts";
import { isLocalModel, publishedLicense } from "./records/published-names.ts";
import { checkCountable } from "./records/statistics.ts";
import { assembleDataset } from "./report/assemble-dataset.ts";
import type { DatasetCardOptions } from "./report/dataset-card.ts";

/** What a dataset is made of, and what making it may use. */
export interface DatasetWorkOptions extends ClipOptions, ResolveInputsOptions {
  /** The dataset's folder; it is made if it is not there. A dataset that was begun in it is continued. */
  readonly folder: string;
  /**
   * Folders, globs, audio files, manifests, tars, and `-` for a list on `stdin` (see `resolveInputs`).
   * @default those that the dataset in `folder` was begun with
   */
  readonly inputs?: readonly string[] | undefined;
  /** A tokenizer, which stays open, or what `AudioTokenizer.fromPretrained` takes. */
  readonly model: AudioTokenizer | string;
  /** Options of a model that is given by its name: license policy, revision, threads and so on. */
  readonly load?: Omit<LoadOptions, "signal" | "onProgress"> | undefined;
  /** Bandwidth in kbps. Give this or `numCodebooks`. @default all codebooks */
  readonly bandwidth?: number | undefined;
  readonly numCodebooks?: number | undefined;
  /** Which clips the channels of a file become. @default "stereo" for a codec with two channels, otherwise "mix" */
  readonly channels?: ChannelMode | undefined;
  /** Cuts silence off both ends of rows before they become clips. @default It stays. */
  readonly trim?: TrimOptions | undefined;
  /** What audio files may be; a row beyond it fails. @default Everything that is usual, and more: see `AudioLimits`. */
  readonly limits?: AudioLimits | undefined;
  /**
   * Whether damaged audio files fail. Otherwise what is sound of them is taken, their clips say what is lost (`damage`), and `warnings.jsonl` has what is
   * wrong. @default false
   */
  readonly strict?: boolean | undefined;
  /**
   * The ffmpeg that is asked for audio that this package has no decoder for, as `readAudio` has it; clips that it decodes name it (`decoder`). False asks none, and is
   * part of what the dataset is made with; which ffmpeg a machine has is not.
   */
  readonly ffmpeg?: string | false | undefined;
  /** The formats to write. @default [{ format: "webdataset" }] */
  readonly outputs?: readonly OutputSpec[] | undefined;
  /** Rows of a part, the unit of work and of resumption. @default 1000 */
  readonly partRows?: number | undefined;
  /** Whether rows with the same audio as an earlier one are left out; all files are read for that. @default false */
  readonly dedupe?: boolean | undefined;
  /** License of the recordings, in SPDX or Hub ids. @default not stated */
  readonly audioLicense?: string | undefined;
  /** What the dataset card says. */
  readonly card?: DatasetCardOptions | undefined;
  /** Threads that decode. @default half of the cores, at least 2 */
  readonly decodeThreads?: number | undefined;
  /** Decoded audio that memory may hold, in bytes; the model's own memory comes on top. @default 512 MiB, or 64 MiB for each decode thread if that is more */
  readonly maxMemory?: number | undefined;
  /** The most clips that go through the model together. @default 32 */
  readonly batchClips?: number | undefined;
  /** How often a process may die over the same row until its part is given up (see `PartAttempt`); the other parts are done. @default 3 */
  readonly maxCrashes?: number | undefined;
}

/** How parts are done. */
export interface PartsOptions {
  readonly emit: Emit<DatasetEvent>;
  /** Beyond so many failed rows the work fails with DATASET_ERRORS. */
  readonly maxErrors?: number | undefined;
  /** Failed rows that count besides. @default 0 */
  readonly errorsBefore?: number | undefined;
  /** Ends the work after the part at hand. */
  readonly stop?: AbortSignal | undefined;
  readonly signal: AbortSignal;
}

/** A dataset that is being made, with everything at hand that its parts need: model, plan and outputs. */
export class DatasetWork implements AsyncDisposable {
  readonly plan: DatasetPlan;
  readonly #options: DatasetWorkOptions;
  readonly #model: LoadedModel;
  readonly #codec: CodecFields;
  readonly #recipe: RowRecipe;
  readonly #outputs: readonly ClipOutput[];
  #pool: DecodePool | undefined;
  /** Memory for decoded audio, of all parts at hand together. */
  #budget: Budget | undefined;

  private constructor(
    plan: DatasetPlan,
    options: DatasetWorkOptions,
    model: LoadedModel,
    { codec, recipe, outputs }: { readonly codec: CodecFields; readonly recipe: RowRecipe; readonly outputs: readonly ClipOutput[] },
  ) {
    this.plan = plan;
    this.#options = options;
    this.#model = model;
    this.#codec = codec;
    this.#recipe = recipe;
    this.#outputs = outputs;
  }

  /**
   * Loads the model and makes the plan, or opens the one that the folder was begun with.
   * @throws as `tokenizeDataset`.
   */
  static async open(options: DatasetWorkOptions, emit: Emit<DatasetEvent>, signal: AbortSignal): Promise<DatasetWork> {
    checkNumbers(options);
    if (isAddress(options.folder))
      throw new TypeError(`folder must be the path of a folder of this machine; received ${shownAddress(options.folder)}`);
    signal.throwIfAborted();
    const model = await loadModel(options, emit, signal);
    try {
      const { tokenizer } = model;
      const { folder, bandwidth, numCodebooks, outputs: specs = defaultOutputs } = options;
      const codec = codecFieldsFor(tokenizer, tokenizer.numCodebooksFor({ bandwidth, numCodebooks }));
      checkCountable(codec);
      const fingerprint = codec.digest === null ? await fingerprintOf(tokenizer, { numCodebooks: codec.num_codebooks, signal }) : null;
      const recipe = recipeOf(options, tokenizer);
      const outputs = createOutputs(folder, specs);
      const plan = await planOf(options, settingsOf(options, recipe, codec, fingerprint), emit, signal);
      await frozenLicense(folder, publishedLicense(tokenizer.license, tokenizer.provenance));
      if (isLocalModel(tokenizer.provenance)) await recordModel(folder, tokenizer.provenance.model);
      return new DatasetWork(plan, options, model, { codec, recipe, outputs });
    } catch (error) {
      await model[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Does parts, one after the other, under a lock that the caller holds; gives the record of each. Those over which a process died come last, row by row.
   * @throws DatasetError DATASET_CRASHED, after all others are done, for parts that are given up.
   */
  async *doParts(parts: readonly number[], { errorsBefore = 0, stop, ...options }: PartsOptions): AsyncGenerator<PartRecord, void> {
    if (parts.length === 0) return;
    const { folder, maxCrashes = defaultMaxCrashes } = this.#options;
    const notes = await readPartNotes(folder, parts);
    const doubtful = [...notes].toSorted(([, a], [, b]) => (a.crashed?.times ?? 0) - (b.crashed?.times ?? 0));
    const lost = doubtful.filter(([, note]) => isGivenUp(note, maxCrashes));
    const shared = { ...options, stop, errors: { count: errorsBefore } };
    yield* this.#encodeParts(
      parts.filter((part) => !notes.has(part)),
      shared,
    );
    for (const [part, note] of doubtful) if (!isGivenUp(note, maxCrashes)) yield* this.#encodeParts([part], { ...shared, note });
    if (lost.length > 0 && stop?.aborted !== true) throw crashedError(lost.map(([part, { crashed }]) => ({ part, crashed })));
  }

  async *#encodeParts(
    parts: readonly number[],
    { emit, maxErrors = Infinity, errors, note, stop, signal }: EncodePartsOptions,
  ): AsyncGenerator<PartRecord, void> {
    const isStopped = (): boolean => stop?.aborted === true;
    if (parts.length === 0 || isStopped()) return;
    const { plan } = this;
    const {
      folder,
      decodeThreads = defaultDecodeThreads(),
      maxMemory = defaultMaxMemory(decodeThreads),
      batchClips = defaultBatchClips,
    } = this.#options;
    // An index must never speak of parts that are being done again.
    await rm(join(folder, datasetInfoName), { force: true });
    this.#pool ??= new DecodePool(decodeThreads);
    this.#budget ??= new Budget(maxMemory);
    const attempts = new Map<number, PartAttempt>();
    const careful: Pick<EncodeRowsOptions, "rowsAhead" | "onBegin"> = {
      rowsAhead: 1,
      onBegin: ({ part, index, row: { key, path } }) => attempts.get(part)!.begins({ row: index, key, path }),
    };
    const encoded = encodeRows(begun(), {
      plan,
      tokenizer: this.#model.tokenizer,
      numCodebooks: this.#codec.num_codebooks,
      recipe: this.#recipe,
      pool: this.#pool,
      decodeThreads,
      maxMemory,
      budget: this.#budget,
      batchClips,
      signal,
      ...(note === undefined ? {} : careful),
    });
    const begin = (part: number): Promise<DatasetPartWriter> =>
      DatasetPartWriter.begin(folder, part, this.#outputs, () => attempts.get(part)!.end());
    try {
      for await (const record of writeParts(
        encoded,
        begin,
        async (row) => {
          signal.throwIfAborted();
          if (row.failure !== null) errors.count++;
          const seconds = row.clips.reduce((sum, { codes }) => sum + codes.duration, 0);
          await emit({
            kind: "row",
            part: row.part,
            row: row.index,
            path: row.row.path,
            clips: row.clips.length,
            seconds,
            failure: row.failure,
            warnings: row.warnings,
          });
          if (errors.count > maxErrors) throw tooManyErrors(maxErrors, row);
        },
        emit,
      )) {
        attempts.delete(record.part);
        yield record;
        if (isStopped()) return;
      }
    } finally {
      for (const attempt of attempts.values()) await attempt[Symbol.asyncDispose]();
    }

    async function* begun(): AsyncGenerator<PartRow> {
      for await (const row of rowsOf(plan, parts, stop)) {
        if (!attempts.has(row.part)) attempts.set(row.part, await PartAttempt.begin(folder, row.part, note));
        yield row;
      }
    }
  }

  /**
   * Does one part beside other processes that do others, under a lock of its own. If it is done already, nothing happens.
   * No folder is listed, so that it costs the same however many parts there are; what a killed process left of the part stays until `finish`.
   * @param stalls How often those who had the part before fell silent.
   * @throws DatasetError DATASET_LOCKED where somebody else does the part; DATASET_CRASHED if it is given up. RangeError for what is no part of the plan.
   */
  async doPart(
    part: number,
    { signal, stalls = 0, ...options }: Omit<PartsOptions, "stop"> & { readonly stalls?: number | undefined },
  ): Promise<PartRecord> {
    const { folder } = this.#options;
    this.plan.checkPart(part);
    await using lock = await acquireRunLock(folder, { index: part, count: this.plan.numParts });
    const finished = await readPartRecord(folder, part).catch(() => undefined);
    if (finished !== undefined) return finished;
    if (stalls > maxStalls) throw crashedError([{ part, crashed: (await readPartNotes(folder, [part])).get(part)?.crashed ?? null }]);
    for await (const record of this.doParts([part], { ...options, signal: AbortSignal.any([signal, lock.signal]) })) return record;
    throw new Error(`part ${part} came to nothing`);
  }

  /** The index, written if all parts of the dataset are done; null if not. */
  async writeIndex(signal: AbortSignal): Promise<DatasetInfo | null> {
    const { folder, audioLicense = null, card } = this.#options;
    const { settings, numParts } = this.plan;
    if ((await listFinishedParts(folder, wholeShare)).length < numParts) return null;
    const before = await readDatasetInfo(folder).catch(() => undefined);
    if (before !== undefined) return before;
    const license = await frozenLicense(folder, publishedLicense(this.#model.tokenizer.license, this.#model.tokenizer.provenance));
    return await assembleDataset({
      folder,
      numParts,
      duplicates: this.plan.rows.duplicates,
      tool: thisPackage(),
      codec: this.#codec,
      license,
      audioLicense,
      options: settings,
      card,
      signal,
    });
  }

  /**
   * Ends work that went part by part: once all parts are done it removes what killed processes left, and writes the index; null if parts are missing.
   * @throws DatasetError DATASET_LOCKED while somebody else does so, or still has a part at hand.
   */
  async finish(signal: AbortSignal): Promise<DatasetInfo | null> {
    const { folder } = this.#options;
    if ((await listFinishedParts(folder, wholeShare)).length < this.plan.numParts) return null;
    await using lock = await acquireRunLock(folder, wholeShare);
    await removeLeftovers(folder, wholeShare);
    return await this.writeIndex(AbortSignal.any([signal, lock.signal]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool?.[Symbol.asyncDispose]();
    await this.#model[Symbol.asyncDispose]();
  }
}

/** Those who have a part fall silent by dying, mostly, but also where Redis is away for long. */
export const maxStalls = 10;

interface EncodePartsOptions extends Omit<PartsOptions, "errorsBefore"> {
  /** Rows that failed so far, of all parts. */
  readonly errors: { count: number };
  /** What was found beside a part that goes row by row. */
  readonly note?: PartNote;
}

type LoadedModel = { readonly tokenizer: AudioTokenizer } & AsyncDisposable;

const defaultOutputs: readonly OutputSpec[] = [{ format: "webdataset" }];
const defaultBatchClips = 32;

function defaultDecodeThreads(): number {
  return Math.max(2, Math.floor(availableParallelism() / 2));
}

/** More threads decode more at a time. */
function defaultMaxMemory(decodeThreads: number): number {
  return Math.max(2 ** 29, decodeThreads * 2 ** 26);
}

async function loadModel({ model, load }: DatasetWorkOptions, emit: Emit<DatasetEvent>, signal: AbortSignal): Promise<LoadedModel> {
  if (typeof model !== "string") return { tokenizer: model, [Symbol.asyncDispose]: async () => {} };
  const onProgress = ({ done, total }: { readonly done: number; readonly total: number }): void =>
    void emit({ kind: "loading", done, total });
  const tokenizer = await AudioTokenizer.fromPretrained(model, { ...load, signal, onProgress });
  return { tokenizer, [Symbol.asyncDispose]: () => tokenizer.dispose() };
}

function recipeOf(options: DatasetWorkOptions, { sampleRate, channels, hopLength }: AudioTokenizer): RowRecipe {
  const mode = options.channels ?? defaultChannelMode(channels);
  checkChannelMode(mode, channels);
  const planning = planningOf(options, { sampleRate, hopLength });
  const trim = options.trim ?? null;
  if (trim !== null) checkTrim(trim);
  const { decodeThreads = defaultDecodeThreads(), maxMemory = defaultMaxMemory(decodeThreads) } = options;
  const windowBytes = (planning.window?.length ?? 0) * channels * Float32Array.BYTES_PER_ELEMENT;
  if (windowBytes > longRowBytes({ decodeThreads, maxMemory })) {
    throw new RangeError(
      `windows of ${(planning.window!.length / sampleRate).toFixed(1)} s take ${windowBytes} bytes each; give a maxMemory of at least ${windowBytes * (2 * decodeThreads + 4)} bytes`,
    );
  }
  return {
    sampleRate,
    channels,
    mode,
    planning,
    trim,
    limits: recordableLimits(options.limits),
    strict: options.strict,
    ffmpeg: options.ffmpeg,
  };
}

/** Limits that JSON can hold. @throws RangeError for what is no limit. */
function recordableLimits(limits: AudioLimits | undefined): AudioLimits | undefined {
  checkAudioLimits(limits);
  return limits && Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, Math.min(limit, Number.MAX_SAFE_INTEGER)]));
}

/** Everything that shapes the result besides the rows. */
function settingsOf(
  { outputs = defaultOutputs, audioLicense, card }: DatasetWorkOptions,
  { mode, planning, trim, limits, strict, ffmpeg }: RowRecipe,
  codec: CodecFields,
  fingerprint: string | null,
): JsonObject {
  const settings = {
    tool: thisPackage(),
    codec,
    fingerprint,
    clips: { ...planning, channels: mode, trim, limits, ...(strict === true ? { strict } : {}), ...(ffmpeg === false ? { ffmpeg } : {}) },
    outputs: outputs.map(describeOutput),
    audioLicense: audioLicense ?? null,
    card: card ?? null,
  };
  return JSON.parse(JSON.stringify(settings)) as JsonObject;
}

async function planOf(
  options: DatasetWorkOptions,
  settings: JsonObject,
  emit: Emit<DatasetEvent>,
  signal: AbortSignal,
): Promise<DatasetPlan> {
  const { folder, inputs, partRows, dedupe } = options;
  if (inputs === undefined) {
    const plan = await openPlan(folder);
    const differences = planDifferences(plan.settings, settings);
    if (differences.length > 0) throw mismatchError(folder, differences);
    return plan;
  }
  const resolved = await resolveInputs(inputs, options);
  for (const input of resolved) if ("note" in input) await emit({ kind: "note", message: input.note });
  return await preparePlan({
    folder,
    inputs: resolved,
    settings,
    partRows,
    dedupe,
    signal,
    onRows: (rows) => void emit({ kind: "listing", rows }),
  });
}

function tooManyErrors(maxErrors: number, { row, failure }: EncodedRow): DatasetError {
  return new DatasetError(
    "DATASET_ERRORS",
    `over ${maxErrors} rows failed, ${failure === null ? "" : `the last one ${row.path}: ${failure.message}; `}see errors.jsonl of the parts, or allow more`,
  );
}

function checkNumbers({ decodeThreads = 1, batchClips = 1, maxMemory = 1, maxCrashes = 1 }: DatasetWorkOptions): void {
  for (const [name, value] of Object.entries({ decodeThreads, batchClips, maxMemory, maxCrashes })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number from 1; received ${value}`);
  }
}
