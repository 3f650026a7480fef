import { join } from "node:path";
import { cardName, parsedConfig } from "../catalogue/index.ts";
import type { RepositoryMetadata } from "../catalogue/index.ts";
import { CheckpointError, HubError } from "../core/index.ts";
import type { HubErrorCode } from "../core/index.ts";
import { isRepositoryId, repositoryFolder } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { isOutage, listSnapshot, sha256Of } from "./describe-repository.ts";
import type { RepositoryDescription, WeightsFile } from "./describe-repository.ts";
import type { HubSettings } from "./hub-options.ts";
import { readAnswer } from "./kept-answer.ts";
import { readTextFile } from "./read-text-file.ts";
import { notCached, resolveOffline } from "./resolve-revision.ts";
import type { RepositoryInfo } from "./resolve-revision.ts";
import { selectFiles } from "./select-files.ts";
import { visitRepository } from "./visit-repository.ts";
import { sha256OfWeightsAt } from "./weights-digest.ts";

/** Answers that mean a repository cannot be seen, by us or now. */
const unseenCodes: ReadonlySet<HubErrorCode> = new Set<HubErrorCode>([
  "HUB_NOT_FOUND",
  "HUB_GATED",
  "HUB_FORBIDDEN",
  "HUB_DISABLED",
  "HUB_REVISION_NOT_FOUND",
  "HUB_OFFLINE",
  "HUB_UNREACHABLE",
  "HUB_INTERRUPTED",
  "HUB_SERVER",
]);

/** What a license is worked out from, of a repository whose weights one is about to fetch. */
export async function metadataOf(description: RepositoryDescription): Promise<RepositoryMetadata> {
  const { described, snapshotPath, weights } = description;
  const config = described.includes("config.json") ? await readTextFile(join(snapshotPath, "config.json")) : null;
  return assemble(description.id, description, weights.map(sha256Of), config);
}

/**
 * What a license is worked out from, of any repository: one that another names as its base, which need not hold a codec.
 * Its branch `main` is read; offline and when the Hub cannot be reached, what the cache has of it, for which it needs no weights.
 * @returns Null where the repository cannot be seen: not there, private, gated, not reachable, not cached.
 * @throws HubError for what is wrong with the request itself: a bad token, too many requests, a full disk.
 */
export async function fetchMetadata(settings: HubSettings, id: string): Promise<RepositoryMetadata | null> {
  if (!isRepositoryId(id)) return null;
  const folder = repositoryFolder(settings.cacheDir, id);
  try {
    const visited = await visit(settings, folder);
    const { commit, listed, readText } = visited;
    const sizes = new Map([...listed].map(([name, { bytes }]) => [name, bytes]));
    const weights = await selectFiles({ name: id, files: sizes, readText }, true).then(
      (selection) => selection.weights.map((name) => listed.get(name)!),
      (error: unknown) => {
        if (error instanceof HubError && error.code === "HUB_FILE_NOT_FOUND") return [];
        throw error;
      },
    );
    const digests: (string | null)[] = [];
    for (const file of weights) digests.push(sha256Of(file) ?? (await sha256IfCached(folder.file(commit, file.name), settings)));
    return assemble(id, visited, digests, listed.has("config.json") ? await readText("config.json") : null);
  } catch (error) {
    if (error instanceof HubError && unseenCodes.has(error.code)) return null;
    throw error;
  }
}

/** A repository as it shows without its weights, on the Hub or in the cache. */
interface SeenRepository {
  readonly commit: string;
  readonly info: RepositoryInfo | null;
  readonly cardText: string | null;
  readonly listed: ReadonlyMap<string, WeightsFile>;
  readText(name: string): Promise<string>;
}

async function visit(settings: HubSettings, folder: RepositoryFolder): Promise<SeenRepository> {
  if (settings.offline) return revisit(settings, folder);
  try {
    return await visitRepository(settings, folder);
  } catch (error) {
    if (!isOutage(error)) throw error;
    return revisit(settings, folder);
  }
}

/** What an earlier visit left in the cache. Digests are those that the Hub listed then, so that a copy is recognised as it was. */
async function revisit(settings: HubSettings, folder: RepositoryFolder): Promise<SeenRepository> {
  const commit = await resolveOffline(settings, folder);
  const answer = await readAnswer(folder, commit);
  const listed = answer === null ? await listSnapshot(folder, commit) : new Map(answer.files.map((file) => [file.name, file]));
  if (listed.size === 0) throw notCached(settings, folder.id, `commit ${commit}`);

  async function readText(name: string): Promise<string> {
    return readTextFile(folder.file(commit, name)).catch((cause: unknown) => {
      throw notCached(settings, folder.id, `${name} at ${commit}`, { cause });
    });
  }

  return { commit, info: answer?.info ?? null, listed, readText, cardText: listed.has(cardName) ? await readText(cardName) : null };
}

/** The digest of a file that the Hub gives none for: one in a cache of copies, or one that the Hub keeps without Git LFS. */
async function sha256IfCached(path: string, { signal, env }: HubSettings): Promise<string | null> {
  try {
    return await sha256OfWeightsAt(path, { signal, env });
  } catch (error) {
    if (error instanceof CheckpointError && error.code === "CHECKPOINT_NOT_FOUND") return null;
    throw error;
  }
}

function assemble(
  id: string,
  { commit, cardText, info }: Pick<RepositoryDescription, "commit" | "cardText" | "info">,
  digests: RepositoryMetadata["digests"],
  config: string | null,
): RepositoryMetadata {
  return {
    id,
    revision: commit,
    readme: cardText,
    api: info === null ? null : { cardData: info.cardData, tags: info.tags },
    digests,
    config: parsedConfig(config),
  };
}
