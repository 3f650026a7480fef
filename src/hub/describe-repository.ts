import { readdir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { cardName } from "../catalogue/index.ts";
import { HubError, IntegrityError } from "../core/index.ts";
import { checkCached, isCommit, repositoryFolder } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { createHasher, hashFile, parseDigest } from "./file-digest.ts";
import type { FileDigest } from "./file-digest.ts";
import type { HubSettings } from "./hub-options.ts";
import { readAnswer } from "./kept-answer.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { readTextFile } from "./read-text-file.ts";
import { notCached, resolveOffline } from "./resolve-revision.ts";
import type { RepositoryInfo } from "./resolve-revision.ts";
import { selectFiles } from "./select-files.ts";
import type { FileSelection } from "./select-files.ts";
import { visitRepository } from "./visit-repository.ts";
import { sha256OfWeightsAt } from "./weights-digest.ts";

/** What of a repository is described. */
export interface DescribeOptions {
  /** Branch, tag or commit. @default the Hub's `revision`, or "main" */
  readonly revision?: string | undefined;
  /**
   * Whether the codec of a larger model (MusicGen, Bark) is read out of that model's own safetensors, by ranges, without
   * downloading the rest.
   * @default false
   */
  readonly exact?: boolean | undefined;
  /** SHA-256 that files are known to have, by name, in hexadecimal; a repository that lists another is refused. */
  readonly pins?: Readonly<Record<string, string>> | undefined;
  /** Stops the work; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A file with tensors. */
export interface WeightsFile extends Omit<RepositoryFile, "digest"> {
  /** What it is listed, or stored in the cache, under; null where a cache of copies does not tell it. */
  readonly digest: FileDigest | null;
  /** SHA-256 of its bytes, where the cache has it. */
  readonly sha256?: string | undefined;
}

/** The SHA-256 by which a file is recognised; null before it is there, if the Hub lists none. */
export function sha256Of({ digest, sha256 }: WeightsFile): string | null {
  return sha256 ?? (digest?.algorithm === "sha256" ? digest.hex : null);
}

/** All that is known of a repository before its weights are there. */
export interface RepositoryDescription {
  readonly id: string;
  /** The revision that was asked for. */
  readonly revision: string;
  /** What the revision is, or was when it was last asked for. */
  readonly commit: string;
  /** Who said so. */
  readonly from: "hub" | "cache";
  /** The folder that has, or is going to have, the files. */
  readonly snapshotPath: string;
  /** What the Hub's API says, or said when it was last asked; null where the cache has to answer and nothing of it was kept. */
  readonly info: RepositoryInfo | null;
  /** README.md at the commit; null if there is none. */
  readonly cardText: string | null;
  /** Names of the small files that go with the weights. */
  readonly described: readonly string[];
  readonly weights: readonly WeightsFile[];
  /** Whether the weights stay where they are and tensors are read from there. */
  readonly isReadInRanges: boolean;
  readonly pins: Readonly<Record<string, string>>;
}

/**
 * Finds out what a repository holds, without its weights: the commit, the model card, and which files the codec needs.
 * Small files go to the cache. If the Hub cannot be reached, or need not be because a whole commit is cached, the cache answers.
 * @throws TypeError if `id` is not the id of a repository.
 * @throws IntegrityError if a small file has another digest than the pinned one, or the Hub lists another for the weights.
 * @throws HubError with the codes listed in docs/hub.md.
 */
export async function describeRepository(settings: HubSettings, id: string, options: DescribeOptions): Promise<RepositoryDescription> {
  const folder = repositoryFolder(settings.cacheDir, id);
  const description = await describe(settings, folder, options);
  await checkPins(settings, description);
  return description;
}

async function describe(settings: HubSettings, folder: RepositoryFolder, options: DescribeOptions): Promise<RepositoryDescription> {
  if (settings.offline) return describeCached(settings, folder, options);
  if (isCommit(settings.revision)) {
    const cached = await ifCached(settings, folder, options);
    if (cached !== undefined && cached.cardText !== null && cached.info !== null) return cached;
  }
  try {
    return await describeOnline(settings, folder, options);
  } catch (error) {
    if (!isOutage(error)) throw error;
    const cached = await ifCached(settings, folder, options);
    if (cached === undefined) throw error;
    return cached;
  }
}

const outageCodes: ReadonlySet<string> = new Set(["HUB_UNREACHABLE", "HUB_INTERRUPTED", "HUB_SERVER"]);

/** Whether the Hub gave no answer, so that the cache may. */
export function isOutage(error: unknown): boolean {
  return error instanceof HubError && outageCodes.has(error.code);
}

async function describeOnline(settings: HubSettings, folder: RepositoryFolder, options: DescribeOptions): Promise<RepositoryDescription> {
  const { commit, info, cardText, listed, readText } = await visitRepository(settings, folder);
  const sizes = new Map([...listed].map(([name, { bytes }]) => [name, bytes]));
  const selection = await selectFiles({ name: `${folder.id} at ${commit}`, files: sizes, readText }, options.exact === true);
  for (const name of selection.described) await readText(name);
  return {
    ...ofBoth(settings, folder, commit, options, selection),
    from: "hub",
    info,
    cardText,
    weights: selection.weights.map((name) => listed.get(name)!),
    isReadInRanges: options.exact === true && isPartOfSafetensors(selection),
  };
}

async function describeCached(settings: HubSettings, folder: RepositoryFolder, options: DescribeOptions): Promise<RepositoryDescription> {
  const commit = await resolveOffline(settings, folder);
  const snapshot = folder.snapshot(commit);
  const files = await listSnapshot(folder, commit);
  const sizes = new Map([...files].map(([name, { bytes }]) => [name, bytes]));
  const readText = (name: string): Promise<string> => readTextFile(folder.file(commit, name));
  const listing = { name: snapshot, files: sizes, readText };
  const selection = await selectFiles(listing, options.exact === true).catch((cause: unknown) => {
    throw notCached(settings, folder.id, `commit ${commit} with all its weights`, { cause });
  });
  return {
    ...ofBoth(settings, folder, commit, options, selection),
    from: "cache",
    info: (await readAnswer(folder, commit))?.info ?? null,
    cardText: sizes.has(cardName) ? await readText(cardName) : null,
    weights: await Promise.all(selection.weights.map((name) => readDigest(settings, folder, commit, files.get(name)!))),
    isReadInRanges: false,
  };
}

/**
 * A file of the cache with the SHA-256 of its bytes, whatever it is called there: caches are copied, and handed on.
 * @throws IntegrityError if it is stored under another.
 */
async function readDigest({ signal, env }: HubSettings, folder: RepositoryFolder, commit: string, file: WeightsFile): Promise<WeightsFile> {
  const sha256 = await sha256OfWeightsAt(folder.file(commit, file.name), { signal, env });
  if (file.digest?.algorithm === "sha256" && file.digest.hex !== sha256) throw wrongBytes(folder, file.name, file.digest.hex, sha256);
  return { ...file, sha256 };
}

/** The error for a cached file whose bytes are not those that it is stored as. */
export function wrongBytes({ id }: RepositoryFolder, name: string, expected: string, actual: string): IntegrityError {
  const remedy = `remove it with \`encodec-tokenizer cache remove ${id}\` and load again`;
  return new IntegrityError(name, expected, actual, `${name} of ${id} in the cache has digest ${actual}, expected ${expected}; ${remedy}`);
}

/** The files that the cache has in the top folder of a commit, by name. */
export async function listSnapshot(folder: RepositoryFolder, commit: string): Promise<ReadonlyMap<string, WeightsFile>> {
  const files = new Map<string, WeightsFile>();
  for (const name of await readdir(folder.snapshot(commit)).catch(() => [])) {
    const path = folder.file(commit, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile() !== true) continue;
    await checkCached(folder.path, path);
    files.set(name, { name, bytes: stats.size, digest: parseDigest(basename(await realpath(path))) ?? null });
  }
  return files;
}

/** What the cache has, or undefined if it has not all of it. */
async function ifCached(
  settings: HubSettings,
  folder: RepositoryFolder,
  options: DescribeOptions,
): Promise<RepositoryDescription | undefined> {
  try {
    return await describeCached(settings, folder, options);
  } catch (error) {
    if (error instanceof HubError && error.code === "HUB_OFFLINE") return undefined;
    throw error;
  }
}

function ofBoth(
  settings: HubSettings,
  folder: RepositoryFolder,
  commit: string,
  options: DescribeOptions,
  { described }: FileSelection,
): Pick<RepositoryDescription, "id" | "revision" | "commit" | "snapshotPath" | "described" | "pins"> {
  return { id: folder.id, revision: settings.revision, commit, snapshotPath: folder.snapshot(commit), described, pins: options.pins ?? {} };
}

function isPartOfSafetensors({ prefix, weights }: FileSelection): boolean {
  return prefix !== "" && weights.every((name) => name.endsWith(".safetensors"));
}

/**
 * Refuses small files and a listing that contradict a pin, before a byte of the weights is downloaded. Weights of which only
 * git's digest is listed are compared once the bytes are there.
 */
async function checkPins(
  { signal }: HubSettings,
  { id, commit, snapshotPath, described, weights, pins }: RepositoryDescription,
): Promise<void> {
  for (const name of described) {
    if (!Object.hasOwn(pins, name)) continue;
    const hasher = createHasher("sha256", 0); // git alone hashes the length
    await hashFile(join(snapshotPath, name), hasher, signal);
    checkPin(id, commit, name, pins[name]!, hasher.hex());
  }
  for (const file of weights) {
    const sha256 = sha256Of(file);
    if (Object.hasOwn(pins, file.name) && sha256 !== null) checkPin(id, commit, file.name, pins[file.name]!, sha256);
  }
}

/** @throws IntegrityError if a file is not the pinned one. */
export function checkPin(id: string, commit: string, file: string, pin: string, sha256: string): void {
  if (sha256 === pin.toLowerCase()) return;
  throw new IntegrityError(
    file,
    pin,
    sha256,
    `${file} of ${id} at ${commit} has the SHA-256 ${sha256}; expected ${pin}. It is not the file that is known under this name and is not used`,
  );
}
