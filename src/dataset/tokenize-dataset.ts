import { eventsOf } from "../async/index.ts";
import type { Emit } from "../async/index.ts";
import { checkOptions } from "../core/index.ts";
import type { OptionNames } from "../core/index.ts";
import { DatasetWork } from "./dataset-work.ts";
import type { DatasetWorkOptions } from "./dataset-work.ts";
import { acquireRunLock } from "./folder/run-lock.ts";
import { checkShare, wholeShare, partsOfShare } from "./folder/share.ts";
import type { Share } from "./folder/share.ts";
import { noRows } from "./parts/dataset-event.ts";
import type { DatasetEvent, DatasetReport } from "./parts/dataset-event.ts";
import { addCounts, readFinishedWork } from "./parts/finished-work.ts";
import { removeLeftovers } from "./parts/remove-leftovers.ts";

/** What a dataset is made of, how, and which part of the work this run does. */
export interface TokenizeDatasetOptions extends DatasetWorkOptions {
  /** The share of the parts that this run does, where several machines do the work. @default all */
  readonly share?: Share | undefined;
  /** The run fails with DATASET_ERRORS beyond so many failed rows in its share, earlier runs' included. @default Infinity */
  readonly maxErrors?: number | undefined;
  /** Whether parts with failed rows are done again. @default false */
  readonly retryErrors?: boolean | undefined;
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
 * whatever `decodeThreads`, `maxMemory`, `batchClips` and `share` are, and the codes are those of `encode`. Several machines share the
 * work by `share`, on one folder; whoever finishes the last part writes the index.
 *
 * A row that cannot be read, decoded or cut into a clip becomes a line of `errors.jsonl`. Of damaged audio what is sound is taken, unless it is to be
 * `strict`: its clips are marked, and `warnings.jsonl` has what is wrong. Leaving the loop aborts the run.
 * @throws DatasetError DATASET_MISMATCH for a folder begun with other options, model or rows; DATASET_LOCKED where another run
 * works on the same parts; DATASET_INPUT, DATASET_FORMAT, DATASET_DISK_FULL, DATASET_THREADS; DATASET_ERRORS beyond `maxErrors`.
 * @throws as `AudioTokenizer.fromPretrained` does, LicenseError included; RangeError for options that do not fit the model.
 */
export function tokenizeDataset(options: TokenizeDatasetOptions): AsyncGenerator<DatasetEvent, void> {
  return eventsOf((emit, signal) => run(options, emit, signal), options.signal);
}

const optionNames: OptionNames<TokenizeDatasetOptions> = {
  audioLicense: true,
  bandwidth: true,
  batchClips: true,
  card: true,
  channels: true,
  cwd: true,
  decodeThreads: true,
  dedupe: true,
  ffmpeg: true,
  folder: true,
  followLinks: true,
  inputs: true,
  limits: true,
  load: true,
  maxCrashes: true,
  maxErrors: true,
  maxMemory: true,
  minimum: true,
  model: true,
  numCodebooks: true,
  outputs: true,
  partRows: true,
  retryErrors: true,
  share: true,
  signal: true,
  stdin: true,
  stop: true,
  strict: true,
  stride: true,
  tail: true,
  trim: true,
  window: true,
};

async function run(options: TokenizeDatasetOptions, emit: Emit<DatasetEvent>, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  checkOptions("tokenizeDataset", options, optionNames);
  const { folder, share = wholeShare, maxErrors = Infinity, stop } = options;
  if (!(maxErrors >= 0)) throw new RangeError(`maxErrors must be 0 or more; received ${maxErrors}`);
  checkShare(share.index, share.count);
  await using work = await DatasetWork.open(options, emit, signal);
  const { plan } = work;
  await using lock = await acquireRunLock(folder, share);
  const runSignal = AbortSignal.any([signal, lock.signal]);
  await removeLeftovers(folder, share);

  const { done, finished } = await readFinishedWork(folder, share, { retryErrors: options.retryErrors });
  const todo = [...partsOfShare(share, plan.numParts)].filter((part) => !finished.has(part));
  const rowsToDo = todo.reduce((sum, part) => sum + plan.rowsOfPart(part), 0);
  const { duplicates, leftOut = {} } = plan.rows;
  await emit({ kind: "plan", rows: plan.numRows, parts: plan.numParts, partsToDo: todo.length, rowsToDo, done, duplicates, leftOut });

  let counts = noRows;
  let partsDone = 0;
  for await (const record of work.doParts(todo, { emit, maxErrors, errorsBefore: done.errors, stop, signal: runSignal })) {
    partsDone++;
    counts = addCounts(counts, record);
  }
  const info = await work.writeIndex(runSignal);
  const total = addCounts(done, counts);
  const report: DatasetReport = {
    folder,
    ...counts,
    total,
    parts: partsDone,
    partsLeft: todo.length - partsDone,
    elapsed: (performance.now() - begun) / 1000,
    info,
  };
  await emit({ kind: "finished", report });
}
