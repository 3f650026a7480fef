import { join } from "node:path";
import { cardName } from "../catalogue/index.ts";
import type { CheckpointFolder } from "../checkpoint/index.ts";
import { HubError } from "../core/index.ts";
import type { ByteSource } from "../core/index.ts";
import { openFile } from "../files/index.ts";
import { repositoryFolder } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { checkPin, sha256Of, wrongBytes } from "./describe-repository.ts";
import type { RepositoryDescription, WeightsFile } from "./describe-repository.ts";
import { downloadFile } from "./download-file.ts";
import { openHttpSource } from "./http-source.ts";
import type { HubSettings } from "./hub-options.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { notCached } from "./resolve-revision.ts";
import { rememberSha256, sha256OfWeightsAt } from "./weights-digest.ts";

/** A repository whose codec can be opened. */
export interface HubRepository extends RepositoryDescription {
  /** The files for `openCheckpoint`, which owns and closes them: the configuration, the weights and the card, and nothing else. */
  readonly files: CheckpointFolder;
  /**
   * SHA-256 of each file with weights, by name. Those of downloaded files were verified; one that is read in ranges is
   * what the Hub lists, or missing where it lists none.
   */
  readonly sha256: ReadonlyMap<string, string>;
}

/** Sees to it that the weights of a repository, described with these settings, are in the cache, and opens its files. */
export async function fetchWeights(settings: HubSettings, description: RepositoryDescription): Promise<HubRepository> {
  const folder = repositoryFolder(settings.cacheDir, description.id);
  // What was described from the cache was found there.
  if (!description.isReadInRanges && description.from === "hub") await downloadWeights(settings, folder, description);
  return { ...description, files: folderOf(settings, description), sha256: await digestsOf(settings, folder, description) };
}

/** More than any model with a codec has, several times over: a server could otherwise fill the disk. */
const maxWeightsBytes = 2 ** 36;

async function downloadWeights(settings: HubSettings, folder: RepositoryFolder, { commit, weights }: RepositoryDescription): Promise<void> {
  const total = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > maxWeightsBytes)
    throw new HubError(
      "HUB_UNEXPECTED_ANSWER",
      `the weights of ${folder.id} are said to have ${total} bytes; at most ${maxWeightsBytes} are downloaded`,
    );
  let before = 0;
  for (const file of weights) {
    const done = before;
    const onBytes = (bytes: number): void => settings.onProgress?.({ file: file.name, done: done + bytes, total });
    const isNew = await downloadFile(settings, { folder, commit, file: asListed(file), onBytes });
    if (isNew && file.digest?.algorithm === "sha256") await rememberSha256(folder.file(commit, file.name), file.digest.hex, settings.env);
    before += file.bytes;
  }
}

/**
 * The SHA-256 of what is going to be read. Files that were in the cache before are held against it as well as those that were just downloaded;
 * those that the cache itself described were hashed for that.
 * @throws IntegrityError if a file is not the listed or the pinned one.
 */
async function digestsOf(
  { signal, env }: HubSettings,
  folder: RepositoryFolder,
  description: RepositoryDescription,
): Promise<ReadonlyMap<string, string>> {
  const { id, commit, weights, isReadInRanges, pins } = description;
  const digests = new Map<string, string>();
  for (const file of weights) {
    const { name } = file;
    const expected = sha256Of(file);
    if (isReadInRanges) {
      if (expected !== null) digests.set(name, expected);
      continue;
    }
    const sha256 = file.sha256 ?? (await sha256OfWeightsAt(folder.file(commit, name), { signal, env }));
    if (expected !== null && sha256 !== expected) throw wrongBytes(folder, name, expected, sha256);
    if (Object.hasOwn(pins, name)) checkPin(id, commit, name, pins[name]!, sha256);
    digests.set(name, sha256);
  }
  return digests;
}

function folderOf(settings: HubSettings, description: RepositoryDescription): CheckpointFolder {
  const { id, commit, snapshotPath, described, weights, isReadInRanges, cardText } = description;
  const remote = new Map(isReadInRanges ? weights.map((file) => [file.name, file]) : []);
  const names = [...described, ...weights.map(({ name }) => name), ...(cardText === null ? [] : [cardName])];
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
function asListed({ name, bytes, digest }: WeightsFile): RepositoryFile {
  if (digest === null) throw new TypeError(`${name} was described from the cache; describe the repository again to download it`);
  return { name, bytes, digest };
}
