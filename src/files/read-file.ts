import { readFile, stat } from "node:fs/promises";
import { FileError } from "../core/index.ts";
import { readingPipe } from "./reading-pipe.ts";

/**
 * The bytes of a file.
 * @param maxBytes Most that it may have.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`, saying why.
 */
export async function readWholeFile(path: string, signal?: AbortSignal, maxBytes: number = Infinity): Promise<Uint8Array> {
  signal?.throwIfAborted();
  try {
    const stats = await stat(path);
    // Devices have no end.
    if (stats.isCharacterDevice() || stats.isBlockDevice()) {
      throw new FileError("FILE_UNREADABLE", path, `cannot read ${path}: it is a device; give the name of a file`);
    }
    if (stats.size > maxBytes) {
      throw new FileError(
        "FILE_UNREADABLE",
        path,
        `cannot read ${path}: it has ${stats.size} bytes; at most ${maxBytes} are read of such a file`,
      );
    }
    const read = (): Promise<Uint8Array> => readFile(path, { signal });
    return await (stats.isFIFO() ? readingPipe(path, signal, read) : read());
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof FileError ? error : readError(path, error);
  }
}

/** What the operating system said, as a `FileError`. */
export function readError(path: string, error: unknown): FileError {
  const options = { cause: error };
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new FileError("FILE_NOT_FOUND", path, `cannot read ${path}: there is no such file`, options);
    case "EISDIR":
      return new FileError("FILE_UNREADABLE", path, `cannot read ${path}: it is a folder; give the name of a file`, options);
    case "EACCES":
    case "EPERM":
      return new FileError("FILE_UNREADABLE", path, `cannot read ${path}: no permission to read it`, options);
    case "ERR_FS_FILE_TOO_LARGE":
      return new FileError("FILE_UNREADABLE", path, `cannot read ${path}: it is over 2 GiB; cut it into parts first`, options);
    default:
      return new FileError("FILE_UNREADABLE", path, `cannot read ${path}: ${(error as Error).message}`, options);
  }
}
