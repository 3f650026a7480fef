import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { FileError, rangesOf } from "../../core/index.ts";
import type { ByteSource } from "../../core/index.ts";
import { isPackedInput, unpackedName } from "./packed-input.ts";
import type { AudioRow } from "./row.ts";

/** The most that a stream reads at once. */
const pieceBytes = 2 ** 20;

/** Where the bytes of a row are: its file, and for a member of a tar, where in it. */
export type RowLocation = Pick<AudioRow, "path" | "member">;

/** The path of a row's file or tar. @param roots Roots of the plan's inputs. @param unpacked The folder of inputs that are unpacked. */
export function locateRow(
  { input, path, member }: Pick<AudioRow, "input" | "path" | "member">,
  roots: readonly string[],
  unpacked?: string,
): RowLocation {
  if (unpacked !== undefined && member !== undefined && isPackedInput(path)) return { path: join(unpacked, unpackedName(input)), member };
  return { path: isAbsolute(path) ? path : join(roots[input]!, path), member };
}

/** The bytes of a row's audio file, or member of a tar, open to be read in ranges; disposing it closes the file. */
export interface RowSource extends ByteSource, AsyncDisposable {
  /** State of the file when it was opened, as `fileVersion` gives it. */
  readonly version: string;
}

/**
 * Opens a row's audio.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`, the latter also for what is no file; while reading, for a file that became
 * shorter and a tar that ends before its member does.
 */
export async function openRowSource({ path, member }: RowLocation): Promise<RowSource> {
  try {
    const stats = await stat(path); // before opening, which would wait for a writer if this were a pipe
    if (!stats.isFile()) throw new FileError("FILE_UNREADABLE", path, `cannot read ${path}: it is not a file`);
    return sourceOf(await open(path, "r"), stats, { path, member });
  } catch (error) {
    throw readingError(path, error);
  }
}

/** The same of a file that is open already. @throws FileError While reading, as of `openRowSource`. */
export function sourceOf(handle: FileHandle, stats: Stats, { path, member }: RowLocation): RowSource {
  const { name, offset, size } = member ?? { name: path, offset: 0, size: stats.size };
  return {
    ...rangesOf(handle, {
      name,
      size,
      start: offset,
      toError: (error) => readingError(path, error),
      cutShort: (end) => cutShort(path, member?.name, end, size),
    }),
    version: versionOf(stats),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** What changes when a file is replaced or written to; undefined where there is none. */
export async function fileVersion(path: string): Promise<string | undefined> {
  return stat(path).then(versionOf, () => undefined);
}

function versionOf({ dev, ino, size, mtimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs].join(":");
}

/** The bytes of a row's audio, piece by piece. Memory holds one piece. @throws as `openRowSource`, and the reason of the signal. */
export async function* streamRowBytes(location: RowLocation, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  await using source = await openRowSource(location);
  for (let start = 0; start < source.size; start += pieceBytes) {
    signal?.throwIfAborted();
    yield await source.read(start, Math.min(pieceBytes, source.size - start));
  }
}

function readingError(path: string, cause: unknown): FileError {
  if (cause instanceof FileError) return cause;
  const isMissing = ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
  const reason = isMissing ? "there is no such file" : (cause as Error).message;
  return new FileError(isMissing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE", path, `cannot read ${path}: ${reason}`, { cause });
}

function cutShort(path: string, member: string | undefined, done: number, size: number): FileError {
  const what = member === undefined ? path : `${member} of ${path}`;
  return new FileError("FILE_UNREADABLE", path, `cannot read ${what}: it has ${done} of ${size} bytes; the file became shorter`);
}
