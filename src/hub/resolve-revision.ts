import { modelInfo } from "@huggingface/hub";
import { z } from "zod";
import { HubError, isDeeperThan } from "../core/index.ts";
import { isCommit, readRef, writeRef } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { unexpectedAnswer } from "./answer-errors.ts";
import { ask } from "./hub-fetch.ts";
import type { HubSettings } from "./hub-options.ts";

/** What the Hub's API says about a repository; it describes the present, whatever the revision. */
export interface RepositoryInfo {
  /** The id under which the Hub has it, which differs from the one asked for once a repository was renamed. */
  readonly id: string;
  /** The YAML of its model card, parsed by the Hub. */
  readonly cardData: Readonly<Record<string, unknown>>;
  /** Such as `license:mit` and `base_model:facebook/encodec_24khz`. */
  readonly tags: readonly string[];
  /** Whether one has to ask for access: by a form, or by a form and a decision. */
  readonly gated: false | "auto" | "manual";
}

/** A revision as of now. */
export interface ResolvedRevision {
  readonly commit: string;
  readonly info: RepositoryInfo;
}

/** What is kept of it in the cache. */
export const infoSchema: z.ZodType<RepositoryInfo> = z.object({
  id: z.string(),
  cardData: z.record(z.string(), z.unknown()),
  tags: z.array(z.string()),
  gated: z.union([z.literal(false), z.literal("auto"), z.literal("manual")]),
});

/** Cards are lists of fields. What goes deeper would be too deep for the stack of whoever writes it down. */
const maxDepth = 100;

const answerSchema = z.object({
  name: z.string().max(200),
  sha: z.string().regex(/^[0-9a-f]{40}$/u),
  cardData: z
    .record(z.string(), z.unknown())
    .refine((card) => !isDeeperThan(maxDepth, card))
    .nullish(),
  tags: z.array(z.string()).nullish(),
  gated: z.union([z.literal(false), z.literal("auto"), z.literal("manual")]).nullish(),
});

/**
 * Asks the Hub which commit a branch, tag or shortened commit is, and remembers it in the cache.
 * @throws HubError with code HUB_NOT_FOUND, HUB_REVISION_NOT_FOUND, HUB_BAD_TOKEN or any other that a request can end with.
 */
export async function resolveRevision(settings: HubSettings, folder: RepositoryFolder): Promise<ResolvedRevision> {
  const { revision } = settings;
  const subject = { id: folder.id, revision };
  const answer = await ask(settings, subject, (fetch) =>
    modelInfo({
      name: folder.id,
      revision,
      hubUrl: settings.endpoint,
      additionalFields: ["sha", "cardData", "tags"],
      fetch,
    }),
  );
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw unexpectedAnswer("no description of a repository", subject, settings, { cause: parsed.error });
  const { name, sha, cardData, tags, gated } = parsed.data;
  if (isCommit(revision) && sha !== revision) throw unexpectedAnswer(`commit ${sha} in place of ${revision}`, subject, settings);
  if (!isCommit(revision)) await writeRef(folder, revision, sha);
  return { commit: sha, info: { id: name, cardData: cardData ?? {}, tags: tags ?? [], gated: gated ?? false } };
}

/**
 * The commit that a revision was when it was last asked for, from the cache alone.
 * @throws HubError with code HUB_OFFLINE if it was never asked for.
 */
export async function resolveOffline(settings: HubSettings, folder: RepositoryFolder): Promise<string> {
  const { revision } = settings;
  const commit = isCommit(revision) ? revision : await readRef(folder, revision);
  if (commit === undefined) throw notCached(settings, folder.id, `revision ${revision}`);
  return commit;
}

/** The error for what only a download could give. */
export function notCached(settings: HubSettings, id: string, what: string, options?: ErrorOptions): HubError {
  const { cacheDir, offlineAdvice } = settings;
  const why =
    offlineAdvice === undefined
      ? "cannot be reached; load it once with a network"
      : `is not asked while offline; load it once with a network, or ${offlineAdvice}`;
  const message = `${what} of ${id} is not in the cache ${cacheDir}, and the Hub ${why}`;
  return new HubError("HUB_OFFLINE", message, options);
}
