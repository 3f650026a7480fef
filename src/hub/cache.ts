import { lstat, readdir, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { checkCached, isCommit, isRepositoryId, repositoryFolder, storing } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { createHasher, hashFile, parseDigest } from "./file-digest.ts";
import { resolveHubOptions } from "./hub-options.ts";
import type { HubOptions } from "./hub-options.ts";
import { isPartial } from "./partial-file.ts";
import { readTextFile } from "./read-text-file.ts";

/** A commit of a repository in the cache. */
export interface CachedCommit {
  readonly commit: string;
  /** Branches and tags that were this commit when last asked for. */
  readonly refs: readonly string[];
  /** Names of its files, those in folders with slashes. */
  readonly files: readonly string[];
  /** Length of its files in bytes; commits that share files count them each. */
  readonly bytes: number;
}

/** A repository of which the cache has files. */
export interface CachedRepository {
  readonly id: string;
  readonly path: string;
  /** Bytes on the disk, those of unfinished downloads included. */
  readonly bytes: number;
  readonly commits: readonly CachedCommit[];
}

/** A file of the cache, re-hashed. */
export interface VerifiedFile {
  readonly commit: string;
  readonly file: string;
  /** The digest that the bytes should have; null where a cache of copies does not tell it. */
  readonly expected: string | null;
  readonly actual: string | null;
  /** Whether they agree; null where nothing is known to compare with, false also for a link that leaves the repository's folder. */
  readonly isRight: boolean | null;
}

/** What tells a repository with a codec: its weight file, the model that its configuration describes, or a download of ours. */
const codecFiles = /^(?:compression_state_dict\.bin|.*encodec.*\.(?:th|safetensors|bin))$/u;
const codecTypes = /"model_type"\s*:\s*"(?:encodec|musicgen|musicgen_melody|bark)"/u;

/**
 * The repositories in the cache that have to do with EnCodec, by id. The cache is shared: what others keep there is left out.
 * @param options Only `cacheDir` and `env` matter.
 */
export async function listCache(options: HubOptions = {}): Promise<readonly CachedRepository[]> {
  const { cacheDir } = resolveHubOptions(options);
  const repositories: CachedRepository[] = [];
  for (const name of (await readdir(cacheDir).catch(() => [])).toSorted()) {
    const id = /^models--(.+)$/u.exec(name)?.[1]?.replace("--", "/");
    if (id === undefined || !isRepositoryId(id)) continue;
    const repository = await readRepository(repositoryFolder(cacheDir, id));
    if (await holdsCodec(repository)) repositories.push(repository);
  }
  return repositories;
}

/** Whether the cache has anything of a repository at a commit, which then was asked for before. */
export async function holdsCommit(id: string, commit: string, options: Pick<HubOptions, "cacheDir"> = {}): Promise<boolean> {
  if (!isCommit(commit)) return false;
  const { cacheDir } = resolveHubOptions({ ...options, token: null });
  const stats = await stat(repositoryFolder(cacheDir, id).snapshot(commit)).catch(() => undefined);
  return stats?.isDirectory() === true;
}

/**
 * Hashes every cached file of a repository anew and compares it with the digest that it is stored under.
 * What is wrong is in the result; nothing is removed.
 */
export async function verifyCached(id: string, options: HubOptions = {}): Promise<readonly VerifiedFile[]> {
  const settings = resolveHubOptions(options);
  const folder = repositoryFolder(settings.cacheDir, id);
  const known = new Map<string, string>();
  const verified: VerifiedFile[] = [];
  for (const { commit, files } of (await readRepository(folder)).commits) {
    for (const file of files) {
      if (!(await staysInside(folder.path, join(folder.snapshot(commit), file)))) {
        verified.push({ commit, file, expected: null, actual: null, isRight: false });
        continue;
      }
      const path = await realpath(join(folder.snapshot(commit), file));
      const digest = parseDigest(basename(path));
      if (digest === undefined) {
        verified.push({ commit, file, expected: null, actual: null, isRight: null });
        continue;
      }
      if (!known.has(path)) {
        const hasher = createHasher(digest.algorithm, (await stat(path)).size);
        await hashFile(path, hasher, settings.signal);
        known.set(path, hasher.hex());
      }
      const actual = known.get(path)!;
      verified.push({ commit, file, expected: digest.hex, actual, isRight: actual === digest.hex });
    }
  }
  return verified;
}

/**
 * Removes a repository from the cache, or one revision of it: its files, the names that lead to it, and the bytes that no other
 * revision uses.
 * @param revision Branch, tag or commit in the cache; all of them if it is left out.
 * @returns Bytes that were freed; 0 if there was nothing to remove.
 * @throws HubError with code HUB_CACHE if the operating system does not let go of a file.
 */
export async function removeCached(id: string, { revision, ...options }: HubOptions = {}): Promise<number> {
  const { cacheDir } = resolveHubOptions(options);
  const folder = repositoryFolder(cacheDir, id);
  const isThere = (await lstat(folder.path).catch(() => undefined))?.isDirectory() ?? false;
  if (!isThere) return 0;
  const before = await bytesBelow(folder.path);
  if (revision === undefined) {
    await storing(folder.path, () => rm(folder.path, { recursive: true }));
    return before;
  }
  const { commits } = await readRepository(folder);
  const doomed = commits.find(({ commit, refs }) => commit === revision || refs.includes(revision));
  if (doomed === undefined) return 0;
  await storing(folder.path, () => removeCommit(folder, doomed, commits));
  return before - (await bytesBelow(folder.path));
}

async function removeCommit(folder: RepositoryFolder, doomed: CachedCommit, commits: readonly CachedCommit[]): Promise<void> {
  const kept = new Set<string>();
  for (const { commit, files } of commits) {
    if (commit === doomed.commit) continue;
    for (const file of files) kept.add(await realpath(join(folder.snapshot(commit), file)));
  }
  const blobs = await realpath(folder.blobs).catch(() => folder.blobs);
  const doomedBlobs: string[] = [];
  for (const file of doomed.files) {
    const path = await realpath(join(folder.snapshot(doomed.commit), file));
    // A link may lead anywhere; only what lies among this repository's own bytes is removed.
    if (dirname(path) === blobs && !kept.has(path)) doomedBlobs.push(path);
  }
  for (const ref of doomed.refs) await rm(folder.ref(ref), { force: true });
  await rm(folder.answer(doomed.commit), { force: true });
  await rm(folder.snapshot(doomed.commit), { recursive: true });
  for (const path of doomedBlobs) await rm(path, { force: true });
}

async function readRepository(folder: RepositoryFolder): Promise<CachedRepository> {
  for (const name of ["refs", "snapshots", "blobs"]) await checkCached(folder.path, join(folder.path, name));
  const refs = await readRefs(folder);
  const commits: CachedCommit[] = [];
  for (const commit of (await readdir(join(folder.path, "snapshots")).catch(() => [])).toSorted()) {
    if (!isCommit(commit)) continue;
    const files = await namesBelow(folder.snapshot(commit));
    let bytes = 0;
    for (const file of files) bytes += (await stat(join(folder.snapshot(commit), file))).size;
    commits.push({ commit, refs: refs.get(commit) ?? [], files, bytes });
  }
  return { id: folder.id, path: folder.path, bytes: await bytesBelow(folder.path), commits };
}

/** Branches and tags by commit. */
async function readRefs(folder: RepositoryFolder): Promise<ReadonlyMap<string, readonly string[]>> {
  const root = join(folder.path, "refs");
  const refs = new Map<string, string[]>();
  for (const name of await namesBelow(root)) {
    const commit = (await readTextFile(join(root, name))).trim();
    refs.set(commit, [...(refs.get(commit) ?? []), name]);
  }
  return refs;
}

/** What a process that was killed may leave beside a file that it was about to put in place. */
const temporaryName = /\.[0-9a-f]{16}\.tmp$/u;

/** Names of the files below a folder, relative to it and with slashes; links that lead nowhere are left out. */
async function namesBelow(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const names: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const isFile = await stat(path).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (isFile && !temporaryName.test(entry.name)) names.push(relative(root, path).replaceAll(sep, "/"));
  }
  return names.toSorted();
}

/** Bytes of the files below a folder; links count nothing. */
async function bytesBelow(root: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}

function staysInside(repositoryPath: string, path: string): Promise<boolean> {
  return checkCached(repositoryPath, path).then(
    () => true,
    () => false,
  );
}

async function holdsCodec({ path, commits }: CachedRepository): Promise<boolean> {
  for (const { commit, files } of commits) {
    if (files.some((file) => codecFiles.test(file))) return true;
    const config = join(path, "snapshots", commit, "config.json");
    if (!files.includes("config.json")) continue;
    if (!(await staysInside(path, config))) return true; // to be found and removed
    if (codecTypes.test(await readTextFile(config).catch(() => ""))) return true;
  }
  return (await readdir(join(path, "blobs")).catch(() => [])).some(isPartial);
}
