import { open, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { FileError } from "../core/index.ts";
import { temporaryBeside } from "./temporary-name.ts";
import { fileExists, renameToNew, reportingErrors } from "./write-file.ts";

/** A file under a temporary name beside its final one. */
export interface UnpublishedFile {
  readonly path: string;
  readonly temporary: string;
  readonly handle: FileHandle;
}

/**
 * Creates a file under a temporary name.
 * @throws FileError `FILE_NOT_FOUND` for a folder that is not there, `FILE_UNWRITABLE` for the rest.
 */
export async function createUnpublished(path: string): Promise<UnpublishedFile> {
  const temporary = temporaryBeside(path);
  return { path, temporary, handle: await reportingErrors(path, () => open(temporary, "wx")) };
}

/** Appends bytes. @throws FileError `FILE_UNWRITABLE`. */
export async function writeUnpublished({ path, handle }: UnpublishedFile, bytes: Uint8Array): Promise<void> {
  await reportingErrors(path, () => handle.writeFile(bytes));
}

/**
 * Gives files that belong together their names, in the order in which they are listed: the last one is there only when all are.
 * If a file cannot have its name, those that got theirs are removed.
 * @param names All names that such files may have, in the same order. What has them is removed first, the last before the
 * others, so that at no time an old file describes a new one.
 * @throws FileError `FILE_EXISTS` for a name that is taken, unless they may be overwritten, or `FILE_UNWRITABLE`.
 */
export async function publishFiles(files: readonly UnpublishedFile[], names: readonly string[], overwrite: boolean): Promise<void> {
  for (const { path, handle } of files) {
    await reportingErrors(path, async () => {
      await handle.sync(); // else a power cut after the renaming could leave an empty file under the final name
      await handle.close();
    });
  }
  await checkVacant(names, overwrite);
  for (const path of names.toReversed()) await reportingErrors(path, () => rm(path, { force: true }));
  const published: string[] = [];
  try {
    for (const { path, temporary } of files) {
      await reportingErrors(path, () => renameToNew(temporary, path));
      published.push(path);
    }
  } catch (error) {
    await Promise.all(published.map((path) => rm(path, { force: true })));
    throw error;
  }
}

/** Removes a file that `publishFiles` has not published; does nothing to one that it has. */
export async function discardUnpublished({ temporary, handle }: UnpublishedFile): Promise<void> {
  await handle.close();
  await rm(temporary, { force: true });
}

/** @throws FileError `FILE_EXISTS` if a path is taken, or `FILE_UNWRITABLE` if what has it is no file and could not be replaced. */
export async function checkVacant(paths: readonly string[], overwrite: boolean): Promise<void> {
  for (const path of paths) {
    const existing = await stat(path).catch(() => undefined);
    if (existing !== undefined && !overwrite) throw fileExists(path);
    if (existing !== undefined && !existing.isFile()) {
      throw new FileError("FILE_UNWRITABLE", path, `cannot write ${path}: what is there is not a file; choose another name`);
    }
  }
}
