import type { FileHandle } from "node:fs/promises";
import { dirname, relative, sep } from "node:path";
import { commitIter, createRepo, listFiles } from "@huggingface/hub";
import { z } from "zod";
import { HubError, IntegrityError, relativePathProblem } from "../core/index.ts";
import { openInside, piecesOf } from "../files/index.ts";
import { isCommit, isRepositoryId } from "./cache-layout.ts";
import { CheckedBlob, CheckedFile } from "./checked-blob.ts";
import { checkingUploads } from "./checked-uploads.ts";
import { createHasher } from "./file-digest.ts";
import { unexpectedAnswer } from "./answer-errors.ts";
import type { Subject } from "./answer-errors.ts";
import { ask } from "./hub-fetch.ts";
import { resolveHubOptions } from "./hub-options.ts";
import type { HubOptions, HubSettings } from "./hub-options.ts";

/** A local file and the name that it gets in a repository. */
export interface PushedFile {
  /** The file's path in the repository, with slashes. */
  readonly name: string;
  /** Where it lies. */
  readonly path: string;
  /** Folder that it has to be in, with all links followed. @default the one that it lies in */
  readonly folder?: string | undefined;
  /** SHA-256 in hexadecimal, where it is known: a file that has another one is not uploaded. */
  readonly sha256?: string | undefined;
}

/** How files are uploaded to the Hub. */
export interface PushOptions extends Omit<HubOptions, "cacheDir"> {
  /** Whether a repository that has to be created is private. @default as the account or organization has it */
  readonly isPrivate?: boolean | undefined;
  /** Files of one commit at most. @default 50 */
  readonly commitFiles?: number | undefined;
  /** Bytes of one commit at most, unless a single file has more. @default 2 ** 32 */
  readonly commitBytes?: number | undefined;
  /** Whether it is only found out what would be uploaded. @default false */
  readonly dryRun?: boolean | undefined;
}

/** What a push did, or in a dry run what it would do. */
export interface PushReport {
  /** Names of files that the repository did not have, or had with other contents, in the order in which they were uploaded. */
  readonly uploaded: readonly string[];
  /** Names of files that the repository had already. */
  readonly unchanged: readonly string[];
  /** Names of files that were removed from it, since what is pushed does not have them any more. */
  readonly removed: readonly string[];
  /** Bytes of those that were uploaded. */
  readonly bytes: number;
  /** Ids of the commits, the first one first. */
  readonly commits: readonly string[];
  readonly isNewRepository: boolean;
}

interface SizedFile extends PushedFile {
  readonly bytes: number;
}

/** Most files of a repository; the Hub advises against more than a tenth of it. */
const maxRemoteFiles = 1_000_000;
/** Most pages of its listing; the Hub puts a thousand files on one. */
const maxPages = 2000;

/** Most characters of all names in it. */
const maxNames = 2 ** 27;
/** Requests that one file may take: ten thousand parts, as many as storages take, and what is around them. */
const maxFileRequests = 10_010;

const digest = z.string().max(64);
const entrySchema = z.object({
  type: z.string(),
  path: z.string().max(4096),
  size: z.number(),
  oid: digest.optional(),
  lfs: z.object({ oid: digest, size: z.number() }).optional(),
});
type RemoteFile = z.infer<typeof entrySchema>;

/**
 * Uploads files to a dataset repository of the Hugging Face Hub, creating it if need be, in commits of bounded size. What the
 * repository has already is left out, so that a push that was interrupted goes on after its last commit, and one that is repeated uploads
 * nothing. Files that the repository has besides stay there, but for those that `isStale` says to be of an earlier state; they are removed last.
 * @param id `user/dataset`.
 * @param files In the order in which they are to be there.
 * @throws HubError, HUB_FORBIDDEN if the token may not write there, HUB_UNSAFE_NAME for a name that `relativePathProblem` objects to;
 * IntegrityError for a file that has another digest than it should, before anything of its commit is uploaded.
 * @throws FileError as `openInside` for a local file that is gone, or a link that leaves its folder.
 * @throws TypeError without a token, RangeError for an id that is none.
 */
export async function pushFiles(
  id: string,
  files: Iterable<PushedFile> | AsyncIterable<PushedFile>,
  options: PushOptions & { readonly isStale?: ((name: string) => boolean) | undefined } = {},
): Promise<PushReport> {
  if (!isRepositoryId(id) || !id.includes("/"))
    throw new RangeError(`expected a repository such as user/dataset; received ${JSON.stringify(id)}`);
  const { commitFiles = 50, commitBytes = 2 ** 32, dryRun = false, isStale = () => false } = options;
  for (const [name, value] of Object.entries({ commitFiles, commitBytes })) {
    if (!(value >= 1)) throw new RangeError(`${name} must be 1 or more; received ${value}`);
  }
  const settings = resolveHubOptions(options);
  if (settings.offline) throw new HubError("HUB_OFFLINE", `nothing can be pushed to ${id} offline; ${settings.offlineAdvice}`);
  if (settings.token === null && !dryRun)
    throw new TypeError(`a token is needed to push to ${id}; set HF_TOKEN to one with permission to write`);

  const listed = await listRemote(settings, id);
  const remote = listed ?? new Map<string, RemoteFile>();
  const uploads: SizedFile[] = [];
  const unchanged: string[] = [];
  for await (const file of files) {
    settings.signal?.throwIfAborted();
    const problem = relativePathProblem(file.name);
    if (problem !== undefined)
      throw new HubError("HUB_UNSAFE_NAME", `${JSON.stringify(file.name.slice(0, 200))} is no name for a file of a repository: ${problem}`);
    await using handle = await open(file);
    const { size: bytes } = await handle.stat();
    if (await isSame({ ...file, bytes }, handle, remote.get(file.name), settings.signal)) unchanged.push(file.name);
    else uploads.push({ ...file, bytes });
  }
  const pushed = new Set([...uploads.map(({ name }) => name), ...unchanged]);
  const removed = [...remote.keys()].filter((name) => !pushed.has(name) && isStale(name));
  const report = {
    uploaded: uploads.map(({ name }) => name),
    unchanged,
    removed,
    bytes: uploads.reduce((sum, { bytes }) => sum + bytes, 0),
    isNewRepository: listed === null,
  };
  if (dryRun) return { ...report, commits: [] };

  if (listed === null) await create(settings, id, options.isPrivate);
  const commits: string[] = [];
  const batches = inBatches(uploads, commitFiles, commitBytes);
  let done = 0;
  for (const [index, batch] of batches.entries()) {
    settings.signal?.throwIfAborted();
    commits.push(
      await commit(
        settings,
        id,
        { files: batch, title: `Add ${batch.length} files (${index + 1} of ${batches.length})` },
        { done, total: report.bytes },
      ),
    );
    done += batch.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  for (let start = 0; start < removed.length; start += removedPerCommit) {
    settings.signal?.throwIfAborted();
    const names = removed.slice(start, start + removedPerCommit);
    const title = `Remove ${names.length} files of an earlier state`;
    commits.push(await commit(settings, id, { files: [], removed: names, title }, { done, total: report.bytes }));
  }
  return { ...report, commits };
}

/** Files of the repository by name; null where there is none. */
async function listRemote(settings: HubSettings, id: string): Promise<ReadonlyMap<string, RemoteFile> | null> {
  const files = new Map<string, RemoteFile>();
  const subject = subjectOf(settings, id);
  let names = 0;
  try {
    await ask(
      settings,
      subject,
      async (fetch) => {
        for await (const entry of listFiles({
          repo: repoOf(id),
          recursive: true,
          revision: encodeURIComponent(settings.revision),
          hubUrl: settings.endpoint,
          fetch,
        })) {
          const file = entrySchema.parse(entry);
          if (file.type === "file") files.set(file.path, file);
          names += file.path.length;
          if (names > maxNames) throw unexpectedAnswer(`names of more than ${maxNames} characters`, subject, settings);
          if (files.size > maxRemoteFiles) throw unexpectedAnswer(`more than ${maxRemoteFiles} files`, subject, settings);
        }
      },
      { maxRequests: maxPages },
    );
  } catch (error) {
    if (error instanceof HubError && error.code === "HUB_NOT_FOUND") return null;
    throw error;
  }
  return files;
}

function open({ path, folder = dirname(path) }: PushedFile): Promise<FileHandle> {
  return openInside(folder, relative(folder, path).replaceAll(sep, "/"));
}

async function isSame(
  { bytes, sha256 }: SizedFile,
  handle: FileHandle,
  remote: RemoteFile | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (remote === undefined || bytes !== (remote.lfs?.size ?? remote.size)) return false;
  if (remote.lfs !== undefined && sha256 !== undefined) return remote.lfs.oid === sha256;
  return (await digestOf(handle, remote.lfs === undefined ? "git-sha1" : "sha256", bytes, signal)) === (remote.lfs?.oid ?? remote.oid);
}

async function digestOf(
  handle: FileHandle,
  algorithm: "sha256" | "git-sha1",
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hasher = createHasher(algorithm, bytes);
  for await (const piece of piecesOf(handle, { signal })) hasher.update(piece);
  return hasher.hex();
}

/** What is uploaded of a file, once it is known to have the digest that it should have. */
async function contentOf(file: SizedFile, signal: AbortSignal | undefined): Promise<Blob> {
  const { name, path, bytes, sha256 } = file;
  const checked = await CheckedFile.of(
    path,
    () => open(file),
    async (handle) => {
      const actual = sha256 === undefined ? undefined : await digestOf(handle, "sha256", bytes, signal);
      if (actual === sha256) return;
      throw new IntegrityError(
        name,
        sha256!,
        actual!,
        `${path} has the SHA-256 ${actual} and was written with ${sha256}; it is not uploaded. Verify what it belongs to, and make it again`,
      );
    },
  );
  return new CheckedBlob(checked);
}

async function create(settings: HubSettings, id: string, isPrivate: boolean | undefined): Promise<void> {
  await writing(id, () =>
    ask(settings, subjectOf(settings, id), (fetch) =>
      createRepo({
        repo: repoOf(id),
        ...(isPrivate === undefined ? {} : { private: isPrivate }),
        accessToken: settings.token!,
        hubUrl: settings.endpoint,
        fetch,
      }),
    ),
  );
}

/** Most files that one commit removes. */
const removedPerCommit = 1000;

/** What one commit does. */
interface Changes {
  readonly files: readonly SizedFile[];
  readonly removed?: readonly string[];
  readonly title: string;
}

type CommitOperation =
  | { readonly operation: "addOrUpdate"; readonly path: string; readonly content: Blob }
  | { readonly operation: "delete"; readonly path: string };

/** @returns The id of the commit. */
async function commit(
  settings: HubSettings,
  id: string,
  { files, removed = [], title }: Changes,
  { done, total }: { readonly done: number; readonly total: number },
): Promise<string> {
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const uploaded = new Map<string, number>();
  const operations: CommitOperation[] = removed.map((path) => ({ operation: "delete", path }));
  const subject = subjectOf(settings, id);
  for (const file of files) operations.push({ operation: "addOrUpdate", path: file.name, content: await contentOf(file, settings.signal) });
  return writing(id, () =>
    ask(
      settings,
      subject,
      async (fetch) => {
        const checking = checkingUploads(fetch, (found) => unexpectedAnswer(found, subject, settings));
        const failure = new AbortController();
        const events = commitIter({
          repo: repoOf(id),
          operations,
          title,
          branch: settings.revision,
          hubUrl: settings.endpoint,
          fetch: (input, init) =>
            checking(input, init).catch((error: unknown) => {
              failure.abort(error);
              throw error;
            }),
          // The plain upload of Git LFS: its digests are those of the listing, and it needs no code but the client's own.
          useXet: false,
          abortSignal: settings.signal === undefined ? failure.signal : AbortSignal.any([settings.signal, failure.signal]),
        });
        // The client may lose an error while it reports how far other uploads are.
        const failed = rejectionOf(failure.signal);
        for (;;) {
          const step = await Promise.race([events.next(), failed]);
          if (step.done === true) {
            const oid: unknown = step.value?.commit.oid;
            if (typeof oid === "string" && isCommit(oid)) return oid;
            throw unexpectedAnswer("something that is no id of a commit", subject, settings);
          }
          if (step.value.event !== "fileProgress" || step.value.state !== "uploading") continue;
          const { path, progress } = step.value;
          uploaded.set(path, progress * (sizes.get(path) ?? 0));
          const sent = [...uploaded.values()].reduce((sum, bytes) => sum + bytes, 0);
          settings.onProgress?.({ file: path, done: Math.round(done + sent), total });
        }
      },
      { maxRequests: (files.length + 1) * maxFileRequests },
    ),
  );
}

/** A promise that is rejected with the reason of a signal once it is aborted. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  rejection.catch(() => {}); // whoever waits for it hears of it
  return rejection;
}

/** Consecutive files, as many as fit a commit. */
function inBatches(files: readonly SizedFile[], maxFiles: number, maxBytes: number): readonly (readonly SizedFile[])[] {
  const batches: SizedFile[][] = [];
  let room = 0;
  for (const file of files) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= maxFiles || file.bytes > room) {
      batches.push([file]);
      room = maxBytes - file.bytes;
    } else {
      last.push(file);
      room -= file.bytes;
    }
  }
  return batches;
}

async function writing<T>(id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HubError) || (error.code !== "HUB_FORBIDDEN" && error.code !== "HUB_NOT_FOUND")) throw error;
    throw new HubError(
      "HUB_FORBIDDEN",
      `${id} cannot be written to with this token; it needs permission to write there (${error.message})`,
      {
        cause: error,
        url: error.url,
        status: error.status,
        requestId: error.requestId,
      },
    );
  }
}

function repoOf(id: string): { readonly type: "dataset"; readonly name: string } {
  return { type: "dataset", name: id };
}

function subjectOf(settings: HubSettings, id: string): Subject {
  return { id: `datasets/${id}`, revision: settings.revision };
}
