import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { FileError, HubError } from "../core/index.ts";
import { isInside } from "../files/index.ts";
import { readTextFile } from "./read-text-file.ts";
import { safePathParts } from "./safe-path.ts";

/**
 * Where the cache keeps what belongs to a repository; the same folders as Python's huggingface_hub uses.
 *
 * ```text
 * models--facebook--encodec_24khz/
 *   blobs/<digest>               the bytes, once each
 *   snapshots/<commit>/<name>    links to them
 *   refs/<branch or tag>         the commit that it was when last asked for
 *   .codec/<commit>.json         what the Hub said of it when last asked; only this package reads it
 * ```
 * Source: huggingface_hub, "Understand caching", and `file_download.py`.
 */
export interface RepositoryFolder {
  readonly id: string;
  readonly path: string;
  readonly blobs: string;
  /** Where the files of a commit lie. */
  snapshot(commit: string): string;
  /** Path of a file in a snapshot. @throws HubError with code HUB_UNSAFE_NAME */
  file(commit: string, name: string): string;
  /** Path of the file that remembers a branch or tag. @throws HubError with code HUB_UNSAFE_NAME */
  ref(revision: string): string;
  /** Path of the file that keeps what the Hub said of a commit. */
  answer(commit: string): string;
}

/** @throws TypeError if `id` is not the id of a repository. */
export function repositoryFolder(cacheDir: string, id: string): RepositoryFolder {
  if (!isRepositoryId(id))
    throw new TypeError(`${JSON.stringify(id)} is not the id of a repository; expected one such as "facebook/encodec_24khz"`);
  const path = join(cacheDir, `models--${id.replaceAll("/", "--")}`);
  const snapshot = (commit: string): string => join(path, "snapshots", checkCommit(commit));
  return {
    id,
    path,
    blobs: join(path, "blobs"),
    snapshot,
    file: (commit, name) => join(snapshot(commit), ...safePathParts(name)),
    ref: (revision) => join(path, "refs", ...safePathParts(revision)),
    answer: (commit) => join(path, ".codec", `${checkCommit(commit)}.json`),
  };
}

/** Whether something is written as the id of a repository is. Source of the rule: huggingface_hub `validate_repo_id`. */
export function isRepositoryId(id: unknown): boolean {
  return typeof id === "string" && /^(?:\w[\w.-]{0,95}\/)?\w[\w.-]{0,95}$/u.test(id) && !/--|\.\.|[.-](?:\/|$)|\.git$/u.test(id);
}

/** Whether a revision is a whole commit id, which never comes to mean anything else. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/u.test(revision);
}

function checkCommit(commit: string): string {
  if (!isCommit(commit)) throw new TypeError(`${JSON.stringify(commit)} is not a commit; expected 40 hexadecimal digits`);
  return commit;
}

/** The commit that a branch or tag was when the Hub was last asked; undefined where it never was. */
export async function readRef(folder: RepositoryFolder, revision: string): Promise<string | undefined> {
  const text = await readTextFile(folder.ref(revision)).catch(() => "");
  return isCommit(text.trim()) ? text.trim() : undefined;
}

/** Remembers the commit of a branch or tag. */
export async function writeRef(folder: RepositoryFolder, revision: string, commit: string): Promise<void> {
  if ((await readRef(folder, revision)) === commit) return;
  await storing(folder.path, () => placeAtomically(folder.ref(revision), (temporary) => writeFile(temporary, commit)));
}

/**
 * Checks that what lies at a path of a repository's folder lies in it, with all links followed: the files of a snapshot are links to `blobs`.
 * The folder itself, and the cache, may be links.
 * @throws HubError with code HUB_CACHE for a link that leaves it.
 */
export async function checkCached(repositoryPath: string, path: string): Promise<void> {
  try {
    await isInside(repositoryPath, relative(repositoryPath, path).replaceAll(sep, "/"));
  } catch (cause) {
    if (!(cause instanceof FileError) || cause.code !== "FILE_OUTSIDE") throw cause;
    throw new HubError(
      "HUB_CACHE",
      `${path} is not used: it is a link, or behind one, that leaves ${repositoryPath}; remove it, and load again`,
      { cause },
    );
  }
}

/** Makes something under a name of its own and moves it to `path` when it is whole; parent folders are made as needed. */
export async function placeAtomically(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${randomBytes(8).toString("hex")}.tmp`); // with the name, it could be too long
  await mkdir(dirname(path), { recursive: true });
  try {
    await make(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Runs what writes to the cache. @throws HubError with code HUB_DISK_FULL or HUB_CACHE for what the disk objects to. */
export async function storing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause && "syscall" in cause ? cause.code : undefined;
    if (code === undefined) throw cause;
    if (code === "ENOSPC" || code === "EDQUOT") {
      const next = "free some space or set HF_HUB_CACHE to a folder on another disk";
      throw new HubError("HUB_DISK_FULL", `the disk is full: ${path} cannot grow; ${next}`, { cause });
    }
    const next = "check its permissions, or set HF_HUB_CACHE to another";
    throw new HubError("HUB_CACHE", `the cache folder ${path} cannot be written (${String(code)}); ${next}`, { cause });
  }
}
