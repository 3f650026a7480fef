import { readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { inTurns, maxJsonLength } from "../core/index.ts";
import type { Turns } from "../core/index.ts";
import { JsonReader, takeFields } from "../storage/index.ts";
import { jsonObject } from "./clip-fields.ts";
import type { FinishedShard } from "./clip-output.ts";
import { DatasetError } from "./dataset-error.ts";
import { shardSchema, takenShards, takeShards } from "./dataset-info.ts";
import { writeDurably } from "./durable-file.ts";
import { maxListBytes, readBytes } from "./read-json-file.ts";
import type { JsonObject } from "./row.ts";
import { selectsPart } from "./shard-selection.ts";
import type { ShardSelection } from "./shard-selection.ts";

const count = z.int().min(0);

/** What is said of a part besides its shards and its statistics takes less. */
const maxCountBytes = 2 ** 12;

const schema: z.ZodType<PartRecord> = z.object({
  part: count,
  rows: count,
  clips: count,
  errors: count,
  seconds: z.number().min(0),
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
  readonly shards: readonly FinishedShard[];
  /** Whatever the report at the end adds up. */
  readonly statistics: JsonObject;
}

/** The number of a part as its files have it: `000012`. @throws RangeError for what is no whole number from 0. */
export function formatPart(part: number): string {
  if (!Number.isSafeInteger(part) || part < 0) throw new RangeError(`a part is a whole number from 0; received ${JSON.stringify(part)?.slice(0, 80)}`);
  return String(part).padStart(6, "0");
}

/** The part that a name of a file speaks of: `000012.json`, `part-000012-000.tar`; undefined if of none. */
export function partOfName(name: string): number | undefined {
  const digits = /^(?:part-)?(?<part>\d{6,})[-.]/u.exec(name)?.groups!["part"];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Records that a part is done: to be called when everything else of it has its final name and is synced.
 * @throws as `writeDurably`.
 */
export async function writePartRecord(folder: string, record: PartRecord): Promise<void> {
  await writeDurably(recordPath(folder, record.part), `${JSON.stringify({ ...schema.parse(record), shards: record.shards.map((shard) => shardSchema.parse(shard)) })}\n`);
}

/** @throws DatasetError with code DATASET_FORMAT if there is none, or it is damaged. */
export async function readPartRecord(folder: string, part: number): Promise<PartRecord> {
  try {
    return await inTurns(parsePartRecord((await readBytes(folder, recordName(part), maxListBytes)) ?? new Uint8Array(0), part));
  } catch (cause) {
    throw new DatasetError("DATASET_FORMAT", `${recordPath(folder, part)} is missing or damaged; delete it, and the next run does part ${part} again`, { cause });
  }
}

/** @throws ZodError, CodesError, RangeError if it is not the record of this part. */
export function* parsePartRecord(bytes: Uint8Array, part: number): Turns<PartRecord> {
  const name = recordName(part);
  const reader = new JsonReader(bytes, name);
  reader.expect("{");
  const record = schema.parse(yield* takeFields(reader, name, { shards: (of) => takeShards(of, name, refuseForeign) }, { maxBytes: maxJsonLength + maxCountBytes }));
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

/** Parts of a selection that are done, in order. It reads names only: 100,000 parts take a blink. */
export async function listFinishedParts(folder: string, selection: ShardSelection): Promise<readonly number[]> {
  const names = await readdir(join(folder, "parts")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const parts = names.filter((name) => /^\d{6,}\.json$/u.test(name)).map((name) => Number.parseInt(name, 10));
  return parts.filter((part) => selectsPart(selection, part)).toSorted((a, b) => a - b);
}

function recordPath(folder: string, part: number): string {
  return join(folder, recordName(part));
}

/** Path of a part's record in the dataset's folder. */
export function recordName(part: number): string {
  return `parts/${formatPart(part)}.json`;
}
