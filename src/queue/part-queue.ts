import type { Queue } from "bullmq";
import { orAborted } from "../async/index.ts";
import type { Emit } from "../async/index.ts";
import { formatPart } from "../dataset/index.ts";
import { loadBullMq } from "./load-bullmq.ts";
import { QueueError } from "./queue-error.ts";
import type { ConnectionEvent } from "./queue-events.ts";
import { lastingConnection, withoutCommand } from "./redis-address.ts";
import type { RedisAddress } from "./redis-address.ts";

/** What jobs hold is what somebody put there: see `parsePartJob`. */
export type PartQueue = Queue<unknown, unknown, string>;

/** Finished jobs that Redis keeps, so that the speed can be told. */
export const keptJobs = 200;

/** The same part of the same plan always has the same id, so that it is on the queue once. */
export function jobId(dataset: string, part: number): string {
  return `${dataset}-part-${formatPart(part)}`;
}

/** Options of jobs. @param backoff Seconds before the second attempt; twice as long before each further one. */
export function jobOptions(
  attempts: number,
  backoff: number,
): {
  readonly attempts: number;
  readonly backoff: { readonly type: "exponential"; readonly delay: number };
  readonly removeOnComplete: { readonly count: number };
} {
  return { attempts, backoff: { type: "exponential", delay: Math.round(backoff * 1000) }, removeOnComplete: { count: keptJobs } };
}

/** Opens a queue, which is made by its first job. Outages are told, and waited for. @throws The signal's reason. */
export async function openPartQueue(
  name: string,
  address: RedisAddress,
  emit: Emit<ConnectionEvent>,
  signal: AbortSignal,
): Promise<PartQueue> {
  const { Queue } = await loadBullMq();
  const queue: PartQueue = new Queue(name, { connection: lastingConnection(address) });
  queue.on("error", () => {}); // whatever asked hears of it, or waits
  let isUp = true;
  const tell = (state: boolean): void => {
    if (state === isUp || queue.closing !== undefined) return;
    isUp = state;
    void emit({ kind: "redis", isUp, address: address.shown });
  };
  queue.on("ioredis:close", () => tell(false));
  try {
    const client = await asking(address, queue.getBackend().client, signal);
    tell(true);
    client.on("ready", () => tell(true));
    return queue;
  } catch (error) {
    await closeQueue(queue);
    throw error;
  }
}

/** Calls Redis. @throws QueueError QUEUE_REFUSED with what it says, such as that its memory is full; the signal's reason. */
export async function asking<T>({ shown }: RedisAddress, answer: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  try {
    return await orAborted(answer, signal);
  } catch (cause) {
    if (signal.aborted || !(cause instanceof Error)) throw cause;
    throw new QueueError("QUEUE_REFUSED", `Redis at ${shown} refuses: ${cause.message}`, { cause: withoutCommand(cause) });
  }
}

/** Closes a queue, without waiting for a Redis that does not answer. */
export async function closeQueue(queue: PartQueue): Promise<void> {
  await orDisconnect(queue.close(), () => queue.disconnect());
}

/** Waits for an end of a connection, up to some seconds; then cuts it. */
export async function orDisconnect(closing: Promise<void>, disconnect: () => Promise<void>): Promise<void> {
  const timeout = new AbortController();
  const late = new Promise<"late">((resolve) => {
    const timer = setTimeout(() => resolve("late"), closingTime);
    timeout.signal.addEventListener("abort", () => clearTimeout(timer));
  });
  const outcome = await Promise.race([closing.catch(() => {}), late]);
  timeout.abort();
  if (outcome === "late") disconnect().catch(() => {});
}

/** The time that a connection has to close, in milliseconds. */
const closingTime = 5000;
