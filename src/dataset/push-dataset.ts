import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pushFiles } from "../hub/index.ts";
import type { PushedFile, PushOptions, PushReport } from "../hub/index.ts";
import type { FinishedShard } from "./clip-output.ts";
import { cardName } from "./dataset-card.ts";
import { DatasetError } from "./dataset-error.ts";
import { datasetInfoName, readDatasetInfo } from "./dataset-info.ts";
import { listFinishedParts, readPartRecord } from "./part-record.ts";
import { everyPart } from "./shard-selection.ts";
import { listedFiles } from "./stored-clips.ts";

/**
 * Uploads a dataset to a dataset repository of the Hugging Face Hub: the shards that the repository does not have yet, and when the
 * dataset is finished also `manifest.jsonl`, `errors.jsonl`, `report.svg`, the card, and `dataset.json` last of all. While work goes on,
 * the shards of the parts that are done can be pushed already; a push that was interrupted goes on after its last commit.
 *
 *     await pushDataset("out", "user/dataset", { onProgress });
 *
 * @param id `user/dataset`; created if it does not exist.
 * @throws DatasetError with code DATASET_FORMAT if the folder holds no dataset, or a shard has another length than the index says.
 * @throws HubError, TypeError, RangeError as `pushFiles` does.
 */
export async function pushDataset(folder: string, id: string, options: PushOptions = {}): Promise<PushReport> {
  const isFinished = await exists(join(folder, datasetInfoName));
  const shards = isFinished ? (await readDatasetInfo(folder)).shards : await shardsOfFinishedParts(folder);
  if (!isFinished && shards.length === 0) throw new DatasetError("DATASET_FORMAT", `${folder} has no shards that are done; tokenize into it first`);
  return pushFiles(id, filesOf(folder, shards, isFinished), options);
}

async function* filesOf(folder: string, shards: readonly FinishedShard[], isFinished: boolean): AsyncGenerator<PushedFile, void, undefined> {
  for (const shard of shards) {
    if (shard.format === "npy") for await (const { file, sha256 } of listedFiles(folder, shard.path)) yield { name: file, path: join(folder, file), sha256 };
    const path = join(folder, shard.path);
    const stats = await stat(path).catch(() => undefined);
    if (stats?.size !== shard.bytes) {
      throw new DatasetError("DATASET_FORMAT", `${path} has ${stats?.size ?? "no"} bytes and was written with ${shard.bytes}; verify the dataset, and make the part again`);
    }
    yield { name: shard.path, path, sha256: shard.sha256 };
  }
  if (!isFinished) return;
  for (const name of ["manifest.jsonl", "errors.jsonl", "report.svg", cardName, datasetInfoName]) yield { name, path: join(folder, name) };
}

async function shardsOfFinishedParts(folder: string): Promise<readonly FinishedShard[]> {
  const parts = await listFinishedParts(folder, everyPart);
  const records = [];
  for (const part of parts) records.push(await readPartRecord(folder, part));
  return records.flatMap((record) => record.shards);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
