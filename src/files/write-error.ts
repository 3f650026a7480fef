import { dirname } from "node:path";
import { FileError } from "../core/index.ts";

/** Does something to a file. @param toError What is thrown in place of an error of the system: a `FileError`, unless somebody knows better. */
export async function reportingErrors<T>(
  path: string,
  work: () => Promise<T>,
  toError: (error: unknown) => unknown = (error) => toFileError(path, error),
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toError(error);
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

/** What the operating system calls an error. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
