import { setTimeout as sleep } from "node:timers/promises";
import { eventsOf } from "../async/index.ts";
import type { Emit } from "../async/index.ts";
import {
  addCounts,
  DatasetError,
  DatasetWork,
  noRows,
  wholeShare,
  listFinishedParts,
  openPlan,
  readDatasetInfo,
} from "../dataset/index.ts";
import type { DatasetEvent, DatasetInfo, DatasetWorkOptions, RowCounts } from "../dataset/index.ts";
import { asking, closeQueue, openPartQueue } from "./part-queue.ts";
import type { PartQueue } from "./part-queue.ts";
import { PartWorker } from "./part-worker.ts";
import type { ConnectionEvent, JobRefusedEvent, PartFailedEvent, PartReturnedEvent, RefusalEvent } from "./queue-events.ts";
import { QueueError } from "./queue-error.ts";
import { planDigest, readQueueRecord, removeQueueRecord } from "./queue-record.ts";
import { checkRedis } from "./redis-address.ts";
import type { RedisAddress } from "./redis-address.ts";

/** Options that shape the dataset are those that it was put on the queue with; others are refused. */
export interface WorkOnDatasetOptions extends Omit<DatasetWorkOptions, "inputs" | "cwd" | "stdin" | "followLinks" | "partRows" | "dedupe"> {
  /** URL of Redis: `redis://host:6379`, or `rediss://` for TLS. @default the variable REDIS_URL, or redis://127.0.0.1:6379 */
  readonly redis?: string | undefined;
  /** Parts at the same time. One uses all threads already. @default 1 */
  readonly concurrency?: number | undefined;
  /** A part fails with DATASET_ERRORS when more of its rows than that do. @default Infinity */
  readonly maxErrors?: number | undefined;
  /** Seconds without a sign of life after which a worker's part goes to another. @default 30 */
  readonly stalledAfter?: number | undefined;
  /** Whether the worker waits for more when the queue is empty. @default false */
  readonly wait?: boolean | undefined;
  /** Ends the worker after the parts at hand. */
  readonly stop?: AbortSignal | undefined;
  /** Ends the worker at once, with the signal's reason; the parts at hand go back to the queue. */
  readonly signal?: AbortSignal | undefined;
}

/** What a worker does. Rows are told as `tokenizeDataset` does. */
export type WorkEvent =
  | Extract<DatasetEvent, { readonly kind: "loading" | "part-started" | "row" | "part-finished" }>
  | ConnectionEvent
  | PartReturnedEvent
  | PartFailedEvent
  | JobRefusedEvent
  | RefusalEvent
  /** The worker takes parts from now on. */
  | { readonly kind: "ready"; readonly queue: string; readonly rows: number; readonly parts: number }
  | { readonly kind: "finished"; readonly report: WorkReport };

/** What one worker did: the counts are those of its parts. */
export interface WorkReport extends RowCounts {
  readonly folder: string;
  /** Parts that it finished. */
  readonly parts: number;
  /** Parts of the dataset that nobody has finished. */
  readonly partsLeft: number;
  /** Parts among them whose attempts are used up. */
  readonly partsFailed: number;
  /** How long the worker was at it, in seconds. */
  readonly elapsed: number;
  /** The index of the dataset; null as long as parts are missing. */
  readonly info: DatasetInfo | null;
}

/** How often a worker without a part looks whether there is anything left to wait for, in milliseconds. */
const pollInterval = 1000;

/** Looks at a queue that is not empty before the folder is asked whether all parts are done nevertheless: somebody may fill the queue with what nobody can read. */
const looksAtFolder = 10;

/**
 * Takes parts of a dataset from its queue and does them, beside any number of others on any machines that see the folder.
 *
 *     for await (const event of workOnDataset({ folder: "/shared/codes", model: "24khz" })) show(event);
 *
 * It ends when the queue has nothing left, not even in the hands of others: whoever comes first then writes the index, and the folder has the bytes that one
 * machine alone would have written. What a worker leaves that is killed goes to another after `stalledAfter`. A part that fails is tried again, later and anywhere;
 * one with a clip that ends its workers fails with the key of the clip. Jobs are what somebody wrote to Redis: what is no part of the dataset fails at once.
 * @throws QueueError QUEUE_UNREACHABLE if Redis does not answer at the start (an outage later is waited for); QUEUE_EMPTY for a dataset that is on no queue, and for
 * an empty queue with parts missing: put the dataset on it again; QUEUE_MISMATCH, when all is done, if parts of another dataset were on the queue, which failed.
 * @throws as `tokenizeDataset`, for what other parts would meet here as well: DATASET_MISMATCH, DATASET_DISK_FULL, DATASET_THREADS, RUNTIME_FAILED, LicenseError.
 */
export function workOnDataset(options: WorkOnDatasetOptions): AsyncGenerator<WorkEvent, void> {
  return eventsOf((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(options: WorkOnDatasetOptions, emit: Emit<WorkEvent>, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const { folder, concurrency = 1, stalledAfter = 30, maxErrors, wait = false, stop = new AbortController().signal } = options;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new RangeError(`concurrency must be a whole number from 1; received ${concurrency}`);
  if (!(stalledAfter >= 1 && stalledAfter <= 86_400))
    throw new RangeError(`stalledAfter must be in seconds, 1 to 86400; received ${stalledAfter}`);
  let mine = { ...noRows, parts: 0 };
  const end = async (info: DatasetInfo | null, partsLeft: number, partsFailed: number): Promise<void> => {
    await emit({
      kind: "finished",
      report: { folder, ...mine, partsLeft, partsFailed, elapsed: (performance.now() - begun) / 1000, info },
    });
  };

  const queueName = (await readQueueRecord(folder))?.queue;
  if (queueName === undefined) {
    await openPlan(folder);
    const info = await readDatasetInfo(folder).catch(() => null);
    if (info === null) throw new QueueError("QUEUE_EMPTY", `${folder} is on no queue; put its parts on one first (tokenize enqueue)`);
    return await end(info, 0, 0);
  }
  const address = await checkRedis(options.redis);
  await using work = await DatasetWork.open(options, emit as Emit<DatasetEvent>, signal);
  const { plan } = work;
  const count: Emit<DatasetEvent> = async (event) => {
    if (event.kind === "part-finished") {
      mine = { ...addCounts(mine, event.record), parts: mine.parts + 1 };
    }
    await (emit as Emit<DatasetEvent>)(event);
  };
  const queue = await openPartQueue(queueName, address, emit, signal);
  const worker = await PartWorker.start({
    queue: queueName,
    address,
    dataset: planDigest(plan),
    numParts: plan.numParts,
    concurrency,
    stalledAfter,
    stop,
    signal,
    doPart: (part, stalls) => work.doPart(part, { emit: count, maxErrors, signal, stalls }),
    onEvent: (event) => void emit(event),
  });
  let outcome: Outcome | undefined;
  try {
    await emit({ kind: "ready", queue: queueName, rows: plan.numRows, parts: plan.numParts });
    outcome = await untilDone(work, worker, queue, { address, wait, signal, stop });
  } finally {
    await worker.close();
    await closeQueue(queue);
  }
  signal.throwIfAborted();
  if (worker.error !== undefined) throw worker.error;
  const info = outcome?.info ?? null;
  const partsLeft = info === null ? plan.numParts - (await listFinishedParts(folder, wholeShare)).length : 0;
  if (outcome !== undefined && info === null && outcome.failed === 0) {
    throw new QueueError(
      "QUEUE_EMPTY",
      `the queue ${queueName} at ${address.shown} is empty, and ${partsLeft} of ${plan.numParts} parts are missing: Redis has lost them; put the dataset on the queue again (tokenize enqueue -o ${folder})`,
    );
  }
  if (worker.foreign > 0) {
    throw new QueueError(
      "QUEUE_MISMATCH",
      `the queue ${queueName} had ${worker.foreign} parts of another dataset, which were not done here and failed; a queue is for one, so put the other on one of its own with --queue`,
    );
  }
  await end(info, partsLeft, info === null ? (outcome?.failed ?? 0) : 0);
}

/** How a queue ended. */
interface Outcome {
  readonly info: DatasetInfo | null;
  readonly failed: number;
}

/** Waits until the queue has nothing left and writes the index if all is done; undefined if the worker is stopped before. */
async function untilDone(
  work: DatasetWork,
  worker: PartWorker,
  queue: PartQueue,
  {
    address,
    wait,
    signal,
    stop,
  }: { readonly address: RedisAddress; readonly wait: boolean; readonly signal: AbortSignal; readonly stop: AbortSignal },
): Promise<Outcome | undefined> {
  const ended = AbortSignal.any([signal, stop]);
  let settled = -1; // parts that it had taken when it last was known what came of the queue
  let looks = 0;
  while (!ended.aborted && worker.error === undefined) {
    await sleep(pollInterval, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted || !worker.isIdle) continue;
    const counts = await asking(address, queue.getJobCounts("waiting", "active", "delayed", "failed"), ended).catch((error: unknown) => {
      if (ended.aborted) return undefined;
      throw error;
    });
    if (counts === undefined) break;
    const { failed = 0, ...others } = counts;
    if (!worker.isIdle || settled === worker.taken) continue;
    const isEmpty = Object.values(others).every((number) => number === 0);
    if (!isEmpty && ++looks % looksAtFolder !== 0) continue;
    const info = await finish(work, signal);
    if (info === "locked" || (info === null && !isEmpty)) continue;
    if (!wait) return { info, failed };
    settled = worker.taken;
  }
  return undefined;
}

/** The index, if all parts are done; null if not. */
async function finish(work: DatasetWork, signal: AbortSignal): Promise<DatasetInfo | null | "locked"> {
  try {
    const info = await work.finish(signal);
    if (info !== null) await removeQueueRecord(work.plan.folder);
    return info;
  } catch (error) {
    if (error instanceof DatasetError && error.code === "DATASET_LOCKED") return "locked"; // another worker writes it
    throw error;
  }
}
