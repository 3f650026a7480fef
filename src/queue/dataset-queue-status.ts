import { wholeShare, openPlan, readDatasetInfo, readFinishedWork } from "../dataset/index.ts";
import type { RowCounts } from "../dataset/index.ts";
import { partJobOf, partResultOf } from "./part-job.ts";
import { asking, closeQueue, keptJobs, openPartQueue } from "./part-queue.ts";
import type { PartQueue } from "./part-queue.ts";
import { readQueueRecord } from "./queue-record.ts";
import { checkRedis } from "./redis-address.ts";

/** Where the queue is that is asked for. */
export interface DatasetQueueStatusOptions {
  /** URL of Redis: `redis://host:6379`, or `rediss://` for TLS. @default the variable REDIS_URL, or redis://127.0.0.1:6379 */
  readonly redis?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far a dataset is. */
export interface DatasetQueueStatus {
  readonly folder: string;
  /** Whether all parts are done and the index is written. */
  readonly isComplete: boolean;
  /** The dataset's rows. */
  readonly rows: number;
  readonly parts: number;
  /** What is done, as the folder says. */
  readonly done: RowCounts & { readonly parts: number };
  /** What Redis says; null for a dataset that is on no queue. */
  readonly queue: QueueCounts | null;
}

/** Parts on a queue, and who takes them. */
export interface QueueCounts {
  readonly name: string;
  readonly waiting: number;
  /** Parts in the hands of workers, or of what was one. */
  readonly active: number;
  /** Parts that wait for their next attempt, or for a lock of another process. */
  readonly delayed: number;
  /** Whose attempts are used up. */
  readonly failed: number;
  /** The latest of them, with why; `part` is null for a job that is no part of a dataset. */
  readonly failures: readonly { readonly part: number | null; readonly attempts: number; readonly reason: string }[];
  /** `host:pid` of each worker that is connected. */
  readonly workers: readonly string[];
  /** Seconds until all rows are done at the speed of the latest parts; null while that is not known. */
  readonly secondsLeft: number | null;
}

/** Failures that are told one by one. */
const shownFailures = 20;

/** Text that Redis has from wherever is told up to this length. */
const maxTextLength = 1000;

/**
 * Tells how far a dataset on a queue is: what is done by its folder, the rest by Redis.
 * @throws QueueError QUEUE_UNREACHABLE; DatasetError DATASET_FORMAT if the folder is no dataset.
 */
export async function datasetQueueStatus(folder: string, options: DatasetQueueStatusOptions = {}): Promise<DatasetQueueStatus> {
  const { signal = new AbortController().signal } = options;
  const plan = await openPlan(folder);
  const { numRows: rows, numParts: parts } = plan;
  const info = await readDatasetInfo(folder).catch(() => null);
  if (info !== null) {
    const { counts } = info;
    return {
      folder,
      isComplete: true,
      rows,
      parts,
      done: {
        rows: counts.rows,
        clips: counts.clips,
        errors: counts.errors,
        seconds: counts.hours * 3600,
        warnings: counts.warnings ?? 0,
        damaged: counts.damaged ?? 0,
        parts,
      },
      queue: null,
    };
  }
  const { done, finished } = await readFinishedWork(folder, wholeShare);
  const name = (await readQueueRecord(folder))?.queue;
  const status = { folder, isComplete: false, rows, parts, done: { ...done, parts: finished.size } };
  if (name === undefined) return { ...status, queue: null };
  const address = await checkRedis(options.redis);
  const queue = await openPartQueue(name, address, async () => {}, signal);
  try {
    return { ...status, queue: await asking(address, countsOf(queue, rows - done.rows), signal) };
  } finally {
    await closeQueue(queue);
  }
}

async function countsOf(queue: PartQueue, rowsLeft: number): Promise<QueueCounts> {
  const { waiting = 0, active = 0, delayed = 0, failed = 0 } = await queue.getJobCounts("waiting", "active", "delayed", "failed");
  const failures = (await queue.getFailed(0, shownFailures - 1)).map(({ data, attemptsMade, failedReason }) => ({
    part: partJobOf(data)?.part ?? null,
    attempts: attemptsMade,
    reason: String(failedReason).slice(0, maxTextLength),
  }));
  const workers = (await queue.getWorkers()).map(({ rawname = "" }) => rawname.slice(rawname.indexOf(":w:") + 3).slice(0, maxTextLength));
  return {
    name: queue.name,
    waiting,
    active,
    delayed,
    failed,
    failures,
    workers: workers.toSorted(),
    secondsLeft: await timeLeft(queue, rowsLeft),
  };
}

/** The time that the rest takes at the speed of the parts that were finished last, all workers together. */
async function timeLeft(queue: PartQueue, rowsLeft: number): Promise<number | null> {
  const jobs = await queue.getCompleted(0, keptJobs - 1);
  const rows = jobs.reduce((sum, { returnvalue }) => sum + (partResultOf(returnvalue)?.rows ?? 0), 0);
  const start = Math.min(...jobs.map(({ processedOn }) => processedOn ?? Infinity));
  const end = Math.max(...jobs.map(({ finishedOn }) => finishedOn ?? -Infinity));
  return rows === 0 || !(end > start) ? null : (rowsLeft * (end - start)) / 1000 / rows;
}
