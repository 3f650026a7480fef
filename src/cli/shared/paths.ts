import { isAddress, shownAddress } from "../../core/index.ts";
import { toPath } from "../../files/index.ts";
import { UsageError } from "./failures.ts";

/*
 * Paths as people type them: a `file:` URL is the path it stands for; every other address is refused before any work, since it would be the name of a folder
 * `s3:` on this machine. What is shown of it is without a password.
 */

/** The path of something to read, where `-` stands for standard input. @throws UsageError for an address. */
export function inputPath(text: string): string {
  return localPath(text, "only files of this machine are read; download it first, or pipe it in and give - in its place");
}

/** The paths of several. */
export function inputPaths(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, inputPath(text)];
}

/** What a corpus is made of. @throws UsageError for an address. */
export function corpusPaths(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, localPath(text, "only files and folders of this machine are tokenized; download it first")];
}

/** The folder of a dataset. @throws UsageError for an address. */
export function datasetPath(text: string): string {
  return localPath(text, "a dataset lies in a folder of this machine; give its path");
}

/** The path of something to write. @throws UsageError for an address. */
export function outputPath(text: string): string {
  return localPath(text, "only files of this machine are written; give a path, and copy the result from there");
}

/** What may be a path or the name of a model: of addresses, `file:` URLs become paths. */
export function modelOrPath(text: string): string {
  return /^file:\//iu.test(text) ? inputPath(text) : text;
}

function localPath(text: string, rule: string): string {
  if (!isAddress(text)) return text;
  if (!/^file:/iu.test(text)) throw new UsageError(`${shownAddress(text)} is an address, and ${rule}`);
  try {
    return toPath(text);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error;
  }
}
