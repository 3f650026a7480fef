import { lstat, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { digestsOfLength } from "../catalogue/index.ts";
import { CheckpointError } from "../core/index.ts";
import { openFile } from "../files/index.ts";
import type { FileSource, FileState } from "../files/index.ts";
import { placeAtomically } from "./cache-layout.ts";
import { createHasher } from "./file-digest.ts";
import { ownCacheOf } from "./hub-options.ts";
import type { HubOptions } from "./hub-options.ts";

/** Shorter files are hashed in a moment, each time. */
const leastRemembered = 2 ** 24;

/** Bytes that are hashed at a time. */
const chunkBytes = 2 ** 20;

/** A file that changed less than so many nanoseconds ago may change again without another time, where clocks are coarse. */
const settlingTime = 2_000_000_000n;

/** A record has no more bytes than that. */
const maxRecordBytes = 1024;

const whole = z.string().regex(/^-?\d{1,20}$/u);
const recordSchema = z.object({
  version: z.literal(1),
  device: whole,
  inode: whole,
  bytes: whole,
  modified: whole,
  changed: whole,
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
});

/**
 * The SHA-256 of a file with weights, in lower-case hexadecimal. Long files are hashed once: what came out is remembered in
 * `encodec-tokenizer/digests` below `$XDG_CACHE_HOME` (or `~/.cache`), never beside the file, and holds as long as device, inode, length, and the times
 * of the last change of contents and of anything at all are the same. Where nothing can be remembered, the file is hashed each time.
 *
 * What is remembered may be forged, or stale where a file system keeps no times. Licenses do not depend on it: of a file as long as a
 * catalogued one it is believed only that it is that one; else the bytes are read again.
 * @throws CheckpointError with code CHECKPOINT_FORMAT if the file changes meanwhile.
 */
export async function sha256OfWeights(file: FileSource, { signal, env }: Pick<HubOptions, "signal" | "env"> = {}): Promise<string> {
  const before = await file.state();
  const remembered = await recall(before, env);
  if (remembered !== undefined && isCredible(remembered, file.size)) return remembered;
  const sha256 = await hashSource(file, signal);
  const after = await file.state();
  if (after.modified !== before.modified || after.bytes !== before.bytes) {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${file.name} was changed while it was read; load it again when nothing writes to it any more`,
    );
  }
  const now = BigInt(Date.now()) * 1_000_000n;
  if (isSame(before, after) && now - after.modified > settlingTime && now - after.changed > settlingTime)
    await remember(after, sha256, env);
  return sha256;
}

/** The same of a file by its path. */
export async function sha256OfWeightsAt(path: string, options: Pick<HubOptions, "signal" | "env"> = {}): Promise<string> {
  await using file = await openFile(path);
  return await sha256OfWeights(file, options); // before the file is closed
}

/** Remembers what is known of a file that was just written. */
export async function rememberSha256(path: string, sha256: string, env?: HubOptions["env"]): Promise<void> {
  await using file = await openFile(path);
  await remember(await file.state(), sha256, env);
}

async function hashSource(file: FileSource, signal: AbortSignal | undefined): Promise<string> {
  const hasher = createHasher("sha256", file.size);
  for (let offset = 0; offset < file.size; offset += chunkBytes) {
    signal?.throwIfAborted();
    hasher.update(await file.read(offset, Math.min(chunkBytes, file.size - offset)));
  }
  return hasher.hex();
}

/** Whether a digest can be taken from a record: not where the file may be a catalogued one, and the record says that it is none. */
function isCredible(sha256: string, bytes: number): boolean {
  const catalogued = digestsOfLength(bytes);
  return catalogued.length === 0 || catalogued.includes(sha256);
}

function isSame(a: FileState, b: FileState): boolean {
  return textOf(a) === textOf(b);
}

/** The state of a file, or of a record, which has the numbers as text. */
function textOf({ device, inode, bytes, modified, changed }: Readonly<Record<keyof FileState, bigint | string>>): string {
  return [device, inode, bytes, modified, changed].join();
}

async function recall(state: FileState, env: HubOptions["env"]): Promise<string | undefined> {
  const path = recordPath(state, env);
  if (path === null) return undefined;
  try {
    const stats = await lstat(path);
    if (!stats.isFile() || stats.size > maxRecordBytes) return undefined;
    const record = recordSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return textOf(record) === textOf(state) ? record.sha256 : undefined;
  } catch {
    return undefined; // never remembered, or not readable: the file is hashed
  }
}

/** A cache that cannot be written goes without. */
async function remember(state: FileState, sha256: string, env: HubOptions["env"]): Promise<void> {
  const path = recordPath(state, env);
  if (path === null) return;
  const { device, inode, bytes, modified, changed } = state;
  const record = {
    version: 1,
    device: `${device}`,
    inode: `${inode}`,
    bytes: `${bytes}`,
    modified: `${modified}`,
    changed: `${changed}`,
    sha256,
  };
  await placeAtomically(path, (temporary) => writeFile(temporary, `${JSON.stringify(record)}\n`)).catch(() => undefined);
}

/** Null for a file that is not worth a record, and where there is no cache. */
function recordPath({ device, inode, bytes }: FileState, env: HubOptions["env"]): string | null {
  const folder = bytes < leastRemembered ? null : ownCacheOf(env ?? process.env);
  return folder === null ? null : join(folder, "digests", `${device}-${inode}.json`);
}
