import { open, readdir, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CheckpointError, rangesOf } from "../core/index.ts";
import type { ByteSource } from "../core/index.ts";
import type { CheckpointFile, CheckpointFolder } from "../checkpoint/index.ts";

/** An open file, read in ranges; disposing it closes its handle. */
export interface FileSource extends ByteSource, AsyncDisposable {
  /** What tells this file, as it is now, from every other and from itself after a change. */
  state(): Promise<FileState>;
}

/** What a file system knows of a file without reading it. */
export interface FileState {
  readonly device: bigint;
  readonly inode: bigint;
  readonly bytes: bigint;
  /** When its contents changed last, in nanoseconds since 1970; whoever may write to it can set it back. */
  readonly modified: bigint;
  /** When its contents or what is known of it changed last, in nanoseconds since 1970, by the file system's own clock. */
  readonly changed: bigint;
}

/** A folder on disk. */
export interface LocalFolder extends CheckpointFolder {
  open(name: string): Promise<FileSource | undefined>;
}

/** A weight file on disk. */
export interface LocalFile extends CheckpointFile {
  readonly source: FileSource;
  readonly beside: LocalFolder;
}

/**
 * Opens a file for ranged reads through one handle.
 * @throws CheckpointError with code CHECKPOINT_NOT_FOUND if the path is missing, not a file, or may not be read.
 */
export async function openFile(path: string): Promise<FileSource> {
  try {
    // Before opening, which would wait for a writer if this were a pipe.
    const stats = await stat(path);
    if (!stats.isFile()) {
      throw new CheckpointError("CHECKPOINT_NOT_FOUND", `${path} is not a file; expected one with weights or a configuration`);
    }
    return fileSource(await open(path, "r"), path, stats.size);
  } catch (cause) {
    throw cause instanceof CheckpointError ? cause : unreadable(path, cause);
  }
}

/**
 * The files of a checkpoint on disk, as `openCheckpoint` takes them: a folder, or a file together with the folder it lies in.
 * Nothing but the file itself is opened before it is asked for.
 * @throws CheckpointError with code CHECKPOINT_NOT_FOUND if the path is missing or may not be read.
 */
export async function openModelPath(path: string): Promise<LocalFolder | LocalFile> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (stats.isDirectory()) return folderOf(path);
  const source = await openFile(path);
  const beside = folderOf(dirname(resolve(path)));
  return {
    kind: "file",
    source,
    beside,
    async close() {
      await Promise.all([source[Symbol.asyncDispose](), beside.close?.()]);
    },
  };
}

function folderOf(path: string): LocalFolder {
  const opened = new Map<string, Promise<FileSource | undefined>>();
  return {
    kind: "folder",
    name: path,
    async list() {
      const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
        throw unreadable(path, cause);
      });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => entry.name)
        .toSorted();
    },
    open(name) {
      const source = opened.get(name) ?? openInFolder(path, name);
      opened.set(name, source);
      // A file that could not be opened may be there the next time.
      source.catch(() => opened.delete(name));
      return source;
    },
    async close() {
      const sources = await Promise.allSettled(opened.values());
      opened.clear();
      await Promise.all(sources.map((source) => (source.status === "fulfilled" ? source.value?.[Symbol.asyncDispose]() : undefined)));
    },
  };
}

async function openInFolder(folder: string, name: string): Promise<FileSource | undefined> {
  if (name === "" || name !== basename(name) || name === ".." || name === "." || name.includes("\\")) {
    throw new RangeError(`${JSON.stringify(name)} is not the plain name of a file in ${folder}`);
  }
  const path = join(folder, name);
  const isThere = await stat(path).then(
    () => true,
    (cause: unknown) => {
      if (codeOf(cause) === "ENOENT") return false;
      throw unreadable(path, cause);
    },
  );
  return isThere ? openFile(path) : undefined;
}

function fileSource(handle: FileHandle, name: string, size: number): FileSource {
  let closing: Promise<void> | undefined;
  const cutShort = (end: number): CheckpointError =>
    new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${name} became shorter while it was read: it had ${size} bytes and now ends at ${end}; load it again`,
    );
  return {
    ...rangesOf(handle, { name, size, cutShort }),
    async state() {
      const { dev, ino, size: bytes, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
      return { device: dev, inode: ino, bytes, modified: mtimeNs, changed: ctimeNs };
    },
    [Symbol.asyncDispose]() {
      closing ??= handle.close();
      return closing;
    },
  };
}

function unreadable(path: string, cause: unknown): CheckpointError {
  const code = codeOf(cause);
  const reason =
    code === "ENOENT" || code === "ENOTDIR"
      ? `there is no ${path}; expected a folder with config.json and model.safetensors, or a .safetensors, .bin or .th file`
      : code === "EACCES" || code === "EPERM"
        ? `${path} may not be read; check its permissions`
        : `${path} could not be opened: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new CheckpointError("CHECKPOINT_NOT_FOUND", reason, { cause });
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
}
