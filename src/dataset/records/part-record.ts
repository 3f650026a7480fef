import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { DatasetError } from "../folder/dataset-error.ts";
import { writeDurably } from "../folder/durable-file.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { partFile, partOfName, partsWith } from "../folder/part-names.ts";
import { parseJson, readTextInside } from "../folder/read-json-file.ts";
import { isInShare } from "../folder/share.ts";
import type { Share } from "../folder/share.ts";
import type { FinishedShard } from "./finished-shard.ts";
import { shardSchema } from "./dataset-info.ts";

const count = z.int().min(0);

const schema: z.ZodType<PartRecord> = z.object({
  part: count,
  rows: count,
  clips: count,
  errors: count,
  seconds: z.number().min(0),
  shards: z.array(shardSchema),
  statistics: z.record(z.string(), z.json()) as z.ZodType<JsonObject>,
});

/** What is known of a part that is done. It holds nothing that depends on the machine or the time. */
export interface PartRecord {
  readonly part: number;
  /** Rows of the part, bad ones included. */
  readonly rows: number;
  readonly clips: number;
  /** Rows that became errors. */
  readonly errors: number;
  /** Audio that was encoded. */
  readonly seconds: number;
  readonly shards: readonly FinishedShard[];
  /** Whatever the report at the end adds up. */
  readonly statistics: JsonObject;
}

/**
 * Records that a part is done: to be called when everything else of it has its final name and is synced.
 * @throws as `writeDurably`.
 */
export async function writePartRecord(folder: string, record: PartRecord): Promise<void> {
  await writeDurably(recordPath(folder, record.part), `${JSON.stringify(schema.parse(record))}\n`);
}

/** @throws DatasetError with code DATASET_FORMAT if there is none, or it is damaged. */
export async function readPartRecord(folder: string, part: number): Promise<PartRecord> {
  try {
    return parsePartRecord((await readTextInside(folder, partFile(part, "record"))) ?? "", part);
  } catch (cause) {
    throw new DatasetError("DATASET_FORMAT", `${recordPath(folder, part)} is missing or damaged; delete it, and the next run does part ${part} again`, { cause });
  }
}

/** @throws ZodError, SyntaxError, RangeError if it is not the record of this part. */
export function parsePartRecord(text: string, part: number): PartRecord {
  const record = schema.parse(parseJson(text));
  const foreign = record.part === part ? record.shards.find(({ path }) => (partOfName(basename(path)) ?? part) !== part)?.path : `the record of part ${record.part}`;
  if (foreign !== undefined) throw new RangeError(`${foreign} is in the place of part ${part}`);
  return record;
}

/** Takes a part back, so that the next run does it again. */
export async function removePartRecord(folder: string, part: number): Promise<void> {
  await rm(recordPath(folder, part), { force: true });
}

/** Parts of a share that are done, in order. */
export async function listFinishedParts(folder: string, share: Share): Promise<readonly number[]> {
  const parts = await partsWith(folder, "record");
  return parts.filter((part) => isInShare(share, part)).toSorted((a, b) => a - b);
}

function recordPath(folder: string, part: number): string {
  return join(folder, partFile(part, "record"));
}
