import { open, stat } from "node:fs/promises";
import { checkRange, FileError } from "../core/index.ts";
import type { ByteSource } from "../core/index.ts";
import type { RowLocation } from "./row-bytes.ts";

/** The bytes of a row's audio file, or member of a tar, open to be read in ranges; disposing it closes the file. */
export interface RowSource extends ByteSource, AsyncDisposable {}

/**
 * Opens a row's audio.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`; while reading, too, for a file that became shorter.
 */
export async function openRowSource({ path, member }: RowLocation): Promise<RowSource> {
  try {
    const stats = await stat(path); // before opening, which would wait for a writer if this were a pipe
    if (!stats.isFile()) throw new FileError("FILE_UNREADABLE", path, `cannot read ${path}: it is not a file`);
    const handle = await open(path, "r");
    const { name, offset, size } = member ?? { name: path, offset: 0, size: stats.size };
    return {
      name,
      size,
      async read(start, length) {
        checkRange(name, size, start, length);
        const bytes = new Uint8Array(length);
        for (let done = 0; done < length;) {
          const { bytesRead } = await handle.read(bytes, done, length - done, offset + start + done).catch((error: unknown) => {
            throw readingError(path, error);
          });
          if (bytesRead === 0) throw new FileError("FILE_UNREADABLE", path, `cannot read ${path}: it has fewer than the ${offset + size} bytes that it had; the file became shorter`);
          done += bytesRead;
        }
        return bytes;
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    throw readingError(path, error);
  }
}

function readingError(path: string, cause: unknown): FileError {
  if (cause instanceof FileError) return cause;
  const isMissing = ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
  const reason = isMissing ? "there is no such file" : (cause as Error).message;
  return new FileError(isMissing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE", path, `cannot read ${path}: ${reason}`, { cause });
}
