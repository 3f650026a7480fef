import { join } from "node:path";
import { z } from "zod";
import { CodesError, inTurns, maxJsonLength, relativePathProblem } from "../../core/index.ts";
import type { LicenseRecord, Turns } from "../../core/index.ts";
import { JsonReader, takeFields, takeList } from "../../storage/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { jsonObject } from "../folder/json-value.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { boundedList, maxDatasetDepth, maxListBytes, readBytes, reasonOf } from "../folder/read-json-file.ts";
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
export const warningsName = "warnings.jsonl";

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
  .refine(
    ({ format, path }) => formatOfExtension[/^shards\/[^/.]+(?<extension>\.[^/]+)$/u.exec(path)?.groups!["extension"] ?? ""] === format,
    {
      error: "its path is not that of a shard of its format, such as shards/part-000012-000.tar",
      path: ["path"],
    },
  );

/** Longest path of a shard, and what else is said of it, in bytes. */
const maxShardBytes = 2 ** 15;

/** Takes the shards of the index or of the record of a part, one by one. @throws ZodError for what is none, and whatever `check` throws. */
export function takeShards(
  reader: JsonReader,
  name: string,
  check: (shard: FinishedShard) => void = () => {},
): Turns<readonly FinishedShard[]> {
  return takeList(reader, name, maxShardBytes, (value, index) => {
    const { data, error } = shardSchema.safeParse(value);
    if (data === undefined) throw new z.ZodError(error.issues.map((issue) => ({ ...issue, path: ["shards", index, ...issue.path] })));
    check(data);
    return data;
  });
}

/** Shards that were taken. */
export const takenShards: z.ZodType<readonly FinishedShard[]> = z.custom<readonly FinishedShard[]>(Array.isArray, {
  error: "expected a list",
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
  /** The license of the recordings, as whoever made the dataset says, in SPDX or Hub ids; null where that was left out. */
  readonly audioLicense: string | null;
  /** Options that shape the result. */
  readonly options: JsonObject;
  readonly counts: {
    readonly rows: number;
    readonly clips: number;
    readonly errors: number;
    readonly parts: number;
    readonly hours: number;
    /** Rows that have the audio of an earlier one, and no clips of their own; only where there are any. */
    readonly duplicates?: number | undefined;
    /** Lines of `warnings.jsonl`; only where there are any. */
    readonly warnings?: number | undefined;
    /** Clips whose audio is damaged; only where there are any. */
    readonly damaged?: number | undefined;
  };
  readonly statistics: DatasetStatistics;
  readonly manifest: IndexFile;
  readonly errors: IndexFile;
  /** What is wrong with audio that was taken nevertheless; only where there is anything. */
  readonly warnings?: IndexFile | undefined;
  /** `report.svg` and `README.md`; empty where the dataset was finished before they were listed. */
  readonly files: readonly DescribedFile[];
  readonly shards: readonly FinishedShard[];
}

const describedFile = z.object({ path: filePath, bytes: count, sha256: digest });
const indexFile = (path: string): z.ZodType<IndexFile> => describedFile.extend({ path: z.literal(path), lines: count });
const status = z.enum(["settled", "unresolved", "contested"]);

/** Most licenses, and facts, of one record. */
const maxLicenseItems = 10_000;

export const licenseSchema: z.ZodType<LicenseRecord> = z.object({
  subject: z.string(),
  revision: z.string().nullable(),
  declared: z.object({ card: boundedList(z.string(), maxLicenseItems), api: boundedList(z.string(), maxLicenseItems).nullable() }),
  upstream: z.string().nullable(),
  effective: z.string(),
  stricterReading: z.string().nullable(),
  status,
  classes: boundedList(
    z.enum(["permissive", "attribution", "share-alike", "copyleft", "non-commercial", "no-derivatives", "use-restricted", "unknown"]),
    maxLicenseItems,
  ),
  evidence: boundedList(z.object({ source: z.string(), fact: z.string(), date: z.string() }), maxLicenseItems),
});

const schema = z.object({
  format: z.literal(formatTag),
  version: z.literal(formatVersion),
  tool: z.object({ name: z.string(), version: z.string() }),
  codec: codecSchema.nullable(),
  license: licenseSchema.nullable(),
  audioLicense: z.string().nullable(),
  options: jsonObject,
  counts: z.object({
    rows: count,
    clips: count,
    errors: count,
    parts: count,
    hours: z.number().min(0),
    duplicates: count.optional(),
    warnings: count.optional(),
    damaged: count.optional(),
  }),
  statistics: statisticsSchema,
  manifest: indexFile(manifestName),
  errors: indexFile(errorsName),
  warnings: indexFile(warningsName).optional(),
  files: boundedList(describedFile, 100).default([]),
  shards: takenShards,
});

/** The text of `dataset.json`: the shards a line each. */
export function formatDatasetInfo({ shards, statistics, ...info }: DatasetInfo): string {
  const { tool, codec, license, audioLicense, options, counts, manifest, errors, warnings, files } = info;
  const fields = {
    format: formatTag,
    version: formatVersion,
    tool,
    codec,
    license,
    audioLicense,
    options,
    counts,
    manifest,
    errors,
    ...(warnings === undefined ? {} : { warnings }),
    files,
  };
  const lines = shards.map(({ format, path, bytes, sha256, clips }) => `    ${JSON.stringify({ format, path, bytes, sha256, clips })}`);
  const list = lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n  ]`;
  return `${JSON.stringify(fields, null, 2).slice(0, -2)},\n  "statistics": ${JSON.stringify(statistics)},\n  "shards": ${list}\n}\n`;
}

/** Most bytes of all that the index says besides its shards: options, license and statistics have up to 2 MiB each. */
const maxFieldBytes = 3 * maxJsonLength;

/** @throws DatasetError with code DATASET_FORMAT if it is no `dataset.json` of this release. */
export function* parseDatasetInfo(bytes: Uint8Array, name: string): Turns<DatasetInfo> {
  try {
    const reader = new JsonReader(bytes, name);
    reader.expect("{");
    const fields = yield* takeFields(
      reader,
      name,
      { shards: (of) => takeShards(of, name) },
      { maxBytes: maxFieldBytes, maxDepth: maxDatasetDepth },
    );
    const { format: _format, version: _version, ...info } = schema.parse(fields);
    return info;
  } catch (cause) {
    if (cause instanceof CodesError) throw new DatasetError("DATASET_FORMAT", `${cause.message}; finish the dataset again`, { cause });
    if (cause instanceof z.ZodError)
      throw new DatasetError("DATASET_FORMAT", `${name} does not describe a dataset: ${reasonOf(cause)}`, { cause });
    throw cause;
  }
}

/** Reads `dataset.json` of a folder. @throws DatasetError with code DATASET_FORMAT if there is none, or it is damaged. */
export async function readDatasetInfo(folder: string): Promise<DatasetInfo> {
  return await inTurns(parseDatasetInfo(await readDatasetInfoBytes(folder), join(folder, datasetInfoName)));
}

/** The bytes of `dataset.json`. @throws as `readDatasetInfo`. */
export async function readDatasetInfoBytes(folder: string): Promise<Uint8Array> {
  const path = join(folder, datasetInfoName);
  const bytes = await readBytes(folder, datasetInfoName, maxListBytes).catch((cause: unknown) => {
    throw new DatasetError(
      "DATASET_FORMAT",
      `${folder} is no finished dataset: ${path} cannot be read (${(cause as Error).message}); finish it first`,
      { cause },
    );
  });
  if (bytes === undefined)
    throw new DatasetError("DATASET_FORMAT", `${folder} is no finished dataset: there is no ${path}; finish it first`);
  return bytes;
}
