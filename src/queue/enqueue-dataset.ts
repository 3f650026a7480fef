import { eventsOf } from "../async/index.ts";
import type { Emit } from "../async/index.ts";
import { acquireRunLock, DatasetWork, wholeShare, forgetPartNotes, listFinishedParts, readFinishedWork } from "../dataset/index.ts";
import type { DatasetEvent, DatasetInfo, DatasetPlan, DatasetWorkOptions, JsonObject } from "../dataset/index.ts";
import { asking, closeQueue, jobId, jobOptions, openPartQueue } from "./part-queue.ts";
import type { PartQueue } from "./part-queue.ts";
import type { ConnectionEvent } from "./queue-events.ts";
import { QueueError } from "./queue-error.ts";
import { defaultQueueName, planDigest, readQueueRecord, removeQueueRecord, writeQueueRecord } from "./queue-record.ts";
import { checkRedis } from "./redis-address.ts";
import type { RedisAddress } from "./redis-address.ts";

/** What a dataset is made of, and the queue that its parts go to. */
export interface EnqueueDatasetOptions extends DatasetWorkOptions {
  /** URL of Redis: `redis://host:6379`, or `rediss://` for TLS. @default the variable REDIS_URL, or redis://127.0.0.1:6379 */
  readonly redis?: string | undefined;
  /** Name of the queue, which is for this dataset alone. @default made from the folder and what the plan says */
  readonly queue?: string | undefined;
  /** How often a part is tried. @default 3 */
  readonly attempts?: number | undefined;
  /** Seconds from a failure to the next attempt, twice as long after each further one. @default 10 */
  readonly backoff?: number | undefined;
  /** Whether parts with failed rows are done again; no worker may have a part at hand. @default false */
  readonly retryErrors?: boolean | undefined;
  /** What workers are to know, such as the options that shape the dataset: `readQueueRecord` gives it to them. @default {} */
  readonly recipe?: JsonObject | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What happens while a dataset is put on a queue. */
export type EnqueueEvent =
  | Extract<DatasetEvent, { readonly kind: "loading" | "note" | "listing" }>
  | ConnectionEvent
  /** So many of the parts that are not done are on the queue. */
  | { readonly kind: "enqueued"; readonly parts: number; readonly of: number }
  | { readonly kind: "finished"; readonly report: EnqueueReport };

/** What is on the queue now. */
export interface EnqueueReport {
  readonly folder: string;
  readonly queue: string;
  /** The dataset's rows. */
  readonly rows: number;
  /** Rows that are left out for having the audio of an earlier one (`dedupe`). */
  readonly duplicates: number;
  /** What of the inputs no row has: how often, by what it is. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly parts: number;
  readonly partsDone: number;
  /** Parts that are on the queue: all that are not done. */
  readonly partsQueued: number;
  /** How many of them were on it already. */
  readonly partsBefore: number;
  /** The index, if all parts are done. */
  readonly info: DatasetInfo | null;
}

/** Jobs that go to Redis together. */
const chunk = 1000;

/**
 * Makes the plan of a dataset, and puts its parts on a queue (BullMQ on Redis), from which any number of `workOnDataset` take them.
 *
 *     for await (const event of enqueueDataset({ folder: "/shared/codes", inputs: ["/shared/corpus"], model: "24khz" })) show(event);
 *
 * Parts that are done or on the queue already are not put on it; failed ones are, with all their attempts. So nothing is lost with Redis: the same call again
 * puts on the queue what is missing. Folder and inputs lie where all workers see them, under the same paths.
 * @throws QueueError QUEUE_UNREACHABLE or QUEUE_REFUSED of Redis; QUEUE_MISMATCH for another name than that of the queue the dataset is on.
 * @throws as `tokenizeDataset`; RangeError for options that are none.
 */
export function enqueueDataset(options: EnqueueDatasetOptions): AsyncGenerator<EnqueueEvent, void> {
  return eventsOf((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(options: EnqueueDatasetOptions, emit: Emit<EnqueueEvent>, signal: AbortSignal): Promise<void> {
  const { folder, attempts = 3, backoff = 10, recipe = {} } = options;
  if (!Number.isSafeInteger(attempts) || attempts < 1) throw new RangeError(`attempts must be a whole number from 1; received ${attempts}`);
  if (!(backoff >= 0 && backoff < 1e6)) throw new RangeError(`backoff must be in seconds, 0 or more; received ${backoff}`);
  const address = await checkRedis(options.redis);
  await using work = await DatasetWork.open(options, emit as Emit<DatasetEvent>, signal);
  const { plan } = work;
  const name = await queueName(plan, options.queue);
  const finished = await finishedParts(options);
  const todo = Array.from({ length: plan.numParts }, (_, part) => part).filter((part) => !finished.has(part));
  await forgetPartNotes(options.folder, (part) => !finished.has(part)); // failed parts get all their attempts again
  const queue = await openPartQueue(name, address, emit, signal);
  try {
    const partsBefore = await enqueueParts(queue, plan, todo, { attempts, backoff, address, emit, signal });
    let info: DatasetInfo | null = null;
    if (todo.length === 0) {
      info = await work.finish(signal);
      await removeQueueRecord(folder);
    } else {
      // Last of all, so that whoever finds it finds jobs.
      await writeQueueRecord(folder, { queue: name, recipe });
    }
    await emit({
      kind: "finished",
      report: {
        folder,
        queue: name,
        rows: plan.numRows,
        duplicates: plan.rows.duplicates,
        leftOut: plan.rows.leftOut ?? {},
        parts: plan.numParts,
        partsDone: finished.size,
        partsQueued: todo.length,
        partsBefore,
        info,
      },
    });
  } finally {
    await closeQueue(queue);
  }
}

/** The name of the dataset's queue: once given it stays, until the dataset is finished. */
async function queueName(plan: DatasetPlan, asked: string | undefined): Promise<string> {
  if (asked !== undefined && !/^[\w.-]{1,200}$/u.test(asked))
    throw new RangeError(`queue must be a name of letters, digits, ., _ and -; received ${JSON.stringify(asked)}`);
  const before = (await readQueueRecord(plan.folder))?.queue;
  if (asked !== undefined && before !== undefined && asked !== before) {
    throw new QueueError("QUEUE_MISMATCH", `${plan.folder} is on the queue ${before} already; leave the name out, or give that one`);
  }
  return asked ?? before ?? defaultQueueName(plan);
}

async function finishedParts({ folder, retryErrors = false }: EnqueueDatasetOptions): Promise<ReadonlySet<number>> {
  if (!retryErrors) return new Set(await listFinishedParts(folder, wholeShare));
  await using _ = await acquireRunLock(folder, wholeShare);
  return (await readFinishedWork(folder, wholeShare, { retryErrors })).finished;
}

interface EnqueuePartsOptions {
  readonly attempts: number;
  readonly backoff: number;
  readonly address: RedisAddress;
  readonly emit: Emit<EnqueueEvent>;
  readonly signal: AbortSignal;
}

/** @returns How many parts were on the queue before. */
async function enqueueParts(
  queue: PartQueue,
  plan: DatasetPlan,
  parts: readonly number[],
  { attempts, backoff, address, emit, signal }: EnqueuePartsOptions,
): Promise<number> {
  const dataset = planDigest(plan);
  const { waiting = 0, active = 0, delayed = 0 } = await asking(address, queue.getJobCounts("waiting", "active", "delayed"), signal);
  // Jobs that ended are in the way of new ones with their ids.
  await asking(address, queue.clean(0, 0, "completed"), signal);
  await asking(address, queue.clean(0, 0, "failed"), signal);
  const opts = jobOptions(attempts, backoff);
  for (let start = 0; start < parts.length; start += chunk) {
    const jobs = parts.slice(start, start + chunk).map((part) => ({
      name: "part" as const,
      data: { dataset, part, rows: plan.rowsOfPart(part) },
      opts: { ...opts, jobId: jobId(dataset, part) },
    }));
    await asking(address, queue.addBulk(jobs), signal);
    await emit({ kind: "enqueued", parts: start + jobs.length, of: parts.length });
  }
  return waiting + active + delayed;
}
