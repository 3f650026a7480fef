import { stat } from "node:fs/promises";
import { join } from "node:path";
import { HubError, IntegrityError } from "../core/index.ts";
import { checkCached, storing } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { downloadBlob } from "./download-blob.ts";
import type { Download } from "./download-blob.ts";
import { createHasher, hashFile } from "./file-digest.ts";
import type { HubSettings } from "./hub-options.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { linkIntoSnapshot } from "./snapshot-link.ts";

const remedy = "Remove this file, or the repository from the cache, and load again";

/**
 * Sees to it that a file of a commit is in the cache, under its digest and linked from its snapshot. Bytes get their name
 * only after size and digest were found right, so that what has a name is whole, however the process ends.
 * @returns Whether the digest of its bytes was found right just now; a file that had its name already is not read.
 * @throws IntegrityError if the bytes are not those of the listing, or the cache has other bytes in their place.
 * @throws HubError for all that can go wrong on the network and on the disk.
 */
export async function downloadFile(settings: HubSettings, download: Download): Promise<boolean> {
  const { folder, commit, file, onBytes } = download;
  const pointer = folder.file(commit, file.name);
  const blob = join(folder.blobs, file.digest.hex);
  for (const path of [folder.blobs, folder.snapshot(commit), pointer]) await checkCached(folder.path, path);
  const isNew = !(await isCached(folder, pointer, file));
  if (isNew) {
    if (await isCached(folder, blob, file)) await checkBlob(settings, folder, blob, file);
    else await fetchBlob(settings, download);
    await storing(folder.path, () => linkIntoSnapshot(blob, pointer));
  }
  onBytes?.(file.bytes);
  return isNew;
}

/** @throws IntegrityError if it is, with another length. */
async function isCached(folder: RepositoryFolder, path: string, file: RepositoryFile): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  if (found.size === file.bytes) return true;
  throw new IntegrityError(
    file.name,
    file.bytes,
    found.size,
    `${path} has ${found.size} bytes; ${file.name} of ${folder.id} has ${file.bytes}. ${remedy}`,
  );
}

/** Bytes that no snapshot has vouched for yet: of another commit, or of a process that ended before it made the link. */
async function checkBlob(settings: HubSettings, folder: RepositoryFolder, blob: string, file: RepositoryFile): Promise<void> {
  const { name, bytes, digest } = file;
  const hasher = createHasher(digest.algorithm, bytes);
  await hashFile(blob, hasher, settings.signal);
  const actual = hasher.hex();
  if (actual === digest.hex) return;
  throw new IntegrityError(
    name,
    digest.hex,
    actual,
    `${blob}, which should be ${name} of ${folder.id}, has the ${digest.algorithm} ${actual}. ${remedy}`,
  );
}

async function fetchBlob(settings: HubSettings, download: Download): Promise<void> {
  // Bytes that an earlier attempt left may be what is wrong; the second time they are not used.
  if (!(await downloadBlob(settings, download, true)) && !(await downloadBlob(settings, download, false))) {
    const { folder, file } = download;
    throw new HubError("HUB_CACHE", `${file.name} could not be written: another program writes to the partial files in ${folder.blobs}`);
  }
}
