import { IntegrityError } from "../core/index.ts";
import { storing } from "./cache-layout.ts";
import type { RepositoryFolder } from "./cache-layout.ts";
import { createHasher, hashFile } from "./file-digest.ts";
import type { Hasher } from "./file-digest.ts";
import { connectionError, unexpectedAnswer } from "./answer-errors.ts";
import type { Subject } from "./answer-errors.ts";
import { chunksOf, retrying, send } from "./hub-fetch.ts";
import type { HubSettings } from "./hub-options.ts";
import type { RepositoryFile } from "./list-repository.ts";
import { locateFile } from "./locate-file.ts";
import { PartialFile } from "./partial-file.ts";

/** What to download, and where from. */
export interface Download {
  readonly folder: RepositoryFolder;
  readonly commit: string;
  readonly file: RepositoryFile;
  /** Told how many bytes of the file are there, now and then. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Downloads the bytes of a file into the cache's `blobs`, where they get their name once length and digest are right.
 * @param mayResume Whether bytes that an earlier attempt left are used.
 * @returns False if nothing was accepted because those bytes, or another writer, spoilt it.
 * @throws IntegrityError if the bytes are not those of the listing, HubError for the rest.
 */
export async function downloadBlob(
  settings: HubSettings,
  { folder, commit, file, onBytes }: Download,
  mayResume: boolean,
): Promise<boolean> {
  const subject = { id: folder.id, revision: commit, file: file.name };
  const url = await locateFile(settings, subject, file);
  const partial = await storing(folder.blobs, () => PartialFile.claim(folder.blobs, file.digest.hex, mayResume));
  const isResumed = partial.length > 0;
  let isClosed = false;
  try {
    let hasher = createHasher(file.digest.algorithm, file.bytes);
    await hashFile(partial.path, hasher, settings.signal);

    async function restart(): Promise<void> {
      await storing(partial.path, () => partial.restart());
      hasher = createHasher(file.digest.algorithm, file.bytes);
    }

    if (partial.length > file.bytes) await restart();
    onBytes?.(partial.length);
    await retrying(settings, () =>
      receive(settings, subject, url, file.bytes, {
        length: () => partial.length,
        restart,
        async append(bytes) {
          hasher.update(bytes);
          await storing(partial.path, () => partial.append(bytes));
          onBytes?.(partial.length);
        },
      }),
    );
    const isRight = checkDigest(hasher, subject, file, isResumed);
    isClosed = true;
    if (isRight) return await storing(partial.path, () => partial.accept());
    await partial.discard();
    return false;
  } catch (error) {
    if (!isClosed) await (error instanceof IntegrityError ? partial.discard() : partial.release());
    throw error;
  }
}

/** @throws IntegrityError if the digest differs, unless `mayDiffer`. */
function checkDigest(hasher: Hasher, { id, revision }: Subject, file: RepositoryFile, mayDiffer: boolean): boolean {
  const actual = hasher.hex();
  if (actual === file.digest.hex) return true;
  if (mayDiffer) return false;
  throw new IntegrityError(
    file.name,
    file.digest.hex,
    actual,
    `${file.name} of ${id} at ${revision} has the ${file.digest.algorithm} ${actual}; the Hub lists ${file.digest.hex}. ` +
      "It was not accepted; a proxy or mirror in between may have changed it",
  );
}

/** Where received bytes go. */
interface Sink {
  length(): number;
  restart(): Promise<void>;
  append(bytes: Uint8Array): Promise<void>;
}

/** Reads what is still missing of `size` bytes; a server that does not know ranges sends them all again. */
async function receive(settings: HubSettings, subject: Subject, url: string, size: number, sink: Sink): Promise<void> {
  const offset = sink.length();
  if (offset === size) return;
  const range = offset === 0 ? {} : { range: `bytes=${offset}-` };
  const response = await send(settings, subject, url, { headers: { ...range, "accept-encoding": "identity" } });
  if (response.status === 206) {
    const start = /^bytes (\d+)-/u.exec(response.headers.get("content-range") ?? "")?.[1];
    if (Number(start ?? -1) !== offset) throw unexpectedAnswer("another range than was asked for", subject, settings);
  } else if (offset > 0) {
    await sink.restart();
  }
  for await (const chunk of chunksOf(settings, subject, response)) {
    if (sink.length() + chunk.byteLength > size) throw tooLong(subject, size, sink.length() + chunk.byteLength);
    await sink.append(chunk);
    settings.signal?.throwIfAborted();
  }
  if (sink.length() < size) throw connectionError(new Error(`it ended after ${sink.length()} of ${size} bytes`), subject, settings);
}

function tooLong({ id, revision, file = "" }: Subject, size: number, received: number): IntegrityError {
  const message = `the server sends more than the ${size} bytes that ${file} of ${id} at ${revision} has; they were not accepted`;
  return new IntegrityError(file, size, received, message);
}
