import type { RepositoryMetadata } from "../catalogue/index.ts";
import { describeRepository } from "./describe-repository.ts";
import type { DescribeOptions, RepositoryDescription } from "./describe-repository.ts";
import { checkRevision, resolveHubOptions } from "./hub-options.ts";
import type { HubOptions } from "./hub-options.ts";
import { fetchWeights } from "./hub-repository.ts";
import type { HubRepository } from "./hub-repository.ts";
import { fetchMetadata } from "./repository-metadata.ts";

/** What a download can be told. */
export type FetchOptions = Pick<HubOptions, "signal" | "onProgress">;

/** A repository of which all is known but the weights. */
export interface DescribedRepository extends RepositoryDescription {
  /**
   * Sees to it that the weights are in the cache, and opens the files.
   * @throws HubError with the codes listed in docs/hub.md, among them IntegrityError for bytes that are not the right ones.
   */
  readonly fetch: (options?: FetchOptions) => Promise<HubRepository>;
}

/** The Hugging Face Hub, or a mirror, and the cache of this machine. */
export interface Hub {
  /**
   * Finds out what a repository holds, without its weights: the commit, the model card, and which files the codec needs.
   * Small files go to the cache. If the Hub cannot be reached, or need not be because a whole commit is cached, the cache answers.
   * @throws TypeError if `id` is not the id of a repository.
   * @throws IntegrityError if a small file has another digest than the pinned one, or the Hub lists another for the weights.
   * @throws HubError with the codes listed in docs/hub.md.
   */
  describe(id: string, options?: DescribeOptions): Promise<DescribedRepository>;
  /**
   * What a license is worked out from, of any repository: one that another names as its base, which need not hold a codec.
   * Its branch `main` is read; offline and when the Hub cannot be reached, what the cache has of it, for which it needs no weights.
   * @returns Null where the repository cannot be seen: not there, private, gated, not reachable, not cached.
   * @throws HubError for what is wrong with the request itself: a bad token, too many requests, a full disk.
   */
  metadata(id: string, options?: Pick<HubOptions, "signal">): Promise<RepositoryMetadata | null>;
}

/**
 * The Hub as options and environment say now; what they say later changes nothing about it.
 * @throws TypeError, RangeError for options that cannot be.
 * @throws HubError with code HUB_CACHE where nothing says which folder the cache is.
 */
export function openHub(options: HubOptions = {}): Hub {
  const settings = { ...resolveHubOptions(options) };
  return {
    describe: async (id, { signal = settings.signal, revision = settings.revision, ...described } = {}) => {
      const description = await describeRepository({ ...settings, signal, revision: checkRevision(revision) }, id, described);
      const fetch: DescribedRepository["fetch"] = async ({ signal: stop = settings.signal, onProgress = settings.onProgress } = {}) =>
        fetchWeights({ ...settings, signal: stop, onProgress }, description);
      return { ...description, fetch };
    },
    metadata: async (id, { signal = settings.signal } = {}) => fetchMetadata({ ...settings, signal, revision: "main" }, id),
  };
}

/**
 * Downloads the codec of a repository from the Hugging Face Hub, or takes it from the cache.
 * `openHub` gives the two halves of it, for who wants to decide in between.
 * @throws HubError with the codes listed in docs/hub.md, among them IntegrityError for bytes that are not the right ones.
 */
export async function openHubRepository(id: string, options: HubOptions & DescribeOptions = {}): Promise<HubRepository> {
  const { exact, pins } = options;
  const described = await openHub(options).describe(id, { exact, pins });
  return described.fetch();
}
