import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryBeside } from "../../files/index.ts";
import { LockFile, lockedError, readLock, removeLock } from "./lock-file.ts";
import type { LockOptions } from "./lock-file.ts";
import { sharesOverlap } from "./share.ts";
import type { Share } from "./share.ts";

/**
 * Takes the parts of a share for this process. Runs whose shares have no part in common work side by side on one folder.
 * Two that start in the same moment with shares of different counts may both be refused; never do both go on.
 * @throws DatasetError with code DATASET_LOCKED, naming the other run's machine, process and start.
 */
export async function acquireRunLock(folder: string, share: Share, options: LockOptions = {}): Promise<LockFile> {
  const lock = await LockFile.acquire(join(folder, lockName(share)), options);
  try {
    const now = await diskTime(folder);
    for (const name of await readdir(folder)) {
      const other = shareOfLock(name);
      const path = join(folder, name);
      const isInTheWay = other !== undefined && path !== lock.path && sharesOverlap(share, other);
      if (!isInTheWay && name !== planLockName) continue;
      const state = await readLock(path, now, options.staleAfter ?? 120_000);
      if (state === undefined) continue;
      if (!state.isGone && isInTheWay) throw lockedError(path, state);
      if (!state.isGone) continue; // the plan is there: its lock is about to go
      await removeLock(path, state.id);
    }
    return lock;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Tells whether a name in a dataset's folder is that of a lock. */
export function isLockName(name: string): boolean {
  return name === planLockName || shareOfLock(name) !== undefined;
}

/** Held while the plan is made. */
export const planLockName = "lock-plan.json";

function lockName({ index, count }: Share): string {
  return `lock-${index}-of-${count}.json`;
}

function shareOfLock(name: string): Share | undefined {
  const { index, count } = /^lock-(?<index>\d+)-of-(?<count>\d+)\.json$/u.exec(name)?.groups ?? {};
  return index === undefined ? undefined : { index: Number(index), count: Number(count) };
}

/** The time by the clock of the disk, which may be another machine's. */
async function diskTime(folder: string): Promise<number> {
  const probe = temporaryBeside(join(folder, "lock"));
  try {
    await writeFile(probe, "");
    return (await stat(probe)).mtimeMs;
  } finally {
    await rm(probe, { force: true });
  }
}
