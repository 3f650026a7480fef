import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { LicenseRecord } from "../core/index.ts";
import { licensePolicyOf, pushFiles, requireLicense } from "../hub/index.ts";
import type { LicensePolicy, PushedFile, PushOptions, PushReport } from "../hub/index.ts";
import type { FinishedShard } from "./clip-output.ts";
import { cardName } from "./dataset-card.ts";
import { DatasetError } from "./dataset-error.ts";
import { datasetInfoName, readDatasetInfo } from "./dataset-info.ts";
import { readFrozenLicense } from "./frozen-license.ts";
import { listFinishedParts, readPartRecord } from "./part-record.ts";
import { everyPart } from "./shard-selection.ts";
import { listedFiles } from "./stored-clips.ts";

export interface PushDatasetOptions extends PushOptions {
  /** Licenses that the weights may have whose codes are uploaded. @default what $ENCODEC_TOKENIZER_LICENSE_POLICY says, or "any" */
  readonly license?: LicensePolicy | undefined;
}

/**
 * Uploads a dataset to a dataset repository of the Hugging Face Hub: the shards that the repository does not have yet, and when the
 * dataset is finished also `manifest.jsonl`, `errors.jsonl`, `report.svg`, the card, and `dataset.json` last of all. While work goes on,
 * the shards of the parts that are done can be pushed already; a push that was interrupted goes on after its last commit.
 *
 *     await pushDataset("out", "user/dataset", { onProgress });
 *
 * @param id `user/dataset`; created if it does not exist.
 * @throws DatasetError with code DATASET_FORMAT if the folder holds no dataset, or a file of it is missing or has another length than the
 * index says.
 * @throws LicenseError if the policy does not admit the license of the weights; nothing is uploaded then.
 * @throws HubError, TypeError, RangeError as `pushFiles` does.
 */
export async function pushDataset(folder: string, id: string, options: PushDatasetOptions = {}): Promise<PushReport> {
  const isFinished = await exists(join(folder, datasetInfoName));
  const { shards, license } = isFinished ? await readDatasetInfo(folder) : { shards: await shardsOfFinishedParts(folder), license: await readFrozenLicense(folder) };
  if (!isFinished && shards.length === 0) throw new DatasetError("DATASET_FORMAT", `${folder} has no shards that are done; tokenize into it first`);
  checkPolicy(folder, license, licensePolicyOf(options.license));
  return pushFiles(id, filesOf(folder, shards, isFinished), options);
}

async function* filesOf(folder: string, shards: readonly FinishedShard[], isFinished: boolean): AsyncGenerator<PushedFile, void, undefined> {
  for (const shard of shards) {
    const list = await soundFile(folder, { file: shard.path, ...shard });
    if (shard.format === "npy") for await (const listed of listedFiles(folder, shard.path)) yield await soundFile(folder, listed);
    yield list;
  }
  if (!isFinished) return;
  for (const file of ["manifest.jsonl", "errors.jsonl", "report.svg", cardName, datasetInfoName]) yield await soundFile(folder, { file });
}

/** @throws DatasetError with code DATASET_FORMAT for a file that is not there, or has another length than it was written with. */
async function soundFile(folder: string, { file, bytes, sha256 }: { readonly file: string; readonly bytes?: number; readonly sha256?: string }): Promise<PushedFile> {
  const path = join(folder, file);
  const stats = await stat(path).catch(() => undefined);
  const found = stats === undefined ? "is not there" : stats.size === (bytes ?? stats.size) ? undefined : `has ${stats.size} bytes and was written with ${bytes}`;
  if (found === undefined) return { name: file, path, sha256 };
  const next = bytes === undefined ? `delete ${datasetInfoName}, and tokenizing again writes the index anew` : "verify the dataset, and make the part again";
  throw new DatasetError("DATASET_FORMAT", `${path} ${found}; ${next}`);
}

async function shardsOfFinishedParts(folder: string): Promise<readonly FinishedShard[]> {
  const parts = await listFinishedParts(folder, everyPart);
  const records = [];
  for (const part of parts) records.push(await readPartRecord(folder, part));
  return records.flatMap((record) => record.shards);
}

/** @throws LicenseError. */
function checkPolicy(folder: string, license: LicenseRecord | null, policy: LicensePolicy): void {
  if (license !== null) requireLicense(license, policy);
  else if (policy !== "any") throw new DatasetError("DATASET_FORMAT", `${folder} does not say what license the weights have, so that no policy can admit it; push it under the policy any`);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
