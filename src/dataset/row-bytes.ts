import { open, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { FileError } from "../core/index.ts";
import type { AudioRow } from "./row.ts";

/** The most that is read at once. */
const pieceBytes = 2 ** 20;

/** Where the bytes of a row are: its file, and for a member of a tar, where in it. */
export type RowLocation = Pick<AudioRow, "path" | "member">;

/** The path of a row's file or tar. @param roots Roots of the plan's inputs. */
export function locateRow({ input, path, member }: Pick<AudioRow, "input" | "path" | "member">, roots: readonly string[]): RowLocation {
  return { path: isAbsolute(path) ? path : join(roots[input]!, path), member };
}

/**
 * The bytes of a row's audio file, piece by piece; of a tar only the member is read. Memory holds one piece.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`; the latter also for what is no file, and for a tar that ends before its member does.
 */
export async function* streamRowBytes({ path, member }: RowLocation, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    const stats = await stat(path); // before opening, which would wait for a writer if this were a pipe
    if (!stats.isFile()) throw new FileError("FILE_UNREADABLE", path, `cannot read ${path}: it is not a file`);
    await using handle = await open(path, "r");
    const { offset, size } = member ?? { offset: 0, size: stats.size };
    for (let done = 0; done < size;) {
      signal?.throwIfAborted();
      const { buffer, bytesRead } = await handle.read(new Uint8Array(Math.min(pieceBytes, size - done)), { position: offset + done });
      if (bytesRead === 0) throw cutShort(path, member?.name, done, size);
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (cause) {
    if (cause instanceof FileError || cause === signal?.reason) throw cause;
    const isMissing = ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
    const reason = isMissing ? "there is no such file" : (cause as Error).message;
    throw new FileError(isMissing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE", path, `cannot read ${path}: ${reason}`, { cause });
  }
}

function cutShort(path: string, member: string | undefined, done: number, size: number): FileError {
  const what = member === undefined ? path : `${member} of ${path}`;
  return new FileError("FILE_UNREADABLE", path, `cannot read ${what}: it has ${done} of ${size} bytes; the file became shorter`);
}

/** The bytes of a row's audio file as one array. @throws as `streamRowBytes`. */
export async function readRowBytes(location: RowLocation, signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamRowBytes(location, signal)) chunks.push(chunk);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}
