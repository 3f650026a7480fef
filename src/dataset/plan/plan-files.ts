import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { inTurns, maxJsonLength } from "../../core/index.ts";
import { openInside, piecesOf } from "../../files/index.ts";
import { JsonReader, takeList } from "../../storage/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { jsonObject } from "../folder/json-value.ts";
import type { JsonObject, JsonValue } from "../folder/json-value.ts";
import { boundedList, readBytes, readJsonFile } from "../folder/read-json-file.ts";
import { parseRow } from "../inputs/row.ts";
import type { Row } from "../inputs/row.ts";
import { readLines } from "../inputs/text-lines.ts";
import { maxTypedColumns, typedColumnSchema } from "../records/column-types.ts";
import type { TypedColumn } from "../records/column-types.ts";
import type { RepeatedKey } from "./key-check.ts";

/** Files of a plan, by their names in the dataset's folder. */
export const planFiles = {
  /** Written last: a plan without it is none. */
  plan: "plan.json",
  rows: "plan/rows.jsonl",
  offsets: "plan/offsets.bin",
  repeats: "plan/repeats.bin",
  inputs: "plan/inputs.json",
} as const;

/** The folder of inputs that had to be unpacked, in the dataset's folder. */
export const unpackedFolder = "plan/unpacked";

const planVersion = 1;

/** Most bytes of a row, its line break left out. A record of a clip has more in it, and fits into `maxJsonLength`. */
export const maxRowBytes: number = maxJsonLength - 2 ** 18;

/** Most bytes of `plan/inputs.json`, and of an input in it. */
const maxInputsBytes = 2 ** 24;
const maxInputBytes = 2 ** 18;

/** Most bytes of the settings: columns go into the same file, and the index has the settings further to the right. */
const maxSettingsBytes = 2 ** 20;
const count = z.int().min(0);

const planSchema: z.ZodType<PlanFile> = z.object({
  version: z.literal(planVersion),
  settings: jsonObject,
  rows: z
    .object({
      count: count.min(1),
      partRows: count.min(1),
      parts: count.min(1),
      sha256: z.string().regex(/^[0-9a-f]{64}$/u),
      dedupe: z.boolean(),
      duplicates: count,
      bad: count,
      repeats: count,
      columns: boundedList(typedColumnSchema, maxTypedColumns),
      leftOut: z.record(z.string(), count).optional(),
    })
    .refine((rows) => rows.parts === Math.ceil(rows.count / rows.partRows), { error: "rows and parts do not fit together" }),
});

/** What `plan.json` says. It is the same wherever and whenever the plan is made. */
export interface PlanFile {
  readonly version: typeof planVersion;
  /** Everything that shapes the result besides the rows. */
  readonly settings: JsonObject;
  readonly rows: {
    readonly count: number;
    /** Rows of a part. */
    readonly partRows: number;
    readonly parts: number;
    /** SHA-256 of the rows as they were listed, duplicates not marked: which corpus this is, wherever it lies. */
    readonly sha256: string;
    readonly dedupe: boolean;
    readonly duplicates: number;
    readonly bad: number;
    /** Rows that have the key of an earlier one. */
    readonly repeats: number;
    /** The columns of all manifests, in the order in which they came up. */
    readonly columns: readonly TypedColumn[];
    /** What of the inputs no row has: how often, by what it is; only where there is anything. */
    readonly leftOut?: Readonly<Record<string, number>> | undefined;
  };
}

const inputSchema: z.ZodType<PlannedInputs[number]> = z.object({
  kind: z.string(),
  root: z.string(),
  details: z.custom<JsonValue>((details) => details !== undefined),
});

/** Where the inputs were on the machine that made the plan; no part of the result. */
export type PlannedInputs = readonly {
  readonly kind: string;
  /** Absolute. */
  readonly root: string;
  /** What else tells the input from others: its path, its pattern, length and time of its file. */
  readonly details: JsonValue;
}[];

/** @throws RangeError for settings that are too long to be read again. */
export function checkSettings(settings: JsonObject): void {
  const bytes = Buffer.byteLength(JSON.stringify(settings, null, 2));
  if (bytes > maxSettingsBytes)
    throw new RangeError(
      `what shapes the dataset takes ${bytes} bytes as JSON; at most ${maxSettingsBytes} are kept: choose a smaller pattern, or a shorter description`,
    );
}

export function formatPlanFile(plan: Omit<PlanFile, "version">): string {
  return `${JSON.stringify({ version: planVersion, ...plan }, null, 2)}\n`;
}

/** @throws RangeError for more than can be read again. */
export function formatPlannedInputs(inputs: PlannedInputs): string {
  const text = `${JSON.stringify(inputs, null, 2)}\n`;
  if (Buffer.byteLength(text) > maxInputsBytes)
    throw new RangeError(`${inputs.length} inputs take more than ${maxInputsBytes} bytes to be remembered; give their folder, or a glob`);
  return text;
}

/** @returns undefined if the folder has no plan. @throws DatasetError with code DATASET_FORMAT if it has a damaged one. */
export async function readPlanFile(folder: string): Promise<PlanFile | undefined> {
  return await readJson(folder, planFiles.plan, planSchema);
}

/** @throws DatasetError with code DATASET_FORMAT if it is missing or damaged. */
export async function readPlannedInputs(folder: string): Promise<PlannedInputs> {
  const bytes = await readBytes(folder, planFiles.inputs, maxInputsBytes);
  if (bytes === undefined) throw damaged(folder, planFiles.inputs, "it is missing");
  try {
    const reader = new JsonReader(bytes, planFiles.inputs);
    const inputs = await inTurns(takeList(reader, planFiles.inputs, maxInputBytes, (value) => inputSchema.parse(value)));
    reader.expectEnd();
    return inputs;
  } catch (cause) {
    throw damaged(folder, planFiles.inputs, "it is not a list of inputs", cause);
  }
}

/** Offsets in `rows.jsonl`: of the first row of each part, then the file's length; little-endian uint64. */
export function formatOffsets(offsets: readonly number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(offsets, BigInt).buffer);
}

/** Rows with the key of an earlier one: for each its number and that of the earliest with the key; little-endian uint64. */
export function formatRepeats(repeats: readonly RepeatedKey[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(repeats.flatMap(({ row, first }) => [BigInt(row), BigInt(first)])).buffer);
}

/** For each row that repeats a key, the number of the earliest row with it. @throws DatasetError with code DATASET_FORMAT. */
export async function readRepeats(folder: string, number: number): Promise<ReadonlyMap<number, number>> {
  const numbers = await readUint64s(folder, planFiles.repeats, 0, 2 * number);
  return new Map(Array.from({ length: number }, (_, i) => [numbers[2 * i]!, numbers[2 * i + 1]!]));
}

/** Checks that the rows are all there. @throws DatasetError with code DATASET_FORMAT. */
export async function checkPlanRows(folder: string, parts: number): Promise<void> {
  const [expected] = await readUint64s(folder, planFiles.offsets, parts, 1);
  await using handle = await openPlanFile(folder, planFiles.rows);
  const { size } = await handle.stat();
  if (size !== expected) throw damaged(folder, planFiles.rows, `it has ${size} bytes and should have ${expected}`);
}

/**
 * The rows of one part, from the disk: line by line, since a thousand rows may be more than one text, or memory, can hold.
 * @param number Of the rows.
 * @throws DatasetError with code DATASET_FORMAT.
 */
export async function* readPlanRows(folder: string, part: number, number: number): AsyncGenerator<Row, void> {
  const [start, end] = (await readUint64s(folder, planFiles.offsets, part, 2)) as [number, number];
  await using handle = await openPlanFile(folder, planFiles.rows);
  let read = 0;
  try {
    for await (const { text, problem } of readLines(piecesOf(handle, { start, end }), maxRowBytes)) {
      if (text === undefined) throw new SyntaxError(problem);
      if (read >= number) break;
      const row = parseRow(text);
      read++;
      yield row;
    }
    if (read !== number) throw new RangeError(`it has ${read} of ${number} rows`);
  } catch (cause) {
    throw damaged(folder, planFiles.rows, `part ${part} at byte ${start} is not what was written`, cause);
  }
}

async function readUint64s(folder: string, name: string, first: number, length: number): Promise<readonly number[]> {
  const bytes = await readRange(folder, name, 8 * first, 8 * length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length }, (_, i) => Number(view.getBigUint64(8 * i, true)));
}

async function readRange(folder: string, name: string, offset: number, length: number): Promise<Uint8Array> {
  await using handle = await openPlanFile(folder, name);
  const { size } = await handle.stat();
  if (offset + length > size) throw damaged(folder, name, `it has ${size} bytes; at least ${offset + length} are expected`);
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, offset);
  if (bytesRead < length) throw damaged(folder, name, `reading stopped at byte ${offset + bytesRead}`);
  return bytes;
}

async function openPlanFile(folder: string, name: string): Promise<FileHandle> {
  return await openInside(folder, name).catch((cause: unknown) => {
    throw damaged(folder, name, `it cannot be opened: ${(cause as Error).message}`, cause);
  });
}

function readJson<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T | undefined> {
  return readJsonFile(folder, name, schema, (cause) => damaged(folder, name, "it is not a plan of this version", cause));
}

function damaged(folder: string, name: string, reason: string, cause?: unknown): DatasetError {
  return new DatasetError(
    "DATASET_FORMAT",
    `the plan of this dataset is damaged: ${join(folder, name)}: ${reason}; begin it again in an empty folder`,
    { cause },
  );
}
