import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orAborted } from "../async/index.ts";
import { FileError } from "../core/index.ts";

/** A file that is open for reading, and what to call when it is no longer needed. */
export interface OpenedFile {
  readonly handle: FileHandle;
  /** Size in bytes. */
  readonly size: number;
  close(): Promise<void>;
}

/**
 * Writes bytes that come in pieces into a temporary file, so that they can be read in any order and without holding them.
 * The file lies in the system's folder for those (`TMPDIR`) and loses its name as soon as it is open: whatever becomes of
 * the process, nothing stays. Where a file that is open keeps its name, it goes when it is closed or the process exits.
 * @param signal Ends the waiting for a piece, too.
 * @throws FileError `FILE_UNWRITABLE`, such as for a full disk, or `FILE_NOT_FOUND`, both with the folder that is at fault; TypeError for pieces that are no bytes; what `pieces` throws.
 */
export async function spool(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<OpenedFile> {
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
  /** The folder that it is in. */
  readonly folder: string;
}

async function createNameless(): Promise<NamelessFile> {
  const folder = tmpdir();
  const path = join(folder, `encodec-${randomUUID()}.tmp`);
  const handle = await inTemporary(folder, () => open(path, "wx+", 0o600));
  const remove = (): void => rmSync(path, { force: true });
  const isNameless = await unlink(path).then(
    () => true,
    () => false,
  );
  if (!isNameless) process.once("exit", remove);
  return {
    folder,
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
async function copyInto(
  { folder, handle }: NamelessFile,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let size = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted(); // the file is closed
    if (!(piece instanceof Uint8Array)) throw new TypeError(`a stream of bytes must give Uint8Array; received ${typeof piece}`);
    // At a place of its own, so that whoever takes over the open file finds it at its beginning.
    for (let done = 0; done < piece.length;) {
      done += (await inTemporary(folder, () => handle.write(piece, done, piece.length - done, size + done))).bytesWritten;
    }
    size += piece.length;
  }
  return size;
}

/** Does something to a temporary file, of which a person knows its folder at most. */
async function inTemporary<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw temporaryError(folder, error as NodeJS.ErrnoException);
  }
}

function temporaryError(folder: string, cause: NodeJS.ErrnoException): Error {
  if (cause.code === undefined) return cause;
  const error = (code: "FILE_NOT_FOUND" | "FILE_UNWRITABLE", found: string): FileError =>
    new FileError(
      code,
      folder,
      `what comes through a pipe is kept in a temporary file, and ${found}; set TMPDIR to a folder that has room for it`,
      { cause },
    );
  switch (cause.code) {
    case "ENOENT":
    case "ENOTDIR":
      return error("FILE_NOT_FOUND", `there is no folder ${folder}`);
    case "EACCES":
    case "EPERM":
      return error("FILE_UNWRITABLE", `there is no permission to write into ${folder}`);
    case "EROFS":
      return error("FILE_UNWRITABLE", `${folder} is read-only`);
    case "ENOSPC":
    case "EDQUOT":
      return error("FILE_UNWRITABLE", `the disk of ${folder} is full`);
    default:
      return error("FILE_UNWRITABLE", `${folder} cannot be written to (${cause.message})`);
  }
}
