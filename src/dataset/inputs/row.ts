import { z } from "zod";
import { jsonObject } from "../folder/json-value.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { parseJson } from "../folder/read-json-file.ts";

/** Where a file lies within a tar, so that it is read without what stands before it. */
export interface TarMember {
  readonly name: string;
  /** Where its first byte is in the tar. */
  readonly offset: number;
  /** Size in bytes. */
  readonly size: number;
}

/** One piece of work: an audio file, or a member of a tar, or a time range of either. */
export interface AudioRow {
  /** Name of its clips, unique in the dataset. It may have slashes, as paths do; after the last one it has no dots. */
  readonly key: string;
  /** Position of its input among those of the plan; its root is what `path` is relative to. */
  readonly input: number;
  /** Path of the file or the tar: relative to the input's root, with slashes, or absolute. */
  readonly path: string;
  readonly member?: TarMember | undefined;
  /** Where its audio starts in the file, in seconds. @default 0 */
  readonly start?: number | undefined;
  /** Where it ends, in seconds. @default The end of the file. */
  readonly end?: number | undefined;
  /** What else the manifest, or the `.json` beside a member of a tar, says of it. */
  readonly columns?: JsonObject | undefined;
  /** Key of an earlier row with the same audio; this one is not encoded again. */
  readonly duplicateOf?: string | undefined;
  readonly problem?: undefined;
}

/** Why something listed is no work. */
export interface RowProblem {
  readonly code: "ROW_INVALID" | "ROW_DUPLICATE_KEY" | "FILE_UNREADABLE" | "FILE_OUTSIDE" | "FILE_LEFT_OUT" | "TAR_DAMAGED";
  readonly message: string;
}

/** Something listed that cannot be worked on: it becomes an error of the dataset. */
export interface BadRow {
  readonly input: number;
  /** Path of the file at fault: the manifest for a bad line. */
  readonly path: string;
  /** Line of a manifest, from 1. */
  readonly line?: number | undefined;
  readonly problem: RowProblem;
}

/** One line of input work, as the plan freezes it. */
export type Row = AudioRow | BadRow;

/** A row with its place in the order of all rows, from 0. */
export interface NumberedRow {
  readonly index: number;
  readonly row: Row;
}

/** A row as a line of `plan/rows.jsonl`, without its line break. */
export function formatRow(row: Row): string {
  return JSON.stringify(row);
}

const text = z.string().min(1);
const count = z.int().min(0);
const seconds = z.number().min(0);

const badRowSchema = z.object({
  input: count,
  path: z.string(),
  line: count.optional(),
  problem: z.object({ code: z.string().regex(/^[A-Z_]{1,50}$/u), message: z.string() }),
});

const audioRowSchema = z.object({
  key: z.string(),
  input: count,
  path: text.refine((path) => !path.includes("\0"), { error: "it has a zero byte" }),
  member: z.object({ name: z.string(), offset: count, size: count }).optional(),
  start: seconds.optional(),
  end: seconds.optional(),
  columns: jsonObject.optional(),
  duplicateOf: z.string().optional(),
  problem: z.undefined().optional(),
});

const rowSchema = z.union([audioRowSchema, badRowSchema]);

/** A row that `formatRow` wrote. @throws ZodError, SyntaxError, RangeError if it is none. */
export function parseRow(line: string): Row {
  const row = parseJson(line);
  rowSchema.parse(row);
  return row as Row; // as it is: names of columns such as __proto__ stay what they are
}

export function isBadRow(row: Row): row is BadRow {
  return row.problem !== undefined;
}
