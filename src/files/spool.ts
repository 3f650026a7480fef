import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportingErrors } from "./write-file.ts";

/** A file that is open for reading, and what to call when it is no longer needed. */
export interface OpenedFile {
  readonly handle: FileHandle;
  /** In bytes. */
  readonly size: number;
  close(): Promise<void>;
}

/**
 * Writes bytes that come in pieces into a temporary file, so that they can be read in any order and without holding them.
 * The file lies in the system's folder for those (`TMPDIR`) and loses its name as soon as it is open: whatever becomes of
 * the process, nothing stays. Where a file that is open keeps its name, it goes when it is closed or the process exits.
 * @param signal Ends the waiting for a piece, too.
 * @throws FileError `FILE_UNWRITABLE`, such as for a full disk; TypeError for pieces that are no bytes; what `pieces` throws.
 */
export async function spool(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<OpenedFile> {
  signal?.throwIfAborted();
  const file = await createNameless();
  try {
    signal?.throwIfAborted(); // what was aborted by now would not be heard below
    const size = await orAborted(copyInto(file, pieces, signal), signal);
    return { handle: file.handle, size, close: file.close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface NamelessFile extends Pick<OpenedFile, "handle" | "close"> {
  /** The name that it had, for errors. */
  readonly path: string;
}

async function createNameless(): Promise<NamelessFile> {
  const path = join(tmpdir(), `encodec-${randomUUID()}.tmp`);
  const handle = await reportingErrors(path, () => open(path, "wx+", 0o600));
  const remove = (): void => rmSync(path, { force: true });
  const isNameless = await unlink(path).then(
    () => true,
    () => false,
  );
  if (!isNameless) process.once("exit", remove);
  return {
    path,
    handle,
    async close() {
      await handle.close();
      if (isNameless) return;
      process.off("exit", remove);
      remove();
    },
  };
}

/** @returns The number of bytes. */
async function copyInto({ path, handle }: NamelessFile, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<number> {
  let size = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted(); // the file is closed
    if (!(piece instanceof Uint8Array)) throw new TypeError(`a stream of bytes must give Uint8Array; received ${typeof piece}`);
    await reportingErrors(path, () => handle.writeFile(piece));
    size += piece.length;
  }
  return size;
}

/** What `work` gives, unless the signal fires before: a source that is silent does not hear it. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop!);
  }
}
