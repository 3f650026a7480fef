import { join } from "node:path";
import type { CheckpointFolder } from "../checkpoint/index.ts";
import type { ByteSource } from "../core/index.ts";
import { openFile } from "../files/index.ts";
import { type RepositoryFolder, repositoryFolder } from "./cache-layout.ts";
import { checkPin, describeRepository, type DescribeOptions, type RepositoryDescription, type WeightsFile } from "./describe-repository.ts";
import { downloadFile } from "./download-file.ts";
import { createHasher, hashFile } from "./file-digest.ts";
import { openHttpSource } from "./http-source.ts";
import { type HubOptions, type HubSettings, resolveHubOptions } from "./hub-options.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { notCached } from "./resolve-revision.ts";

/** A repository whose codec can be opened. */
export interface HubRepository extends RepositoryDescription {
  /** For `openCheckpoint`, which owns and closes it: the configuration, the weights and the card, and nothing else. */
  readonly files: CheckpointFolder;
  /**
   * SHA-256 of each file with weights, by name. Those of downloaded files were verified; one that is read in ranges is
   * what the Hub lists, or missing where it lists none.
   */
  readonly sha256: ReadonlyMap<string, string>;
}

/**
 * Downloads the codec of a repository from the Hugging Face Hub, or takes it from the cache.
 * `describeRepository` and `fetchWeights` are its two halves, for who wants to decide in between.
 * @throws HubError with the codes listed in docs/hub.md, among them IntegrityError for bytes that are not the right ones.
 */
export async function openHubRepository(id: string, options: DescribeOptions = {}): Promise<HubRepository> {
  return fetchWeights(await describeRepository(id, options), options);
}

/**
 * Sees to it that the weights of a described repository are in the cache, and opens its files.
 * @param options Those with which it was described.
 * @throws TypeError if they lead to another cache.
 * @throws HubError as `openHubRepository`.
 */
export async function fetchWeights(description: RepositoryDescription, options: HubOptions = {}): Promise<HubRepository> {
  const settings = resolveHubOptions(options);
  const folder = repositoryFolder(settings.cacheDir, description.id);
  if (folder.snapshot(description.commit) !== description.snapshotPath) {
    throw new TypeError(`${description.id} was described in another cache than ${settings.cacheDir}; give the same options as then`);
  }
  // What was described from the cache was found there.
  if (!description.inRanges && description.from === "hub") await downloadWeights(settings, folder, description);
  return { ...description, files: folderOf(settings, description), sha256: await digestsOf(settings, description) };
}

async function downloadWeights(settings: HubSettings, folder: RepositoryFolder, { commit, weights }: RepositoryDescription): Promise<void> {
  const total = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const file of weights) {
    const done = before;
    const onBytes = (bytes: number): void => settings.onProgress?.({ file: file.name, done: done + bytes, total });
    await downloadFile(settings, { folder, commit, file: asListed(file), onBytes });
    before += file.bytes;
  }
}

/** @throws IntegrityError if a file is not the pinned one. */
async function digestsOf(settings: HubSettings, description: RepositoryDescription): Promise<ReadonlyMap<string, string>> {
  const { id, commit, snapshotPath, weights, inRanges, pins } = description;
  const digests = new Map<string, string>();
  for (const { name, bytes, digest } of weights) {
    if (digest?.algorithm === "sha256") {
      digests.set(name, digest.hex);
    } else if (!inRanges) {
      const hasher = createHasher("sha256", bytes);
      await hashFile(join(snapshotPath, name), hasher, settings.signal);
      const sha256 = hasher.hex();
      if (Object.hasOwn(pins, name)) checkPin(id, commit, name, pins[name]!, sha256);
      digests.set(name, sha256);
    }
  }
  return digests;
}

function folderOf(settings: HubSettings, description: RepositoryDescription): CheckpointFolder {
  const { id, commit, snapshotPath, described, weights, inRanges, cardText } = description;
  const remote = new Map(inRanges ? weights.map((file) => [file.name, file]) : []);
  const names = [...described, ...weights.map(({ name }) => name), ...(cardText === null ? [] : ["README.md"])];
  const opened = new Map<string, Promise<ByteSource & Partial<AsyncDisposable>>>();

  function openNamed(name: string): Promise<ByteSource & Partial<AsyncDisposable>> {
    const file = remote.get(name);
    if (file === undefined) return openFile(join(snapshotPath, name));
    if (settings.offline) throw notCached(settings, id, file.name);
    return openHttpSource(settings, id, commit, asListed(file));
  }

  return {
    kind: "folder",
    name: `${id} at ${commit}`,
    list: async () => names,
    async open(name) {
      if (!names.includes(name)) return undefined;
      const source = opened.get(name) ?? openNamed(name);
      opened.set(name, source);
      return source;
    },
    async close() {
      const sources = await Promise.allSettled(opened.values());
      opened.clear();
      await Promise.all(sources.map((source) => (source.status === "fulfilled" ? source.value[Symbol.asyncDispose]?.() : undefined)));
    },
  };
}

/** A file that the Hub listed has a digest; only what was found in the cache may lack one. */
function asListed({ digest, ...file }: WeightsFile): RepositoryFile {
  if (digest === null) throw new TypeError(`${file.name} was described from the cache; describe the repository again to download it`);
  return { ...file, digest };
}
