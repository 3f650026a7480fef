import { rm, stat } from "node:fs/promises";
import { FileError } from "../core/index.ts";
import type { AtomicFile, PublishedFile } from "./atomic-file.ts";
import { fileExists, reportingErrors } from "./write-error.ts";

/**
 * Gives files that belong together their names, in the order in which they are listed: the last one is there only when all are.
 * If a file cannot have its name, those that got theirs are removed.
 * @param files Made with `overwrite: false`.
 * @param names All names that such files may have, in the same order. What has them is removed first, the last before the
 * others, so that at no time an old file describes a new one.
 * @throws FileError `FILE_EXISTS` for a name that is taken, unless they may be overwritten, or `FILE_UNWRITABLE`.
 */
export async function publishFiles<Digest extends string | undefined>(
  files: readonly AtomicFile<Digest>[],
  names: readonly string[],
  overwrite: boolean,
): Promise<(PublishedFile<Digest> & { readonly path: string })[]> {
  for (const file of files) await file.complete();
  await checkVacant(names, overwrite);
  for (const path of names.toReversed()) await reportingErrors(path, () => rm(path, { force: true }));
  const published: (PublishedFile<Digest> & { readonly path: string })[] = [];
  try {
    for (const file of files) published.push({ path: file.path, ...(await file.publish()) });
  } catch (error) {
    await Promise.all(published.map(({ path }) => rm(path, { force: true })));
    throw error;
  }
  return published;
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
