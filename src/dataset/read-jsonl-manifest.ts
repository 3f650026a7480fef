import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { badLine, rowOfRecord } from "./manifest-record.ts";
import type { ManifestPlace } from "./manifest-record.ts";
import type { JsonObject, Row } from "./row.ts";
import { readLines } from "./text-lines.ts";

/**
 * Rows of a manifest with one JSON object per line (see `rowOfRecord` for what they say). Empty lines are passed over;
 * a line that is no object is a bad row.
 */
export async function* readJsonlManifest(path: string, { input, prefix }: Omit<ManifestPlace, "path" | "line">): AsyncGenerator<Row> {
  const name = basename(path);
  for await (const { number, text, problem } of readLines(createReadStream(path))) {
    const place = { input, prefix, path: name, line: number };
    if (text === undefined) yield badLine(place, problem!);
    else if (text.trim() !== "") yield rowOfLine(text, place);
  }
}

function rowOfLine(text: string, place: ManifestPlace): Row {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    const advice = /\b(?:NaN|Infinity)\b/u.test(text) ? "; JSON has no NaN and no Infinity, write null" : "";
    return badLine(place, `it is not JSON: ${(error as Error).message}${advice}`);
  }
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    return badLine(place, `found ${text.slice(0, 80)}; expected an object such as {"path": "a.wav"}`);
  }
  return rowOfRecord(record as JsonObject, place);
}
