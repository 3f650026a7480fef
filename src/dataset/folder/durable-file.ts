import { AtomicFile } from "../../files/index.ts";
import type { PublishedFile } from "../../files/index.ts";
import { writingError } from "./disk-space.ts";

/** A file of a dataset in the making, which lasts through a power cut once it is published. */
export type DurableFile = AtomicFile<string>;

/**
 * Begins a file that replaces what has its name.
 * @param path In a folder that exists.
 * @throws as every method of the file does: DatasetError DATASET_DISK_FULL if the disk is full, FileError `FILE_UNWRITABLE` for the rest.
 */
export function createDurable(path: string): Promise<DurableFile> {
  return AtomicFile.create(path, { sync: "folder", digest: "sha256", toError: (error) => writingError(path, error) });
}

/** Writes a whole file with `createDurable`. */
export async function writeDurably(path: string, contents: Uint8Array | string): Promise<PublishedFile> {
  await using file = await createDurable(path);
  await file.write(typeof contents === "string" ? new TextEncoder().encode(contents) : contents);
  return await file.publish();
}
