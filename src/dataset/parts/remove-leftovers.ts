import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { finalNameOf, removeLeftoverFiles } from "../../files/index.ts";
import { partOfName } from "../folder/part-names.ts";
import { isInShare } from "../folder/share.ts";
import type { Share } from "../folder/share.ts";

/** A temporary file of no part that nobody has written to for this long has nobody who would; in milliseconds. */
const abandonedAfter = 10 * 60_000;

/**
 * Removes temporary files that killed runs left in a dataset's folder. To be called under the lock of `share`: of the
 * files that belong to parts, those of its parts are removed and no others, which may be another run's work at hand. Files
 * that belong to no part are removed if all parts are selected, or if nothing was written to them for ten minutes.
 * Only regular files with names that `AtomicFile` gives are touched, and links are not followed.
 * @returns Paths of the files that were removed, relative to the folder, in no order.
 */
export async function removeLeftovers(folder: string, share: Share): Promise<readonly string[]> {
  // Where locks are asked for: what is there of a process that is gone, another run's as well.
  const removed = [...(await removeLeftoverFiles(folder))];
  await visit("");
  return removed;

  async function visit(subfolder: string): Promise<void> {
    for (const entry of await readdir(join(folder, subfolder), { withFileTypes: true })) {
      const path = join(subfolder, entry.name);
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile() && (await isLeftover(entry.name, path))) {
        await rm(join(folder, path), { force: true });
        removed.push(path);
      }
    }
  }

  async function isLeftover(name: string, path: string): Promise<boolean> {
    const final = finalNameOf(name);
    if (final === undefined) return false;
    // Elsewhere a number may be part of a clip's name.
    const part = /^(?:shards|parts)[/\\]/u.test(path) ? partOfName(final) : undefined;
    if (part !== undefined) return isInShare(share, part);
    // Another run may be asking for a lock right now, on another machine or in another container.
    if (share.count === 1 && final !== "lock") return true;
    const stats = await lstat(join(folder, path)).catch(() => undefined);
    return stats !== undefined && Date.now() - stats.mtimeMs > abandonedAfter;
  }
}
