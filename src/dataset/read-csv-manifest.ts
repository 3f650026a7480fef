import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import type { Info } from "csv-parse";
import { DatasetError } from "./dataset-error.ts";
import { badLine, rowOfRecord } from "./manifest-record.ts";
import type { ManifestPlace } from "./manifest-record.ts";
import type { Row } from "./row.ts";
import { readLines } from "./text-lines.ts";

/** What the parser gives for a record. */
interface CsvRecord {
  readonly info: Info;
  readonly record: readonly string[];
}

/**
 * Rows of a manifest in CSV or TSV (see `rowOfRecord` for what they say). Its first line names the columns, and every
 * value is text: in UTF-8, or in UTF-16 with a byte order mark, as spreadsheets save it. Lines end in LF, CR LF or CR. Empty lines are passed
 * over; a line with more or fewer values than the first is a bad row.
 * @throws DatasetError with code DATASET_INPUT, naming the line, for columns that do not do, for bytes that are no text, and for quotes
 * that are not closed or not doubled: where the next row starts, nobody knows then.
 */
export async function* readCsvManifest(path: string, { input, prefix }: Omit<ManifestPlace, "path" | "line">, delimiter: "," | "\t"): AsyncGenerator<Row> {
  const name = basename(path);
  const parser = parse({
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"], // any of them everywhere: else the first line would decide for all
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: 2 ** 20,
    // Tab-separated files have no quotes by custom: a value may well start with one.
    ...(delimiter === "\t" ? { quote: null } : {}),
  });
  const source = Readable.from(textOf(path));
  source.on("error", (error) => parser.destroy(error));
  source.pipe(parser);
  let columns: readonly string[] | undefined;
  let countedTwice = 0; // lines: the parser takes a CR LF within quotes for two
  try {
    for await (const { info, record } of parser as AsyncIterable<CsvRecord>) {
      countedTwice += record.reduce((sum, value) => sum + (value.match(/\r\n/gu)?.length ?? 0), 0);
      const line = info.lines - countedTwice;
      if (columns === undefined) {
        columns = checkColumns(record, `${path}, line ${line}`, delimiter);
        continue;
      }
      const place = { input, prefix, path: name, line };
      if (record.length !== columns.length) {
        yield badLine(place, `found ${record.length} values; expected ${columns.length}, one for each of ${columns.join(", ")}`);
      } else {
        yield rowOfRecord(Object.fromEntries(columns.map((column, i) => [column, record[i]!])), place);
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DatasetError("DATASET_INPUT", `${path}: ${error.message}; put quotes around values that hold them, and write "" for a quote within`, { cause: error });
  } finally {
    source.destroy();
  }
  if (columns === undefined) throw new DatasetError("DATASET_INPUT", `${path} is empty; expected a first line that names its columns, such as path${delimiter}id`);
}

/** A file's text, without its byte order mark. */
async function* textOf(path: string): AsyncGenerator<string, void> {
  let decoder: TextDecoder | undefined;
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    decoder ??= new TextDecoder(chunk[0] === 0xff && chunk[1] === 0xfe ? "utf-16le" : "utf-8", { fatal: true });
    yield await decoded(decoder, chunk, path);
  }
  if (decoder !== undefined) yield await decoded(decoder, undefined, path);
}

/** @param chunk Undefined for the end. */
async function decoded(decoder: TextDecoder, chunk: Uint8Array | undefined, path: string): Promise<string> {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (cause) {
    for await (const { number, text } of readLines(createReadStream(path), Infinity)) {
      if (text === undefined) throw new DatasetError("DATASET_INPUT", `${path}, line ${number}: it is not UTF-8; save the file as UTF-8`, { cause });
    }
    throw new DatasetError("DATASET_INPUT", `${path} is not UTF-16, as its byte order mark says; save it as UTF-8`, { cause });
  }
}

function checkColumns(record: readonly string[], place: string, delimiter: string): readonly string[] {
  const columns = record.map((name) => name.trim());
  const fail = (reason: string): never => {
    throw new DatasetError("DATASET_INPUT", `${place}: ${reason}`);
  };
  if (!columns.includes("path")) fail(`there is no column path; found ${columns.join(", ")}. Rename the one with the paths, or check that ${delimiter === "\t" ? "tabs" : "commas"} separate the columns`);
  const repeated = columns.find((name, i) => columns.indexOf(name) !== i);
  if (repeated !== undefined) fail(`there are two columns named ${JSON.stringify(repeated)}; rename one`);
  if (columns.includes("offset") && (columns.includes("start") || columns.includes("end"))) {
    fail("there are columns offset and start or end; keep start and end, or offset and duration");
  }
  return columns;
}
