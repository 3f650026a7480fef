import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { lstat, mkdir, open, realpath, rm } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { FileError, relativePathProblem } from "../core/index.ts";
import { readError } from "./read-file.ts";
import { toFileError } from "./write-error.ts";

/** What `O_NOFOLLOW` and `O_NONBLOCK` are where there are none. */
const noFlag = 0;

/**
 * Opens a file that is named by its path below a folder, where path, links or both come from somebody else. Links are followed as long as
 * they stay in the folder; which may be a link itself. A snapshot in a cache of the Hugging Face Hub, whose files are links to the `blobs`
 * beside it, counts as one folder with these.
 *
 * What is opened is looked at again once it is open, so that a link that appears in between leads nowhere.
 * @param path With slashes.
 * @returns Of a regular file; to be closed by the caller.
 * @throws FileError `FILE_OUTSIDE` for a path that `relativePathProblem` objects to and for links that leave the folder, `FILE_NOT_FOUND`,
 * `FILE_UNREADABLE` also for folders, pipes and devices.
 */
export async function openInside(folder: string, path: string): Promise<FileHandle> {
  const full = pathInside(folder, path);
  try {
    const real = await realPathInside(folder, full);
    // A pipe would wait for whoever writes to it.
    const handle = await open(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? noFlag) | (constants.O_NONBLOCK ?? noFlag));
    try {
      await checkHandle(handle, real, folder, full);
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof FileError ? error : readError(full, error);
  }
}

/**
 * Makes a folder below another one, with those that lead to either, unless a link on the way leaves the upper one.
 * @throws FileError `FILE_OUTSIDE` as `openInside`; errors of the operating system.
 */
export async function makeFolderInside(folder: string, path: string): Promise<void> {
  const full = pathInside(folder, path);
  await mkdir(folder, { recursive: true });
  let made = folder;
  for (const part of path.split("/")) {
    made = join(made, part);
    await mkdir(made).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    await realPathInside(folder, made, full);
  }
}

/**
 * Removes a file below a folder if it is there; of a link, the link.
 * @throws FileError `FILE_OUTSIDE` as `openInside`, for links to a folder on the way, `FILE_UNWRITABLE`.
 */
export async function removeInside(folder: string, path: string): Promise<void> {
  const full = pathInside(folder, path);
  try {
    const parent = await realPathInside(folder, dirname(full), full);
    await rm(join(parent, basename(full)), { force: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw toFileError(full, error);
  }
}

/**
 * Checks that a file or folder below a folder, or the place where it would be, is not a link, or behind one, that leaves it.
 * @returns False if there is nothing of that name.
 * @throws FileError `FILE_OUTSIDE`, `FILE_UNREADABLE`.
 */
export async function isInside(folder: string, path: string): Promise<boolean> {
  const full = pathInside(folder, path);
  const parts = path.split("/");
  for (let length = parts.length; length > 0; length--) {
    try {
      await realPathInside(folder, join(folder, ...parts.slice(0, length)), full);
      return length === parts.length;
    } catch (error) {
      if (!isMissing(error)) throw error instanceof FileError ? error : readError(full, error);
    }
  }
  return false;
}

/** Whether a real path is that of a folder, or of something below it. */
export function isBelow(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

function pathInside(folder: string, path: string): string {
  const problem = relativePathProblem(path);
  if (problem === undefined) return join(folder, path);
  throw new FileError(
    "FILE_OUTSIDE",
    path.slice(0, 200),
    `${JSON.stringify(path.slice(0, 200))} is no path of a file in ${folder}: ${problem}`,
  );
}

/** @param full Of what the caller wants. @throws FileError `FILE_OUTSIDE`; errors of the operating system. */
async function realPathInside(folder: string, path: string, full: string = path): Promise<string> {
  const root = await realpath(folder);
  const real = await realpath(path);
  if (isBelow(root, real)) return real;
  const blobs = blobsOf(root);
  if (blobs !== undefined && isBelow(blobs, real)) return real;
  throw outside(folder, full);
}

/** Where the files of a snapshot in a cache of the Hub lie: `datasets--user--name/blobs` for `datasets--user--name/snapshots/<commit>`. */
function blobsOf(root: string): string | undefined {
  const parts = root.split(sep);
  const at = parts.lastIndexOf("snapshots");
  const isSnapshot = at > 0 && /^(?:models|datasets|spaces)--/u.test(parts[at - 1]!) && /^[0-9a-f]{40}$/u.test(parts[at + 1] ?? "");
  return isSnapshot ? [...parts.slice(0, at), "blobs"].join(sep) : undefined;
}

/** The file that is open has to be the one that now lies at the path; a folder on the way may have become a link before it was opened. */
async function checkHandle(handle: FileHandle, real: string, folder: string, full: string): Promise<void> {
  const opened = await handle.stat({ bigint: true });
  if (!opened.isFile()) throw new FileError("FILE_UNREADABLE", full, `cannot read ${full}: it is not a file`);
  const found = await lstat(await realPathInside(folder, real, full), { bigint: true });
  if (found.dev !== opened.dev || found.ino !== opened.ino) throw outside(folder, full);
}

function outside(folder: string, full: string): FileError {
  return new FileError("FILE_OUTSIDE", full, `${full} is a link, or behind one, that leaves ${folder}; put the file itself there`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
