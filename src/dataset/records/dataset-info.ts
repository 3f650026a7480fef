import { join } from "node:path";
import { z } from "zod";
import { relativePathProblem } from "../../core/index.ts";
import type { LicenseRecord } from "../../core/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { parseJson, readTextInside, reasonOf } from "../folder/read-json-file.ts";
import { jsonObject } from "./clip-fields.ts";
import { formatOfExtension, outputFormats } from "./finished-shard.ts";
import type { FinishedShard } from "./finished-shard.ts";
import { codecSchema } from "./codec-fields.ts";
import type { CodecFields } from "./codec-fields.ts";
import { statisticsSchema } from "./statistics.ts";
import type { DatasetStatistics } from "./statistics.ts";

/** Names, in a dataset's folder, of the index and of what goes with it. */
export const datasetInfoName = "dataset.json";
export const manifestName = "manifest.jsonl";
export const errorsName = "errors.jsonl";

const formatTag = "encodec-tokenizer/dataset";
const formatVersion = 1;

const count = z.int().min(0);
const digest = z.string().regex(/^[0-9a-f]{64}$/u);
/** A path in the dataset's folder, as `relativePathProblem` has it. */
const filePath: z.ZodType<string> = z.string().refine((path) => relativePathProblem(path) === undefined, {
  error: ({ input }) => `it leads elsewhere than into the folder: ${relativePathProblem(String(input))}`,
});

/** A shard as the index and the records of parts list it: its path says which format it has. */
export const shardSchema: z.ZodType<FinishedShard> = z
  .object({ format: z.enum(outputFormats), path: filePath, bytes: count, sha256: digest, clips: count })
  .refine(({ format, path }) => formatOfExtension[/^shards\/[^/.]+(?<extension>\.[^/]+)$/u.exec(path)?.groups!["extension"] ?? ""] === format, {
    error: "its path is not that of a shard of its format, such as shards/part-000012-000.tar",
    path: ["path"],
  });

/** One file of the index besides the shards. */
export interface IndexFile extends DescribedFile {
  /** Lines in it. */
  readonly lines: number;
}

/** A file as it was written. */
export interface DescribedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What `dataset.json` says of a finished dataset. */
export interface DatasetInfo {
  /** That wrote it. */
  readonly tool: { readonly name: string; readonly version: string };
  /** Model, commit, digest, license and numbers of the codec; null if there is no clip. */
  readonly codec: CodecFields | null;
  /** All that is known of the license of the weights, with evidence; null where nobody looked. */
  readonly license: LicenseRecord | null;
  /** Of the recordings, as whoever made the dataset says, in SPDX or Hub ids; null where that was left out. */
  readonly audioLicense: string | null;
  /** That shape the result. */
  readonly options: JsonObject;
  readonly counts: { readonly rows: number; readonly clips: number; readonly errors: number; readonly parts: number; readonly hours: number };
  readonly statistics: DatasetStatistics;
  readonly manifest: IndexFile;
  readonly errors: IndexFile;
  /** `report.svg` and `README.md`; empty where the dataset was finished before they were listed. */
  readonly files: readonly DescribedFile[];
  readonly shards: readonly FinishedShard[];
}

const describedFile = z.object({ path: filePath, bytes: count, sha256: digest });
const indexFile = (path: string): z.ZodType<IndexFile> => describedFile.extend({ path: z.literal(path), lines: count });
const status = z.enum(["settled", "unresolved", "contested"]);

export const licenseSchema: z.ZodType<LicenseRecord> = z.object({
  subject: z.string(),
  revision: z.string().nullable(),
  declared: z.object({ card: z.array(z.string()), api: z.array(z.string()).nullable() }),
  upstream: z.string().nullable(),
  effective: z.string(),
  stricterReading: z.string().nullable(),
  status,
  classes: z.array(
    z.enum(["permissive", "attribution", "share-alike", "copyleft", "non-commercial", "no-derivatives", "use-restricted", "unknown"]),
  ),
  evidence: z.array(z.object({ source: z.string(), fact: z.string(), date: z.string() })),
});

const schema = z.object({
  format: z.literal(formatTag),
  version: z.literal(formatVersion),
  tool: z.object({ name: z.string(), version: z.string() }),
  codec: codecSchema.nullable(),
  license: licenseSchema.nullable(),
  audioLicense: z.string().nullable(),
  options: jsonObject,
  counts: z.object({ rows: count, clips: count, errors: count, parts: count, hours: z.number().min(0) }),
  statistics: statisticsSchema,
  manifest: indexFile(manifestName),
  errors: indexFile(errorsName),
  files: z.array(describedFile).default([]),
  shards: z.array(shardSchema),
});

/** The text of `dataset.json`: the shards a line each. */
export function formatDatasetInfo({ shards, statistics, ...info }: DatasetInfo): string {
  const { tool, codec, license, audioLicense, options, counts, manifest, errors, files } = info;
  const fields = { format: formatTag, version: formatVersion, tool, codec, license, audioLicense, options, counts, manifest, errors, files };
  const lines = shards.map(({ format, path, bytes, sha256, clips }) => `    ${JSON.stringify({ format, path, bytes, sha256, clips })}`);
  const list = lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n  ]`;
  return `${JSON.stringify(fields, null, 2).slice(0, -2)},\n  "statistics": ${JSON.stringify(statistics)},\n  "shards": ${list}\n}\n`;
}

/** @throws DatasetError with code DATASET_FORMAT if it is no `dataset.json` of this release. */
export function parseDatasetInfo(text: string, name: string): DatasetInfo {
  let document: unknown;
  try {
    document = parseJson(text);
  } catch (cause) {
    throw new DatasetError("DATASET_FORMAT", `${name} is not JSON, and may be cut short; finish the dataset again`, { cause });
  }
  const { data, error } = schema.safeParse(document);
  if (data === undefined) {
    throw new DatasetError("DATASET_FORMAT", `${name} does not describe a dataset: ${reasonOf(error)}`, { cause: error });
  }
  const { format: _format, version: _version, ...info } = data;
  return info;
}

/** Reads `dataset.json` of a folder. @throws DatasetError with code DATASET_FORMAT if there is none, or it is damaged. */
export async function readDatasetInfo(folder: string): Promise<DatasetInfo> {
  return parseDatasetInfo(await readDatasetInfoText(folder), join(folder, datasetInfoName));
}

/** The text of `dataset.json`. @throws as `readDatasetInfo`. */
export async function readDatasetInfoText(folder: string): Promise<string> {
  const path = join(folder, datasetInfoName);
  const text = await readTextInside(folder, datasetInfoName).catch((cause: unknown) => {
    throw new DatasetError("DATASET_FORMAT", `${folder} is no finished dataset: ${path} cannot be read (${(cause as Error).message}); finish it first`, { cause });
  });
  if (text === undefined) throw new DatasetError("DATASET_FORMAT", `${folder} is no finished dataset: there is no ${path}; finish it first`);
  return text;
}
