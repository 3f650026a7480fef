import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { DatasetError } from "../folder/dataset-error.ts";
import { csvRecords } from "./csv-records.ts";
import { badLine, rowOfRecord } from "./manifest-record.ts";
import type { ManifestPlace } from "./manifest-record.ts";
import { maxColumns } from "./parse-json-object.ts";
import type { Row } from "./row.ts";
import { notUtf8, readLines } from "./text-lines.ts";

/**
 * Rows of a manifest in CSV or TSV (see `rowOfRecord` for what they say). Its first line names the columns, at most 10,000 with names of at most 256 characters, and every
 * value is text: in UTF-8, or in UTF-16 with a byte order mark, as spreadsheets save it. Lines end in LF, CR LF or CR. Empty lines are passed
 * over; a line with more or fewer values than the first is a bad row.
 * @throws DatasetError with code DATASET_INPUT, naming the line, for columns that do not do, for bytes that are no text, and for lines that
 * `csvRecords` refuses.
 */
export function readCsvManifest(path: string, place: Omit<ManifestPlace, "path" | "line">, delimiter: "," | "\t"): AsyncGenerator<Row> {
  return rowsOfCsv(() => createReadStream(path), path, place, delimiter);
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
  // Tab-separated files have no quotes by custom: a value may well start with one.
  for await (const { values, line } of csvRecords(textOf(open, path), { path, delimiter, hasQuotes: delimiter === "," })) {
    if (columns === undefined) {
      columns = checkColumns(values, `${path}, line ${line}`, delimiter);
      continue;
    }
    const place = { input, prefix, path: name, line };
    if (values.length !== columns.length) {
      yield badLine(place, `found ${values.length} values; expected ${columns.length}, one for each of ${someOf(columns)}`);
    } else {
      yield rowOfRecord(Object.fromEntries(columns.map((column, i) => [column, values[i]!])), place);
    }
  }
  if (columns === undefined)
    throw new DatasetError("DATASET_INPUT", `${path} is empty; expected a first line that names its columns, such as path${delimiter}id`);
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
  if (!names.has("path"))
    fail(
      `there is no column path; found ${someOf(columns)}. Rename the one with the paths, or check that ${delimiter === "\t" ? "tabs" : "commas"} separate the columns`,
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
