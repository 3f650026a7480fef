import type { DelayedError, Queue, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { QueueError } from "./queue-error.ts";

/** What is used of BullMQ, and of the client of Redis that it goes with. */
export interface BullMq {
  readonly Queue: typeof Queue;
  readonly Worker: typeof Worker;
  readonly DelayedError: typeof DelayedError;
  readonly UnrecoverableError: typeof UnrecoverableError;
  readonly WaitingError: typeof WaitingError;
  readonly Redis: typeof Redis;
}

/**
 * Loads the packages that a queue needs; whoever uses none does not install them.
 * @throws QueueError QUEUE_NOT_INSTALLED if they cannot be loaded.
 */
export async function loadBullMq(): Promise<BullMq> {
  try {
    const [{ Queue, Worker, DelayedError, UnrecoverableError, WaitingError }, { Redis }] = await Promise.all([
      import("bullmq"),
      import("ioredis"),
    ]);
    return { Queue, Worker, DelayedError, UnrecoverableError, WaitingError, Redis };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n", 1)[0]!.slice(0, 300) : "they cannot be loaded";
    throw new QueueError(
      "QUEUE_NOT_INSTALLED",
      `a queue needs the packages bullmq and ioredis: ${reason}. Install them beside encodec-tokenizer: npm install bullmq@6 ioredis@6`,
      { cause },
    );
  }
}
