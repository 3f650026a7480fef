import { copyFile, realpath, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { placeAtomically } from "./cache-layout.ts";

/** Makes `pointer`, the name of a file in a snapshot, a relative link to its bytes, or a copy where links cannot be made. */
export async function linkIntoSnapshot(blob: string, pointer: string): Promise<void> {
  await placeAtomically(pointer, async (temporary) => {
    try {
      await symlink(join(relative(await realpath(dirname(pointer)), await realpath(dirname(blob))), basename(blob)), temporary);
    } catch {
      await copyFile(blob, temporary); // Windows without the right to make links, or a file system without them
    }
  });
}
