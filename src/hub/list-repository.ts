import { listFiles } from "@huggingface/hub";
import { z } from "zod";
import type { FileDigest } from "./file-digest.ts";
import { unexpectedAnswer } from "./answer-errors.ts";
import { ask } from "./hub-fetch.ts";
import type { HubSettings } from "./hub-options.ts";

/** A file of a repository, as its listing has it. */
export interface RepositoryFile {
  readonly name: string;
  /** Length in bytes. */
  readonly bytes: number;
  readonly digest: FileDigest;
}

/** Most entries that are read: the top folders of checkpoints have a few dozen. */
const maxEntries = 10_000;
/** Most pages of them; the Hub puts a thousand entries on one. */
const maxPages = 100;
/** Most characters of a path. */
const maxPathLength = 4096;

const bytesSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const entrySchema = z.object({
  path: z.string().max(maxPathLength),
  size: bytesSchema,
  oid: z.string().regex(/^[0-9a-f]{40}$/u),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/u), size: bytesSchema }).optional(),
});

/** A file as it is kept in the cache. */
export const fileSchema: z.ZodType<RepositoryFile> = z.object({
  name: z.string(),
  bytes: bytesSchema,
  digest: z.union([
    z.object({ algorithm: z.literal("sha256"), hex: z.string().regex(/^[0-9a-f]{64}$/u) }),
    z.object({ algorithm: z.literal("git-sha1"), hex: z.string().regex(/^[0-9a-f]{40}$/u) }),
  ]),
});

/**
 * The files in the top folder of a repository at a commit, by name.
 * @throws HubError as `resolveRevision` does.
 */
export async function listRepository(settings: HubSettings, id: string, commit: string): Promise<ReadonlyMap<string, RepositoryFile>> {
  const subject = { id, revision: commit };
  return ask(
    settings,
    subject,
    async (fetch) => {
      const files = new Map<string, RepositoryFile>();
      let entries = 0;
      for await (const entry of listFiles({ repo: { type: "model", name: id }, revision: commit, hubUrl: settings.endpoint, fetch })) {
        if (++entries > maxEntries) throw unexpectedAnswer(`more than ${maxEntries} files`, subject, settings);
        if (entry.type === "file") files.set(entry.path, parseFile(entry));
      }
      return files;
    },
    { maxRequests: maxPages },
  );
}

/** @throws ZodError, which `ask` turns into a HubError. */
function parseFile(entry: unknown): RepositoryFile {
  const { path, size, oid, lfs } = entrySchema.parse(entry);
  return lfs === undefined
    ? { name: path, bytes: size, digest: { algorithm: "git-sha1", hex: oid } }
    : { name: path, bytes: lfs.size, digest: { algorithm: "sha256", hex: lfs.oid } };
}
