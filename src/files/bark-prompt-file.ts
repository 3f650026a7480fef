import { basename } from "node:path";
import { formatBarkPrompt, parseBarkPrompt } from "../patterns/index.ts";
import type { BarkHistoryPrompt, BarkPromptArrays } from "../patterns/index.ts";
import { readWholeFile } from "./read-file.ts";
import { writeFileAtomically } from "./write-file.ts";
import type { WriteFileOptions } from "./write-file.ts";

/**
 * Writes a history prompt of Bark as a `.npz` file, as a whole or not at all (see `formatBarkPrompt`).
 * @param path Must end in `.npz`: Bark and transformers take other names for those of built-in voices.
 * @throws RangeError for another extension.
 * @throws CodesError if it is a prompt that Bark would refuse; nothing is written then.
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` or `FILE_UNWRITABLE`.
 */
export async function writeBarkPrompt(path: string, prompt: BarkPromptArrays, options: WriteFileOptions = {}): Promise<void> {
  if (!path.endsWith(".npz"))
    throw new RangeError(`a history prompt must be named .npz, or Bark looks for a built-in voice; received ${path}`);
  await writeFileAtomically(path, formatBarkPrompt(prompt), options);
}

/**
 * Reads a history prompt of Bark, one of those that come with it or one's own.
 * @throws CodesError if it is no such file, or a prompt that Bark would refuse (see `parseBarkPrompt`).
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`.
 */
export async function readBarkPrompt(path: string): Promise<BarkHistoryPrompt> {
  return parseBarkPrompt(await readWholeFile(path), basename(path));
}
