import { posix } from "node:path";
import type { JsonObject, JsonValue } from "../folder/json-value.ts";
import { cleanKey, keyOfPath, keyOfRange } from "./row-key.ts";
import type { BadRow, Row } from "./row.ts";

/** Where a line of a manifest was found. */
export interface ManifestPlace {
  /** Position of the manifest among the inputs. */
  readonly input: number;
  /** The manifest's path, relative to the input's folder. */
  readonly path: string;
  /** Number of the line, from 1. */
  readonly line: number;
  /** Goes before keys that are made from paths: nothing, or a folder with its slash. */
  readonly prefix: string;
}

/** Columns that may have the path: ours, NeMo's, and that of the Hub's folders of audio. The first one that is there has it. */
export const pathColumns: readonly string[] = ["path", "audio_filepath", "file_name"];

/**
 * One record of a manifest as a row.
 *
 * `path` (or `audio_filepath`, or `file_name`) is needed. `id` (text or a number) becomes the key; without it the path does, with the time range. Any two of `start` (or `offset`), `end` and
 * `duration` choose a range, in seconds; all three have to agree. `start` alone goes to the end of the file, and `end` alone comes from its beginning.
 * Numbers may be written as text, and empty text or null is as if not there. A `duration` alone tells of the audio and chooses nothing. All else is
 * carried along as columns, as it is.
 */
export function rowOfRecord(record: JsonObject, place: ManifestPlace): Row {
  const { id, start, end, offset, duration, ...columnsAndPath } = record;
  const pathColumn = pathColumns.find((name) => Object.hasOwn(columnsAndPath, name)) ?? "path";
  const { [pathColumn]: path, ...others } = columnsAndPath;
  try {
    if (typeof path !== "string" || path.trim() === "")
      throw new RecordError(`${pathColumn}: found ${show(path)}; expected the path of an audio file`);
    const problem = pathProblem(path);
    if (problem !== undefined) throw new RecordError(`${pathColumn}: ${problem}`);
    const range = rangeOf({ start, end, offset, duration });
    const hasStart = !isEmpty(start) || !isEmpty(offset);
    // With one end of the range it says where the other is, else it tells of the audio.
    const isOfRange = isEmpty(duration) || hasStart === isEmpty(end);
    const columns = isOfRange ? others : { duration: duration!, ...others };
    return {
      key: isEmpty(id) ? place.prefix + keyOfRange(keyOfPath(path), range.start, range.end) : keyOfId(id!),
      input: place.input,
      path: posix.normalize(path),
      ...range,
      ...(Object.keys(columns).length === 0 ? {} : { columns }),
    };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return badLine(place, error.message);
  }
}

/** What is wrong with a text that should be the path of a file; undefined for nothing that could be known without looking. */
export function pathProblem(path: string): string | undefined {
  if (path.includes("\0")) return "found a zero byte in it; expected one path a line";
  return /^[a-z][a-z0-9+.-]+:\/\//iu.test(path) ? `found the URL ${path.slice(0, 200)}; download the file and give its path` : undefined;
}

/** A line that is no row. */
export function badLine({ input, path, line }: ManifestPlace, reason: string): BadRow {
  return { input, path, line, problem: { code: "ROW_INVALID", message: `${path}, line ${line}: ${reason}` } };
}

/** What is wrong with one record. */
class RecordError extends Error {}

interface SecondsRange {
  readonly start?: number;
  readonly end?: number;
}

/** Most seconds by which start, end and duration may disagree: they may be rounded one by one. */
const roundingTolerance = 0.1;

function rangeOf(columns: Readonly<Record<"start" | "end" | "offset" | "duration", JsonValue | undefined>>): SecondsRange {
  const start = startOf(columns);
  const end = secondsOf(columns.end, "end");
  if (isEmpty(columns.duration) || (start === undefined && end === undefined)) return checkRange(start, end);
  const duration = secondsOf(columns.duration, "duration")!;
  if (end === undefined) return checkRange(start, start! + duration);
  if (start === undefined) {
    if (duration > end + roundingTolerance)
      throw new RecordError(`it ends at ${end} s and has a duration of ${duration} s, so it would start before its file does; correct one`);
    return checkRange(Math.max(0, end - duration), end);
  }
  if (Math.abs(end - start - duration) > roundingTolerance)
    throw new RecordError(
      `it goes from ${start} s to ${end} s, which is not the duration of ${duration} s; correct one, or rename the column of a duration that is of the whole file`,
    );
  return checkRange(start, end);
}

/** Where a row starts: `offset` is another name for that. */
function startOf({ start, offset }: Readonly<Record<"start" | "offset", JsonValue | undefined>>): number | undefined {
  if (!isEmpty(start) && !isEmpty(offset)) throw new RecordError("it has start and also offset, which are the same; give one of them");
  return secondsOf(start, "start") ?? secondsOf(offset, "offset");
}

function checkRange(start: number | undefined, end: number | undefined): SecondsRange {
  if (end !== undefined && end <= (start ?? 0))
    throw new RecordError(`it ends at ${end} s, where it starts at ${start ?? 0} s or before; expected a later end`);
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

function secondsOf(value: JsonValue | undefined, name: string): number | undefined {
  if (isEmpty(value)) return undefined;
  const seconds = typeof value === "string" ? Number(value) : value;
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds < 0) {
    throw new RecordError(`${name}: found ${show(value)}; expected seconds, 0 or more`);
  }
  return seconds;
}

function keyOfId(id: JsonValue): string {
  if (typeof id !== "string" && typeof id !== "number") throw new RecordError(`id: found ${show(id)}; expected text or a number`);
  return cleanKey(String(id));
}

/** CSV has no other way to say that there is nothing. */
function isEmpty(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

function show(value: JsonValue | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 80);
}
