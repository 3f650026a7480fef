import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { inTurns, maxJsonLength } from "../../core/index.ts";
import type { Turns } from "../../core/index.ts";
import { JsonReader, takeFields } from "../../storage/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { writeDurably } from "../folder/durable-file.ts";
import { jsonObject } from "../folder/json-value.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { partFile, partOfName, partsWith } from "../folder/part-names.ts";
import { maxListBytes, readBytes } from "../folder/read-json-file.ts";
import { isInShare } from "../folder/share.ts";
import type { Share } from "../folder/share.ts";
import type { FinishedShard } from "./finished-shard.ts";
import { shardSchema, takenShards, takeShards } from "./dataset-info.ts";

const count = z.int().min(0);

/** What is said of a part besides its shards and its statistics takes less. */
const maxCountBytes = 2 ** 12;

const schema: z.ZodType<PartRecord> = z.object({
  part: count,
  rows: count,
  clips: count,
  errors: count,
  seconds: z.number().min(0),
  warnings: count.optional(),
  damaged: count.optional(),
  shards: takenShards,
  statistics: jsonObject,
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
  /** Lines of its `warnings.jsonl`. @default 0, and there is no such file */
  readonly warnings?: number | undefined;
  /** Clips whose audio is damaged. @default 0 */
  readonly damaged?: number | undefined;
  readonly shards: readonly FinishedShard[];
  /** Whatever the report at the end adds up. */
  readonly statistics: JsonObject;
}

/**
 * Records that a part is done: to be called when everything else of it has its final name and is synced.
 * @throws as `writeDurably`.
 */
export async function writePartRecord(folder: string, record: PartRecord): Promise<void> {
  await writeDurably(
    recordPath(folder, record.part),
    `${JSON.stringify({ ...schema.parse(record), shards: record.shards.map((shard) => shardSchema.parse(shard)) })}\n`,
  );
}

/** @throws DatasetError with code DATASET_FORMAT if there is none, or it is damaged. */
export async function readPartRecord(folder: string, part: number): Promise<PartRecord> {
  try {
    return await inTurns(parsePartRecord((await readBytes(folder, partFile(part, "record"), maxListBytes)) ?? new Uint8Array(0), part));
  } catch (cause) {
    throw new DatasetError(
      "DATASET_FORMAT",
      `${recordPath(folder, part)} is missing or damaged; delete it, and the next run does part ${part} again`,
      { cause },
    );
  }
}

/** @throws ZodError, CodesError, RangeError if it is not the record of this part. */
export function* parsePartRecord(bytes: Uint8Array, part: number): Turns<PartRecord> {
  const name = partFile(part, "record");
  const reader = new JsonReader(bytes, name);
  reader.expect("{");
  const record = schema.parse(
    yield* takeFields(reader, name, { shards: (of) => takeShards(of, name, refuseForeign) }, { maxBytes: maxJsonLength + maxCountBytes }),
  );
  if (record.part !== part) throw new RangeError(`the record of part ${record.part} is in the place of part ${part}`);
  return record;

  function refuseForeign({ path }: FinishedShard): void {
    if ((partOfName(basename(path)) ?? part) !== part) throw new RangeError(`${path} is in the place of part ${part}`);
  }
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
