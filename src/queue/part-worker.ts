import { hostname } from "node:os";
import type { Job, Worker } from "bullmq";
import { CodecError, parseJson } from "../core/index.ts";
import { DatasetError, maxStalls } from "../dataset/index.ts";
import type { PartRecord } from "../dataset/index.ts";
import { loadBullMq } from "./load-bullmq.ts";
import type { BullMq } from "./load-bullmq.ts";
import { parsePartJob, partJobOf } from "./part-job.ts";
import type { PartResult } from "./part-job.ts";
import { orDisconnect } from "./part-queue.ts";
import { QueueError } from "./queue-error.ts";
import type { JobRefusedEvent, PartFailedEvent, PartReturnedEvent, RefusalEvent } from "./queue-events.ts";
import { lastingConnection } from "./redis-address.ts";
import type { RedisAddress } from "./redis-address.ts";

/** How long a part that another process has locked is left alone, in milliseconds: as often as that process shows that it lives. */
const lockedDelay = 15_000;

/** Errors of this machine, or of how it was started: other parts would fail here as well. The part goes back as it came. */
const endWorker: ReadonlySet<string> = new Set(["DATASET_DISK_FULL", "DATASET_MISMATCH", "DATASET_THREADS", "FILE_UNWRITABLE"]);

/** The same, but it may as well be the part that brings it about, such as one that is too much for the memory of every machine: an attempt counts. */
const endWorkerAfterAttempt: ReadonlySet<string> = new Set(["RUNTIME_FAILED"]);

export interface PartWorkerOptions {
  readonly queue: string;
  readonly address: RedisAddress;
  /** Digest of the plan. */
  readonly dataset: string;
  /** Parts that the plan has. */
  readonly numParts: number;
  readonly concurrency: number;
  /** Seconds. */
  readonly stalledAfter: number;
  /** When it fires no part is begun any more. */
  readonly stop: AbortSignal;
  /** When it fires, parts in the making go back to the queue. */
  readonly signal: AbortSignal;
  /** @param stalls How often those who had the part before fell silent. */
  readonly doPart: (part: number, stalls: number) => Promise<PartRecord>;
  readonly onEvent: (event: PartReturnedEvent | PartFailedEvent | JobRefusedEvent | RefusalEvent) => void;
}

type AnyJob = Job<unknown, PartResult, string>;

type JobWorker = Worker<unknown, PartResult, string>;

/** A worker for jobs that anybody may have written: one whose data is no JSON, or far longer than that of a job, comes as null, and fails, where it would come again and again. */
function createWorker({ Worker }: BullMq, ...options: ConstructorParameters<typeof Worker<unknown, PartResult, string>>): JobWorker {
  class AnyJobWorker extends Worker<unknown, PartResult, string> {
    protected override createJob(...[json, id]: Parameters<JobWorker["createJob"]>): AnyJob {
      return super.createJob({ ...json, data: isJson(json.data) ? json.data : "null" }, id);
    }
  }
  return new AnyJobWorker(...options);
}

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

/** Takes parts from a queue and does them, until it is closed. */
export class PartWorker {
  readonly #bullMq: BullMq;
  readonly #worker: JobWorker;
  readonly #options: PartWorkerOptions;
  readonly #atHand = new Set<Promise<PartRecord>>();
  readonly #refused = new WeakSet<AnyJob>();
  #taken = 0;
  #foreign = 0;
  #error: unknown;

  private constructor(options: PartWorkerOptions, bullMq: BullMq) {
    this.#options = options;
    this.#bullMq = bullMq;
    const { queue, address, concurrency, stalledAfter, onEvent } = options;
    const milliseconds = Math.round(stalledAfter * 1000);
    this.#worker = createWorker(bullMq, queue, (job, token) => this.#process(job, token), {
      connection: lastingConnection(address),
      name: `${hostname()}:${process.pid}`,
      concurrency,
      lockDuration: milliseconds,
      stalledInterval: milliseconds,
      // One more than is counted here, for a part that ends its worker before that could say so.
      maxStalledCount: maxStalls + 1,
      runRetryDelay: 1000,
    });
    let refusal = "";
    this.#worker.on("error", ({ name, message }) => {
      // Others are outages, which the queue's own connection tells of, and parts that went to another worker meanwhile.
      if (name !== "ReplyError" || message === refusal) return;
      refusal = message;
      onEvent({ kind: "refused", message });
    });
    this.#worker.on("failed", (job, { message }) => {
      if (job === undefined) return;
      const part = partJobOf(job.data)?.part;
      if (part === undefined || this.#refused.has(job)) onEvent({ kind: "job-refused", message });
      else onEvent({ kind: "part-failed", part, message, attempt: job.attemptsMade, attempts: Number(job.opts.attempts ?? 1) });
    });
  }

  /** Begins to take parts. */
  static async start(options: PartWorkerOptions): Promise<PartWorker> {
    return new PartWorker(options, await loadBullMq());
  }

  /** Whether it has no part at hand. */
  get isIdle(): boolean {
    return this.#atHand.size === 0;
  }

  /** How many parts it has taken so far. */
  get taken(): number {
    return this.#taken;
  }

  /** How many parts of other datasets it has met. */
  get foreign(): number {
    return this.#foreign;
  }

  /** What keeps it from going on: it has taken no part since. */
  get error(): unknown {
    return this.#error;
  }

  async #process(job: AnyJob, token: string | undefined): Promise<PartResult> {
    const part = this.#partOf(job);
    try {
      const { rows, seconds } = await this.#do(part, job.stalledCounter);
      return { rows, seconds };
    } catch (error) {
      await this.#giveBack(job, part, token, error);
      // Another attempt would end another worker.
      throw error instanceof DatasetError && error.code === "DATASET_CRASHED" ? new this.#bullMq.UnrecoverableError(error.message) : error;
    }
  }

  /** @throws UnrecoverableError for a job that is no part of the dataset: it would be none the next time. */
  #partOf(job: AnyJob): number {
    try {
      return parsePartJob(job.data, this.#options).part;
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      if (error.code === "QUEUE_MISMATCH") this.#foreign++;
      this.#refused.add(job);
      throw new this.#bullMq.UnrecoverableError(error.message);
    }
  }

  async #do(part: number, stalls: number): Promise<PartRecord> {
    const { doPart, stop } = this.#options;
    stop.throwIfAborted(); // it came with the end of the part before
    this.#taken++;
    const doing = doPart(part, stalls);
    this.#atHand.add(doing);
    try {
      return await doing;
    } finally {
      this.#atHand.delete(doing);
    }
  }

  /** Puts a part back that did not fail by itself, and takes no more where the others would fail as well. @throws what tells BullMQ that it moved. */
  async #giveBack(job: AnyJob, part: number, token: string | undefined, error: unknown): Promise<void> {
    const { stop, signal, onEvent } = this.#options;
    const isFatal = error instanceof CodecError && endWorker.has(error.code);
    if (isFatal || signal.aborted || error === stop.reason) {
      if (isFatal) this.#error ??= error;
      void this.#worker.pause(true);
      await job.moveToWait(token);
      onEvent({ kind: "part-returned", part, reason: "stopped" });
      throw new this.#bullMq.WaitingError();
    }
    if (error instanceof CodecError && endWorkerAfterAttempt.has(error.code)) {
      this.#error ??= error;
      void this.#worker.pause(true);
    }
    if (error instanceof DatasetError && error.code === "DATASET_LOCKED") {
      await job.moveToDelayed(Date.now() + lockedDelay, token);
      onEvent({ kind: "part-returned", part, reason: "locked" });
      throw new this.#bullMq.DelayedError();
    }
  }

  /** Takes no more parts, ends those at hand, and lets go of Redis. */
  async close(): Promise<void> {
    const closing = this.#worker.close();
    await Promise.allSettled(this.#atHand);
    await orDisconnect(closing, () => this.#worker.disconnect());
  }
}
