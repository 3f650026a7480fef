import { existsSync } from "node:fs";
import { access, constants, mkdir, rmdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { removeLeftoverFiles } from "../../files/index.ts";
import { CommandError } from "./failures.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Makes the folders that files are to be written into, with those above them, unless they are there; what killed processes left in them
 * goes. Disposed, it does as `removingEmptyFolders`.
 * @throws CommandError if that cannot be done, or nothing may be written there: before hours of work, not after them.
 */
export async function makeFoldersFor(paths: readonly string[], terminal: Terminal): Promise<AsyncDisposable> {
  const folders = [...new Set(paths.map((path) => dirname(path)))];
  const made = removingEmptyFolders(folders, terminal);
  try {
    for (const folder of folders) {
      await makeFolder(folder);
      await removeLeftoverFiles(folder);
    }
    return made;
  } catch (error) {
    await made[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Disposed, it takes away those of these folders, and of the ones above them, that are not there yet, if nothing came into them: work that
 * failed leaves none. One that was interrupted leaves them, as the same command will want them again.
 */
export function removingEmptyFolders(folders: readonly string[], { signal }: Terminal): AsyncDisposable {
  const missing = [...new Set(folders.flatMap((folder) => missingFolders(resolve(folder))))].toSorted((a, b) => b.length - a.length);
  return {
    async [Symbol.asyncDispose]() {
      if (signal.aborted) return;
      for (const folder of missing) await rmdir(folder).catch(() => {}); // something is in it
    },
  };
}

function missingFolders(folder: string): readonly string[] {
  return existsSync(folder) ? [] : [folder, ...missingFolders(dirname(folder))];
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new CommandError(`cannot make the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new CommandError(`cannot write into the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
}
