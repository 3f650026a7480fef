import { FileError } from "../../core/index.ts";
import { DatasetError } from "./dataset-error.ts";

/** Tells whether an error, or any cause behind it, says that the disk or the quota is full. */
export function isDiskFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT" || cause.code === "DATASET_DISK_FULL")) return true;
  }
  return false;
}

/**
 * Makes an error of writing tell what to do: a full disk as DATASET_DISK_FULL, other errors of the operating system as
 * FileError `FILE_UNWRITABLE`. Errors that already tell stay as they are.
 */
export function writingError(path: string, cause: unknown): unknown {
  if (cause instanceof DatasetError || !(cause instanceof Error) || !("code" in cause)) return cause;
  if (isDiskFull(cause)) {
    const message = `cannot write ${path}: the disk is full; make room and start the same command again, which continues where this one stopped`;
    return new DatasetError("DATASET_DISK_FULL", message, { cause });
  }
  return cause instanceof FileError ? cause : new FileError("FILE_UNWRITABLE", path, `cannot write ${path}: ${cause.message}`, { cause });
}
