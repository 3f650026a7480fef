import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolderInside, openInside, piecesOf, removeInside } from "../../files/index.ts";
import { FileError } from "../../core/index.ts";
import { writingError } from "../folder/disk-space.ts";
import { partFile } from "../folder/part-names.ts";
import { keyProblem, npyName } from "../inputs/row-key.ts";
import { readLines } from "../inputs/text-lines.ts";

/*
 * While a shard is written, the files that its clips have got are in no list yet. A process that dies would leave them, and where the part is done again from other
 * audio, nobody would write over them. So their keys are noted beside the part, a JSON text a line, until the list is there.
 */

/** Notes that a clip is about to get its file. Not synced: a note is for the death of a process, not of the machine. */
export async function noteClipFile(folder: string, part: number, key: string): Promise<void> {
  const path = join(folder, partFile(part, "files"));
  const append = (): Promise<void> => appendFile(path, `${JSON.stringify(key)}\n`);
  try {
    await append().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      await makeFolderInside(folder, "parts");
      await append();
    });
  } catch (error) {
    throw writingError(path, error);
  }
}

/** Removes the files that a process which died has left of a part, and the notes. */
export async function removeNotedClipFiles(folder: string, part: number): Promise<void> {
  for await (const key of notedKeys(folder, part)) await removeInside(folder, npyName(key));
  await forgetClipFiles(folder, part);
}

/** Forgets which files the clips of a part have got: its lists have them, or they are gone. */
export async function forgetClipFiles(folder: string, part: number): Promise<void> {
  await removeInside(folder, partFile(part, "files"));
}

/** Keys of the notes that can be read: the last one may be cut off. */
async function* notedKeys(folder: string, part: number): AsyncGenerator<string, void> {
  const handle = await openInside(folder, partFile(part, "files")).catch((error: unknown) => {
    if (error instanceof FileError && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  });
  if (handle === undefined) return;
  await using opened = handle;
  for await (const { text } of readLines(piecesOf(opened))) {
    const key = keyIn(text ?? "");
    if (key !== undefined && keyProblem(key) === undefined) yield key;
  }
}

function keyIn(line: string): string | undefined {
  try {
    const key: unknown = JSON.parse(line);
    return typeof key === "string" ? key : undefined;
  } catch {
    return undefined;
  }
}
