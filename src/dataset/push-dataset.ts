import { createHash } from "node:crypto";
import { join } from "node:path";
import { cardName, licensePolicyOf, requireLicense } from "../catalogue/index.ts";
import type { LicensePolicy } from "../catalogue/index.ts";
import { FileError, inTurns } from "../core/index.ts";
import type { LicenseRecord } from "../core/index.ts";
import { isInside, openInside } from "../files/index.ts";
import { pushFiles } from "../hub/index.ts";
import type { PushedFile, PushOptions, PushReport } from "../hub/index.ts";
import { DatasetError } from "./folder/dataset-error.ts";
import { wholeShare } from "./folder/share.ts";
import { listedFiles } from "./formats/read-shard.ts";
import { shardFormatOf } from "./records/finished-shard.ts";
import type { FinishedShard } from "./records/finished-shard.ts";
import { datasetInfoName, errorsName, manifestName, parseDatasetInfo, readDatasetInfoBytes, warningsName } from "./records/dataset-info.ts";
import type { DescribedFile } from "./records/dataset-info.ts";
import { readFrozenLicense } from "./records/frozen-license.ts";
import { listFinishedParts, readPartRecord } from "./records/part-record.ts";
import { figureName } from "./report/assemble-dataset.ts";

/** What of a dataset may be uploaded, and how. */
export interface PushDatasetOptions extends PushOptions {
  /** Licenses that the weights may have whose codes are uploaded. @default what $ENCODEC_TOKENIZER_LICENSE_POLICY says, or "any" */
  readonly licensePolicy?: LicensePolicy | undefined;
  /** Whether `README.md` is uploaded as it is, also where somebody edited it. @default false: it has to be as it was written */
  readonly editedCard?: boolean | undefined;
}

/**
 * Uploads a dataset to a dataset repository of the Hugging Face Hub: the shards that the repository does not have yet, and when the
 * dataset is finished also `manifest.jsonl`, `errors.jsonl`, `warnings.jsonl`, `report.svg`, the card, and `dataset.json` last of all. While work goes on,
 * the shards of the parts that are done can be pushed already; a push that was interrupted goes on after its last commit.
 *
 *     await pushDataset("out", "user/dataset", { onProgress });
 *
 * Shards, files of clips and warnings that the repository has of an earlier state of the dataset, and that a finished one does not have, are removed from it; its
 * history keeps them. Everything else stays.
 * @param id `user/dataset`; created if it does not exist.
 * Only files that the index lists are uploaded, and only with the lengths and digests that it says. Links that leave the folder are refused.
 * @throws DatasetError with code DATASET_FORMAT if the folder holds no dataset, or a file of it is missing or has another length than the
 * index says; IntegrityError, before anything of the same commit is uploaded, for one with another digest; FileError `FILE_OUTSIDE` for a link.
 * @throws LicenseError if the policy does not admit the license of the weights; nothing is uploaded then.
 * @throws HubError, TypeError, RangeError as `pushFiles` does.
 */
export async function pushDataset(folder: string, id: string, options: PushDatasetOptions = {}): Promise<PushReport> {
  const { shards, license, index } = (await readIndex(folder, options.editedCard)) ?? {
    shards: await shardsOfFinishedParts(folder),
    license: await readFrozenLicense(folder),
    index: [],
  };
  if (index.length === 0 && shards.length === 0)
    throw new DatasetError("DATASET_FORMAT", `${folder} has no shards that are done; tokenize into it first`);
  checkPolicy(folder, license, licensePolicyOf(options.licensePolicy));
  // Of a dataset that is finished, all files are known.
  return pushFiles(id, filesOf(folder, shards, index), { ...options, isStale: index.length === 0 ? () => false : isOfDataset });
}

/** Whether a name is one that only files of a dataset have. */
function isOfDataset(name: string): boolean {
  return shardFormatOf(name) !== undefined || /^npy\/.+\.npy$/u.test(name) || name === warningsName;
}

/** A file by its path in the dataset's folder, as far as it is known. */
type ExpectedFile = Pick<DescribedFile, "path"> & Partial<DescribedFile>;

/** What `dataset.json` says; null where there is none yet. Its own bytes are the last file: they are uploaded as they were read here. */
async function readIndex(
  folder: string,
  editedCard: boolean = false,
): Promise<{
  readonly shards: readonly FinishedShard[];
  readonly license: LicenseRecord | null;
  readonly index: readonly ExpectedFile[];
} | null> {
  if (!(await isInside(folder, datasetInfoName))) return null;
  const bytes = await readDatasetInfoBytes(folder);
  const { shards, license, manifest, errors, warnings, files } = await inTurns(parseDatasetInfo(bytes, join(folder, datasetInfoName)));
  const listed = new Map([manifest, errors, ...(warnings === undefined ? [] : [warnings]), ...files].map((file) => [file.path, file]));
  if (editedCard) listed.delete(cardName);
  const own = { path: datasetInfoName, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  const names = [manifestName, errorsName, ...(warnings === undefined ? [] : [warningsName]), figureName, cardName];
  return { shards, license, index: [...names.map((path): ExpectedFile => listed.get(path) ?? { path }), own] };
}

async function* filesOf(
  folder: string,
  shards: readonly FinishedShard[],
  index: readonly ExpectedFile[],
): AsyncGenerator<PushedFile, void, undefined> {
  for (const shard of shards) {
    const list = await soundFile(folder, shard, partRemedy);
    if (shard.format === "npy")
      for await (const { file, ...listed } of listedFiles(folder, shard.path))
        yield await soundFile(folder, { path: file, ...listed }, partRemedy);
    yield list;
  }
  for (const file of index) yield await soundFile(folder, file, file.path === cardName ? cardRemedy : indexRemedy);
}

const partRemedy = "verify the dataset, and make the part again";
const indexRemedy = `delete ${datasetInfoName}, and tokenizing again writes the index anew`;
const cardRemedy = `say that you edited it, or ${indexRemedy}`;

/** @throws DatasetError with code DATASET_FORMAT for a file that is not there, or has another length than it was written with. */
async function soundFile(folder: string, { path: name, bytes, sha256 }: ExpectedFile, remedy: string): Promise<PushedFile> {
  const path = join(folder, name);
  const size = await sizeOf(folder, name);
  if (size !== undefined && size === (bytes ?? size)) return { name, path, folder, sha256 };
  throw new DatasetError(
    "DATASET_FORMAT",
    `${path} ${size === undefined ? "is not there" : `has ${size} bytes and was written with ${bytes}`}; ${remedy}`,
  );
}

/** Undefined where there is no such file. @throws FileError `FILE_OUTSIDE`, `FILE_UNREADABLE`. */
async function sizeOf(folder: string, path: string): Promise<number | undefined> {
  try {
    await using handle = await openInside(folder, path);
    return (await handle.stat()).size;
  } catch (error) {
    if (error instanceof FileError && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

async function shardsOfFinishedParts(folder: string): Promise<readonly FinishedShard[]> {
  const parts = await listFinishedParts(folder, wholeShare);
  const records = [];
  for (const part of parts) records.push(await readPartRecord(folder, part));
  return records.flatMap((record) => record.shards);
}

/** @throws LicenseError. */
function checkPolicy(folder: string, license: LicenseRecord | null, policy: LicensePolicy): void {
  if (license !== null) requireLicense(license, policy);
  else if (policy !== "any")
    throw new DatasetError(
      "DATASET_FORMAT",
      `${folder} does not say what license the weights have, so that no policy can admit it; push it under the policy any`,
    );
}
