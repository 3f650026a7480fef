import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { link, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { FileError } from "../core/index.ts";
import { temporaryBeside } from "./temporary-name.ts";

/** What becomes of a file that is there already. */
export interface WriteFileOptions {
  /**
   * Whether a file that is already there is replaced; otherwise it is left alone and `FILE_EXISTS` thrown.
   * @default true
   */
  readonly overwrite?: boolean | undefined;
}

/**
 * Writes a file as a whole or not at all (see `createReplacement`).
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` for a folder that is not there, `FILE_UNWRITABLE` for the rest.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array, options: WriteFileOptions = {}): Promise<void> {
  await using file = await createReplacement(path, options);
  await file.write(bytes);
  await file.commit();
}

/** A file in the making, which has its name only once it is whole. */
export interface ReplacementFile extends AsyncDisposable {
  /**
   * Writes at the end, or over what was written at `position`.
   * @throws FileError `FILE_UNWRITABLE`.
   */
  write(bytes: Uint8Array, position?: number): Promise<void>;
  /**
   * Gives the file its name. A file that is disposed before leaves nothing behind.
   * @throws FileError `FILE_EXISTS` or `FILE_UNWRITABLE`.
   */
  commit(): Promise<void>;
}

/**
 * Starts to write a file that appears as a whole or not at all: into a temporary file beside it, which then takes its
 * name. Readers see the old file or the new one, never a part, and nothing is left behind on failure.
 * A file that is replaced keeps its permissions; a symbolic link keeps pointing where it did; devices and pipes,
 * which cannot be replaced, are written to as they are.
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` for a folder that is not there, `FILE_UNWRITABLE` for the rest.
 */
export async function createReplacement(path: string, options: WriteFileOptions = {}): Promise<ReplacementFile> {
  const { overwrite = true } = options;
  return reportingErrors(path, async () => {
    const existing = await statIfExists(path);
    if (existing !== undefined && !overwrite) throw fileExists(path);
    if (existing !== undefined && !existing.isFile()) {
      const device = await open(path, "w");
      return replacementFile(
        path,
        device,
        async () => device.close(),
        async () => device.close(),
      );
    }
    const target = existing === undefined ? path : await realpath(path);
    const temporary = temporaryBeside(target);
    const file = await open(temporary, "wx", (existing?.mode ?? 0o666) & 0o777);
    const finish = async (): Promise<void> => {
      await file.sync(); // else a power cut after the rename could leave an empty file under the final name
      await file.close();
      await (overwrite ? rename(temporary, target) : renameToNew(temporary, target));
    };
    const discard = async (): Promise<void> => {
      await file.close();
      await rm(temporary, { force: true });
    };
    return replacementFile(path, file, finish, discard);
  });
}

function replacementFile(path: string, file: FileHandle, finish: () => Promise<void>, discard: () => Promise<void>): ReplacementFile {
  let isFinished = false;
  return {
    async write(bytes, position) {
      await reportingErrors(path, async () => {
        if (position === undefined) await file.writeFile(bytes);
        else await writeAt(file, bytes, position);
      });
    },
    async commit() {
      await reportingErrors(path, finish);
      isFinished = true;
    },
    async [Symbol.asyncDispose]() {
      if (isFinished) return;
      isFinished = true;
      await discard();
    },
  };
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

/** Does something to a file; what fails is a `FileError`. */
export async function reportingErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFileError(path, error);
  }
}

/**
 * Renames without replacing; two writers cannot both succeed.
 * @throws EEXIST of the file system if the name is taken.
 */
export async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw error;
    await (await open(to, "wx")).close(); // file systems without hard links, such as FAT: an empty file holds the name
    await rename(from, to);
    return;
  }
  await rm(from);
}

async function statIfExists(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** What the operating system said, as a `FileError` where it is about a file. */
export function toFileError(path: string, error: unknown): unknown {
  if (error instanceof FileError) return error;
  const options = { cause: error };
  switch (codeOf(error)) {
    case undefined:
      return error;
    case "EEXIST":
      return fileExists(path, options);
    case "ENOENT":
    case "ENOTDIR":
      return new FileError("FILE_NOT_FOUND", path, `cannot write ${path}: there is no folder ${dirname(path)}; create it first`, options);
    case "EISDIR":
      return new FileError("FILE_UNWRITABLE", path, `cannot write ${path}: it is a folder; give the name of a file`, options);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new FileError("FILE_UNWRITABLE", path, `cannot write ${path}: no permission to write there`, options);
    case "ESPIPE":
      return new FileError(
        "FILE_UNWRITABLE",
        path,
        `cannot write ${path}: it is a pipe, which cannot go back to what was written; give the name of a file`,
        options,
      );
    case "ENOSPC":
    case "EDQUOT":
      return new FileError("FILE_UNWRITABLE", path, `cannot write ${path}: the disk is full`, options);
    default:
      return new FileError("FILE_UNWRITABLE", path, `cannot write ${path}: ${(error as Error).message}`, options);
  }
}

/** A `FileError` for a name that is taken. */
export function fileExists(path: string, options?: ErrorOptions): FileError {
  return new FileError("FILE_EXISTS", path, `${path} already exists; remove it, choose another name, or allow overwriting`, options);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
