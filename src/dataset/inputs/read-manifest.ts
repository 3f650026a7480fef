import type { ManifestPlace } from "./manifest-record.ts";
import { readCsvManifest } from "./read-csv-manifest.ts";
import { readJsonlManifest } from "./read-jsonl-manifest.ts";
import type { Row } from "./row.ts";

/** How the rows of a manifest are written: a JSON object a line, or values between commas (or `|`) or tabs. */
export type ManifestKind = "jsonl" | "csv" | "tsv";

const kinds: Readonly<Record<string, ManifestKind>> = { jsonl: "jsonl", ndjson: "jsonl", json: "jsonl", csv: "csv", tsv: "tsv" };

/** What a file is as a manifest, by its name; undefined if it is none. */
export function manifestKindOf(path: string): ManifestKind | undefined {
  const extension = /\.(?<extension>[^./]+)(?:\.gz)?$/iu.exec(path)?.groups!["extension"]!.toLowerCase() ?? "";
  return Object.hasOwn(kinds, extension) ? kinds[extension] : undefined;
}

/** The rows of a manifest. @throws as `readJsonlManifest` and `readCsvManifest`. */
export function readManifest(path: string, kind: ManifestKind, place: Omit<ManifestPlace, "path" | "line">): AsyncGenerator<Row> {
  if (kind === "jsonl") return readJsonlManifest(path, place);
  return readCsvManifest(path, place, kind === "csv" ? "," : "\t");
}
