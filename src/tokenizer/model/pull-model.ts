import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError, IntegrityError } from "../../core/index.ts";
import type { LicenseRecord } from "../../core/index.ts";
import { createHasher, hashFile, openHub, verifyCached } from "../../hub/index.ts";
import type { FileDigest, HubOptions, RepositoryDescription } from "../../hub/index.ts";
import type { CallOptions } from "../call-options.ts";
import { admitRepository, admitWeights } from "./admit-repository.ts";
import type { HubModelOptions } from "./admit-repository.ts";
import { resolveSource } from "./model-source.ts";

/** What `pullModel` fetches, and how. */
export interface PullOptions extends HubModelOptions, CallOptions {
  /** Whether files that are already cached are hashed again; `unverified` has those for which that tells nothing. @default false */
  readonly verify?: boolean | undefined;
}

/** A model that lies in the cache. */
export interface PulledModel {
  /** The repository that was downloaded; another than the one asked for where that holds the same codec in a smaller form. */
  readonly id: string;
  readonly commit: string;
  /** Who said which commit that is: the Hub, or the cache, which knows a branch or tag only as it was when last asked for. */
  readonly servedFrom: "hub" | "cache";
  /** The folder with its files. */
  readonly path: string;
  /** Its weights. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Files that `verify` could not check, because nothing is known to compare them with: in a cache of copies, or asked offline. */
  readonly unverified: readonly string[];
  readonly license: LicenseRecord;
}

/**
 * Downloads a model's codec into the Hugging Face cache, so that it can be loaded offline. What is there already stays.
 * @param id A repository of the Hub, or an alias of the catalogue.
 * @throws LicenseError if the policy does not admit its license; nothing is downloaded then.
 * @throws HubError with the codes listed in docs/hub.md; an `IntegrityError` if bytes are not what they should be.
 * @throws CheckpointError if `id` names nothing on the Hub.
 */
export async function pullModel(id: string, options: PullOptions = {}): Promise<PulledModel> {
  const { onProgress, verify = false, ...rest } = options;
  const source = resolveSource(id);
  if (source.kind !== "hub") {
    throw new CheckpointError("CHECKPOINT_NOT_FOUND", `${id} is on this machine already; expected the id of a repository on the Hub`);
  }
  if (options.exact) throw new TypeError("exact reads tensors where they are and keeps nothing; pull without it");
  const hub = openHub(rest);
  const admitted = await admitRepository(hub, source, rest);
  const { description } = admitted;
  const { files, sha256, snapshotPath, weights, commit, from } = await description.fetch({
    signal: options.signal,
    onProgress: onProgress && (({ done, total }) => onProgress({ stage: "load", done, total })),
  });
  await files.close?.();
  const license = await admitWeights(hub, admitted, sha256, rest);
  const unverified = verify ? await checkCached(description, { ...rest, revision: description.commit }) : [];
  const sizes = weights.map(async ({ name }) => ({ name, bytes: (await stat(join(snapshotPath, name))).size }));
  return { id: description.id, commit, servedFrom: from, path: snapshotPath, files: await Promise.all(sizes), unverified, license };
}

/**
 * Hashes the cached files of a commit again. One that is a copy, whose name does not tell its digest, is held against what
 * the Hub lists or the catalogue pins.
 * @returns The files of which no digest is known.
 * @throws IntegrityError if one is not what it should be.
 */
async function checkCached(description: RepositoryDescription, options: HubOptions): Promise<readonly string[]> {
  const { id, commit, snapshotPath } = description;
  const known = knownDigests(description);
  const unverified: string[] = [];
  for (const verified of await verifyCached(id, options)) {
    const { file } = verified;
    if (verified.commit !== commit) continue;
    const digest = known.get(file);
    if (verified.isRight !== null) requireDigest(id, file, verified.expected, verified.actual);
    else if (digest !== undefined) requireDigest(id, file, digest.hex, await hashCopy(join(snapshotPath, file), digest, options.signal));
    else unverified.push(file);
  }
  return unverified;
}

function knownDigests({ weights, pins }: RepositoryDescription): ReadonlyMap<string, FileDigest> {
  const pinned = Object.entries(pins).map(([name, hex]) => [name, { algorithm: "sha256", hex: hex.toLowerCase() } as const] as const);
  const listed = weights.flatMap(({ name, digest }) => (digest === null ? [] : [[name, digest] as const]));
  return new Map<string, FileDigest>([...pinned, ...listed]);
}

async function hashCopy(path: string, { algorithm }: FileDigest, signal: AbortSignal | undefined): Promise<string> {
  const hasher = createHasher(algorithm, (await stat(path)).size);
  await hashFile(path, hasher, signal);
  return hasher.hex();
}

function requireDigest(id: string, file: string, expected: string | null, actual: string | null): void {
  if (actual === expected) return;
  throw new IntegrityError(
    file,
    expected ?? "none",
    actual ?? "none",
    `${file} of ${id} in the cache has digest ${actual}, expected ${expected}; ` +
      `remove it with \`encodec-tokenizer cache remove ${id}\` and pull again`,
  );
}
