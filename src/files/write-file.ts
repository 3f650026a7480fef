import type { Stats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open, realpath, stat } from "node:fs/promises";
import { AtomicFile, writeTo } from "./atomic-file.ts";
import { codeOf, fileExists, reportingErrors, toFileError } from "./write-error.ts";

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
  await file.publish();
}

/** A file in the making, as `AtomicFile` has them; devices and pipes are written to as they are. */
export type ReplacementFile = Pick<AtomicFile, "write" | typeof Symbol.asyncDispose> & { publish(): Promise<unknown> };

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
    if (existing !== undefined && !existing.isFile()) return inPlace(path, await open(path, "w"));
    const target = existing === undefined ? path : await realpath(path);
    const mode = existing === undefined ? undefined : existing.mode & 0o777;
    return AtomicFile.create(target, { overwrite, mode, toError: (error) => toFileError(path, error) });
  });
}

function inPlace(path: string, device: FileHandle): ReplacementFile {
  return {
    write: (bytes, position) => reportingErrors(path, () => writeTo(device, bytes, position)),
    publish: () => reportingErrors(path, () => device.close()),
    [Symbol.asyncDispose]: () => device.close(),
  };
}

async function statIfExists(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
