import { rm } from "node:fs/promises";
import { join } from "node:path";
import { cardName } from "../../catalogue/index.ts";
import type { LicenseRecord } from "../../core/index.ts";
import { renderDatasetFigure } from "../../figure/index.ts";
import { openInside, piecesOf } from "../../files/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { createDurable, writeDurably } from "../folder/durable-file.ts";
import type { DurableFile } from "../folder/durable-file.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { partFile } from "../folder/part-names.ts";
import { maxListBytes } from "../folder/read-json-file.ts";
import type { FinishedShard } from "../records/finished-shard.ts";
import type { CodecFields } from "../records/codec-fields.ts";
import { datasetInfoName, errorsName, formatDatasetInfo, manifestName, warningsName } from "../records/dataset-info.ts";
import type { DatasetInfo, DescribedFile, IndexFile } from "../records/dataset-info.ts";
import { readPartRecord } from "../records/part-record.ts";
import { hoursOf, mergeStatistics, noStatistics, statisticsSchema } from "../records/statistics.ts";
import type { DatasetStatistics } from "../records/statistics.ts";
import { formatDatasetCard } from "./dataset-card.ts";
import type { DatasetCardOptions } from "./dataset-card.ts";
import { datasetFigureOf } from "./report-figure.ts";

export interface AssembleOptions {
  /** The dataset's folder. */
  readonly folder: string;
  /** Parts of the plan, all of them done. */
  readonly numParts: number;
  /** Rows of the plan that have the audio of an earlier one. @default 0 */
  readonly duplicates?: number | undefined;
  readonly tool: { readonly name: string; readonly version: string };
  readonly codec: CodecFields | null;
  readonly license: LicenseRecord | null;
  /** License of the recordings, in SPDX or Hub ids. @default null */
  readonly audioLicense?: string | null | undefined;
  readonly options: JsonObject;
  readonly card?: DatasetCardOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes what describes a dataset whose parts are all done: `manifest.jsonl`, `errors.jsonl` and, where there are any, `warnings.jsonl` out of those of the parts, `report.svg`,
 * `README.md`, and `dataset.json` last of all. Parts are read one at a time; to do it again gives the same bytes.
 * @throws DatasetError DATASET_DISK_FULL, or DATASET_MISMATCH for parts of different codecs; FileError if a part's files are gone.
 */
export async function assembleDataset(options: AssembleOptions): Promise<DatasetInfo> {
  const { folder, numParts, duplicates = 0, tool, codec, license, audioLicense = null, signal } = options;
  await using manifest = await createDurable(join(folder, manifestName));
  await using errors = await createDurable(join(folder, errorsName));
  const shards: FinishedShard[] = [];
  const partsWithWarnings: number[] = [];
  let [statistics, rows, manifestLines, errorLines] = [noStatistics, 0, 0, 0];
  for (let part = 0; part < numParts; part++) {
    signal?.throwIfAborted();
    const record = await readPartRecord(folder, part);
    manifestLines += await appendFile(manifest, folder, partFile(part, "manifest"));
    errorLines += await appendFile(errors, folder, partFile(part, "errors"));
    statistics = mergeStatistics(statistics, parseStatistics(record.statistics, part));
    shards.push(...record.shards);
    rows += record.rows;
    if ((record.warnings ?? 0) > 0) partsWithWarnings.push(part);
  }
  const manifestFile: IndexFile = { path: manifestName, ...(await manifest.publish()), lines: manifestLines };
  const errorsFile: IndexFile = { path: errorsName, ...(await errors.publish()), lines: errorLines };
  const warnings = await assembleWarnings(folder, partsWithWarnings);
  const counts = {
    rows,
    clips: statistics.clips,
    errors: errorLines,
    parts: numParts,
    hours: hoursOf(statistics),
    ...(duplicates === 0 ? {} : { duplicates }),
    ...(warnings === undefined ? {} : { warnings: warnings.lines, damaged: statistics.damage?.clips ?? 0 }),
  };
  const files: DescribedFile[] = [];
  const info = {
    tool,
    codec: statistics.clips === 0 ? null : codec,
    license,
    audioLicense,
    options: options.options,
    counts,
    statistics,
    manifest: manifestFile,
    errors: errorsFile,
    ...(warnings === undefined ? {} : { warnings }),
    files,
    shards,
  };
  files.push(
    {
      path: figureName,
      ...(await writeDurably(join(folder, figureName), renderDatasetFigure(datasetFigureOf(info, options.card?.title)))),
    },
    { path: cardName, ...(await writeDurably(join(folder, cardName), formatDatasetCard(info, options.card))) },
  );
  const index = Buffer.from(formatDatasetInfo(info));
  if (index.length > maxListBytes)
    throw new DatasetError(
      "DATASET_FORMAT",
      `${shards.length} shards are more than an index lists; begin the dataset again with larger shards, or larger parts`,
    );
  await writeDurably(join(folder, datasetInfoName), index);
  return info;
}

/** Writes `warnings.jsonl`; where there are no warnings, sees to it that there is none. */
async function assembleWarnings(folder: string, parts: readonly number[]): Promise<IndexFile | undefined> {
  if (parts.length === 0) {
    await rm(join(folder, warningsName), { force: true });
    return undefined;
  }
  await using warnings = await createDurable(join(folder, warningsName));
  let lines = 0;
  for (const part of parts) lines += await appendFile(warnings, folder, partFile(part, "warnings"));
  return { path: warningsName, ...(await warnings.publish()), lines };
}

/** Name of the figure in a dataset's folder. */
export const figureName = "report.svg";

function parseStatistics(value: JsonObject, part: number): DatasetStatistics {
  const { data, error } = statisticsSchema.safeParse(value);
  if (data === undefined)
    throw new DatasetError(
      "DATASET_FORMAT",
      `the record of part ${part} has no statistics; delete it, and the next run does the part again`,
      { cause: error },
    );
  return data;
}

/** @returns Lines of the file. */
async function appendFile(target: DurableFile, folder: string, path: string): Promise<number> {
  await using handle = await openInside(folder, path);
  let lines = 0;
  for await (const chunk of piecesOf(handle)) {
    for (const byte of chunk) if (byte === 0x0a) lines++;
    await target.write(chunk);
  }
  return lines;
}
