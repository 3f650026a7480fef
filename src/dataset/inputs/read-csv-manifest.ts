import { basename } from "node:path";
import { DatasetError } from "../folder/dataset-error.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { audioExtensionOf } from "./audio-extensions.ts";
import { csvRecords, maxRecordLength } from "./csv-records.ts";
import { manifestBytes } from "./manifest-bytes.ts";
import { badLine, pathColumns, rowOfRecord } from "./manifest-record.ts";
import type { ManifestPlace } from "./manifest-record.ts";
import { maxColumns } from "./parse-json-object.ts";
import type { Row } from "./row.ts";
import { notUtf8, readLines } from "./text-lines.ts";

/**
 * Rows of a manifest in CSV or TSV (see `rowOfRecord` for what they say). Its first line names the columns, at most 10,000 with names of at most 256 characters, and every
 * value is text: in UTF-8, or in UTF-16 with a byte order mark, as spreadsheets save it. Lines end in LF, CR LF or CR. Empty lines are passed
 * over; a line with more or fewer values than the first is a bad row. A `.csv` whose first line has `|` and no commas that separate a column of paths is read between these, without quotes; where
 * no column is named there, it is LJ Speech's list: an id, which is the name of a file in `wavs/`, or the path of a file, then the text, and perhaps the text in normal form.
 * @throws DatasetError with code DATASET_INPUT, naming the line, for columns that do not do, for bytes that are no text, and for lines that
 * `csvRecords` refuses.
 */
export function readCsvManifest(path: string, place: Omit<ManifestPlace, "path" | "line">, delimiter: "," | "\t"): AsyncGenerator<Row> {
  return rowsOfCsv(() => manifestBytes(path), path, place, delimiter);
}

/** Does what `readCsvManifest` does. @param open Gives the bytes of the file, from its beginning each time. */
export async function* rowsOfCsv(
  open: () => AsyncIterable<Uint8Array>,
  path: string,
  { input, prefix }: Omit<ManifestPlace, "path" | "line">,
  delimiter: "," | "\t",
): AsyncGenerator<Row> {
  const name = basename(path);
  let columns: readonly string[] | undefined;
  let isLjSpeech = false;
  const { first, texts } = await withFirstLine(textOf(open, path));
  const separator = delimiter === "," && isBetweenBars(first) ? "|" : delimiter;
  // Files that are separated in other ways have no quotes by custom: a value may well start with one.
  for await (const { values, line } of csvRecords(texts, { path, delimiter: separator, hasQuotes: separator === "," })) {
    if (columns === undefined) {
      isLjSpeech = separator === "|" && !values.some(isPathColumn);
      columns = isLjSpeech ? ljSpeechColumns(values, path) : checkColumns(values, `${path}, line ${line}`, separator);
      if (!isLjSpeech) continue;
    }
    const place = { input, prefix, path: name, line };
    if (values.length !== columns.length) {
      yield badLine(place, `found ${values.length} values; expected ${columns.length}, one for each of ${someOf(columns)}`);
    } else {
      const record = Object.fromEntries(columns.map((column, i) => [column, values[i]!]));
      yield rowOfRecord(isLjSpeech ? ljSpeechRecord(record) : record, place);
    }
  }
  if (columns === undefined)
    throw new DatasetError("DATASET_INPUT", `${path} is empty; expected a first line that names its columns, such as path${delimiter}id`);
}

/** Text up to its first line break, and all of it. */
async function withFirstLine(texts: AsyncIterator<string>): Promise<{ readonly first: string; readonly texts: AsyncIterable<string> }> {
  let first = "";
  let isOver = false;
  while (!isOver && !/[\r\n]/u.test(first.trimStart()) && first.length < maxRecordLength) {
    const next = await texts.next();
    isOver = next.done === true;
    if (next.done !== true) first += next.value;
  }
  async function* all(): AsyncGenerator<string, void> {
    try {
      yield first;
      for (let next = isOver ? undefined : await texts.next(); next !== undefined && next.done !== true; next = await texts.next())
        yield next.value;
    } finally {
      await texts.return?.();
    }
  }
  return { first: /^\s*(?<line>[^\r\n]*)/u.exec(first)!.groups!["line"]!, texts: all() };
}

function isPathColumn(name: string): boolean {
  return pathColumns.includes(name.trim());
}

/** Whether `|` separates the values of a file, by its first line. */
function isBetweenBars(line: string): boolean {
  return line.includes("|") && !line.split(",").some((name) => isPathColumn(name.replaceAll('"', "")));
}

/** The columns of LJ Speech's `metadata.csv`, which does not name them. Source: LJ Speech 1.1, README, "File Format". */
function ljSpeechColumns({ length }: readonly string[], path: string): readonly string[] {
  if (length === 2 || length === 3) return ["id", "text", "normalized_text"].slice(0, length);
  throw new DatasetError(
    "DATASET_INPUT",
    `${path}: its first line has ${length} values between |, and names no column path; expected that, or an id, a text and perhaps another one`,
  );
}

function ljSpeechRecord(record: Readonly<Record<string, string>>): JsonObject {
  const { id = "", ...texts } = record;
  return audioExtensionOf(id) === undefined ? { path: `wavs/${id}.wav`, id, ...texts } : { path: id, ...texts };
}

/** A file's text, without its byte order mark. */
async function* textOf(open: () => AsyncIterable<Uint8Array>, path: string): AsyncGenerator<string, void> {
  let decoder: TextDecoder | undefined;
  for await (const chunk of open()) {
    decoder ??= new TextDecoder(chunk[0] === 0xff && chunk[1] === 0xfe ? "utf-16le" : "utf-8", { fatal: true });
    yield await decoded(decoder, chunk, open, path);
  }
  if (decoder !== undefined) yield await decoded(decoder, undefined, open, path);
}

/** @param chunk Undefined for the end. */
async function decoded(
  decoder: TextDecoder,
  chunk: Uint8Array | undefined,
  open: () => AsyncIterable<Uint8Array>,
  path: string,
): Promise<string> {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (cause) {
    if (decoder.encoding === "utf-16le")
      throw new DatasetError("DATASET_INPUT", `${path} is not UTF-16, as its byte order mark says; save it as UTF-8`, { cause });
    for await (const { number, problem } of readLines(open())) {
      if (problem === notUtf8) throw new DatasetError("DATASET_INPUT", `${path}, line ${number}: ${notUtf8}`, { cause });
    }
    throw new DatasetError("DATASET_INPUT", `${path}: ${notUtf8}`, { cause });
  }
}

/** Most characters of a column's name, which every row of the plan has again. */
const maxNameLength = 256;

function checkColumns(record: readonly string[], place: string, delimiter: string): readonly string[] {
  const fail = (reason: string): never => {
    throw new DatasetError("DATASET_INPUT", `${place}: ${reason}`);
  };
  if (record.length > maxColumns) fail(`there are ${record.length} columns; at most ${maxColumns} are read`);
  const columns = record.map((name) => name.trim());
  const names = new Set<string>();
  for (const name of columns) {
    if (names.has(name)) fail(`there are two columns named ${JSON.stringify(shortened(name))}; rename one`);
    names.add(name);
  }
  if (!pathColumns.some((name) => names.has(name)))
    fail(
      `there is no column path (or ${pathColumns.slice(1).join(", ")}); found ${someOf(columns)}. Rename the one with the paths, or check that ${delimiter === "\t" ? "tabs" : "commas"} separate the columns`,
    );
  if (names.has("offset") && names.has("start")) fail("there are columns offset and start, which are the same; keep one of them");
  const long = columns.find(({ length }) => length > maxNameLength);
  if (long !== undefined)
    fail(
      `the column ${shortened(long)} has a name of ${long.length} characters; at most ${maxNameLength} are read, since every row has the names again`,
    );
  return columns;
}

/** Names for a message: the first few. */
function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 10).map(shortened).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

function shortened(name: string): string {
  return name.length > 40 ? `${name.slice(0, 39)}…` : name;
}
