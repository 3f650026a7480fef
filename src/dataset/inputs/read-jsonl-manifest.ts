import { basename } from "node:path";
import { DatasetError } from "../folder/dataset-error.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { manifestBytes } from "./manifest-bytes.ts";
import { badLine, rowOfRecord } from "./manifest-record.ts";
import type { ManifestPlace } from "./manifest-record.ts";
import { parseJsonObject } from "./parse-json-object.ts";
import type { Row } from "./row.ts";
import { readLines } from "./text-lines.ts";

/**
 * Rows of a manifest with one JSON object per line (see `rowOfRecord` for what they say). Empty lines are passed over;
 * a line that is no object, or has numbers that would lose digits, is a bad row.
 * @throws DatasetError with code DATASET_INPUT for one document over all lines.
 */
export function readJsonlManifest(path: string, place: Omit<ManifestPlace, "path" | "line">): AsyncGenerator<Row> {
  return rowsOfJsonl(manifestBytes(path), { ...place, path: basename(path) });
}

/** Does what `readJsonlManifest` does, with bytes in pieces. */
export async function* rowsOfJsonl(chunks: AsyncIterable<Uint8Array>, manifest: Omit<ManifestPlace, "line">): AsyncGenerator<Row> {
  let isFirst = true;
  for await (const { number, text, problem } of readLines(chunks)) {
    if (isFirst && text !== undefined && text.trim() !== "") {
      isFirst = false;
      if (/^\s*(?:\[\s*(?:\{|$)|\{\s*$)/u.test(text)) throw oneDocument(manifest.path);
    }
    const place = { ...manifest, line: number };
    if (text === undefined) yield badLine(place, problem!);
    else if (text.trim() !== "") yield rowOfLine(text, place);
  }
}

function oneDocument(path: string): DatasetError {
  return new DatasetError(
    "DATASET_INPUT",
    `${path} is one JSON document; a manifest has a JSON object on each line: jq -c '.[]' ${path} > manifest.jsonl makes one of a list`,
  );
}

function rowOfLine(text: string, place: ManifestPlace): Row {
  let record: JsonObject;
  try {
    record = parseJsonObject(text);
  } catch (error) {
    return badLine(place, (error as Error).message);
  }
  return rowOfRecord(record, place);
}
