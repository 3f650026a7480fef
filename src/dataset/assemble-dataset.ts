import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { LicenseRecord } from "../core/index.ts";
import { renderDatasetFigure } from "../figure/index.ts";
import type { FinishedShard } from "./clip-output.ts";
import type { CodecFields } from "./codec-fields.ts";
import { DatasetError } from "./dataset-error.ts";
import { formatDatasetCard } from "./dataset-card.ts";
import type { DatasetCardOptions } from "./dataset-card.ts";
import { datasetFigureOf } from "./dataset-figure.ts";
import { datasetInfoName, formatDatasetInfo } from "./dataset-info.ts";
import type { DatasetInfo, IndexFile } from "./dataset-info.ts";
import { DurableFile, writeDurably } from "./durable-file.ts";
import { formatPart, readPartRecord } from "./part-record.ts";
import type { JsonObject } from "./row.ts";
import { hoursOf, mergeStatistics, noStatistics, statisticsSchema } from "./statistics.ts";
import type { DatasetStatistics } from "./statistics.ts";

export interface AssembleOptions {
  /** The dataset's folder. */
  readonly folder: string;
  /** Parts of the plan, all of them done. */
  readonly numParts: number;
  readonly tool: { readonly name: string; readonly version: string };
  readonly codec: CodecFields | null;
  readonly license: LicenseRecord | null;
  /** @default null */
  readonly audioLicense?: string | null | undefined;
  readonly options: JsonObject;
  readonly card?: DatasetCardOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes what describes a dataset whose parts are all done: `manifest.jsonl` and `errors.jsonl` out of those of the parts, `report.svg`,
 * `README.md`, and `dataset.json` last of all. Parts are read one at a time; to do it again gives the same bytes.
 * @throws DatasetError DATASET_DISK_FULL, or DATASET_MISMATCH for parts of different codecs; FileError if a part's files are gone.
 */
export async function assembleDataset(options: AssembleOptions): Promise<DatasetInfo> {
  const { folder, numParts, tool, codec, license, audioLicense = null, signal } = options;
  await using manifest = await DurableFile.create(join(folder, "manifest.jsonl"));
  await using errors = await DurableFile.create(join(folder, "errors.jsonl"));
  const shards: FinishedShard[] = [];
  let [statistics, rows, manifestLines, errorLines] = [noStatistics, 0, 0, 0];
  for (let part = 0; part < numParts; part++) {
    signal?.throwIfAborted();
    const record = await readPartRecord(folder, part);
    manifestLines += await appendFile(manifest, partFile(folder, part, "manifest"));
    errorLines += await appendFile(errors, partFile(folder, part, "errors"));
    statistics = mergeStatistics(statistics, parseStatistics(record.statistics, part));
    shards.push(...record.shards);
    rows += record.rows;
  }
  const manifestFile: IndexFile = { path: "manifest.jsonl", ...(await manifest.publish()), lines: manifestLines };
  const errorsFile: IndexFile = { path: "errors.jsonl", ...(await errors.publish()), lines: errorLines };
  const counts = { rows, clips: statistics.clips, errors: errorLines, parts: numParts, hours: hoursOf(statistics) };
  const info = { tool, codec: statistics.clips === 0 ? null : codec, license, audioLicense, options: options.options, counts, statistics, manifest: manifestFile, errors: errorsFile, shards };
  await writeDurably(join(folder, "report.svg"), renderDatasetFigure(datasetFigureOf(info, options.card?.title)));
  await writeDurably(join(folder, "README.md"), formatDatasetCard(info, options.card));
  await writeDurably(join(folder, datasetInfoName), formatDatasetInfo(info));
  return info;
}

/** Path of the lines that a part adds to the manifest, or to the errors. */
export function partFile(folder: string, part: number, kind: "manifest" | "errors"): string {
  return join(folder, "parts", `${formatPart(part)}.${kind}.jsonl`);
}

function parseStatistics(value: JsonObject, part: number): DatasetStatistics {
  const { data, error } = statisticsSchema.safeParse(value);
  if (data === undefined) throw new DatasetError("DATASET_FORMAT", `the record of part ${part} has no statistics; delete it, and the next run does the part again`, { cause: error });
  return data;
}

/** @returns Lines of the file. */
async function appendFile(target: DurableFile, path: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
    for (const byte of chunk) if (byte === 0x0a) lines++;
    await target.write(chunk);
  }
  return lines;
}
