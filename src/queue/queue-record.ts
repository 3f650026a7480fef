import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { maxJsonLength } from "../core/index.ts";
import { jsonObject, readJsonFile, writeDurably } from "../dataset/index.ts";
import type { DatasetPlan, JsonObject } from "../dataset/index.ts";
import { QueueError } from "./queue-error.ts";

const schema: z.ZodType<QueueRecord> = z.object({
  version: z.literal(1),
  queue: z.string().regex(/^[\w.-]{1,300}$/u),
  recipe: jsonObject,
});

/** What the folder of a dataset says of its queue as long as parts are to be done: so workers need to be told the folder only. */
export interface QueueRecord {
  readonly version: 1;
  /** Name of the queue. */
  readonly queue: string;
  /** What whoever put the dataset on the queue wants workers to know. */
  readonly recipe: JsonObject;
}

/**
 * Reads what the folder of a dataset says of its queue.
 * @returns undefined if the dataset is on no queue.
 * @throws QueueError QUEUE_FORMAT for a damaged record.
 */
export async function readQueueRecord(folder: string): Promise<QueueRecord | undefined> {
  return readJsonFile(
    folder,
    recordName,
    schema,
    (cause) => new QueueError("QUEUE_FORMAT", `${recordPath(folder)} is damaged; put the dataset on the queue again`, { cause }),
  );
}

/** @throws RangeError for a recipe that is too long to be read again. */
export async function writeQueueRecord(folder: string, record: Omit<QueueRecord, "version">): Promise<void> {
  const text = Buffer.from(`${JSON.stringify({ version: 1, ...record }, null, 2)}\n`);
  if (text.length > maxJsonLength)
    throw new RangeError(`the recipe of the queue takes ${text.length} bytes; expected ${maxJsonLength} at most`);
  await writeDurably(recordPath(folder), text);
}

/** A finished dataset is on no queue, and its folder is that of one that never was. */
export async function removeQueueRecord(folder: string): Promise<void> {
  await rm(recordPath(folder), { force: true });
}

/** Tells the parts of one dataset from those of others: 12 hexadecimal digits of what the plan says. */
export function planDigest({ settings, rows }: DatasetPlan): string {
  return digest(JSON.stringify([settings, rows]));
}

/** A queue for a dataset: the same whenever its parts are put on it, and another for another folder. */
export function defaultQueueName(plan: DatasetPlan): string {
  const folder = resolve(plan.folder);
  return `encodec-tokenizer-${basename(folder).replace(/[^\w.-]/gu, "_")}-${digest(`${folder}\n${planDigest(plan)}`)}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

const recordName = "plan/queue.json";

function recordPath(folder: string): string {
  return join(folder, recordName);
}
