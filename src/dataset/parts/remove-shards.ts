import { isInside, removeInside } from "../../files/index.ts";
import { shardStem } from "../folder/part-names.ts";
import { removeNotedClipFiles } from "../formats/clip-file-notes.ts";
import { listedFiles } from "../formats/read-shard.ts";
import { formatOfExtension } from "../records/finished-shard.ts";

/**
 * Removes the shards that an earlier run made of a part, and the `.npy` that they list or that it left without a list: to be called before a part is done again, which
 * may give fewer of them.
 */
export async function removeShards(folder: string, part: number): Promise<void> {
  await removeNotedClipFiles(folder, part);
  const numbered: string[][] = [];
  for (let paths = await existing(folder, part, 0); paths.length > 0; paths = await existing(folder, part, numbered.length))
    numbered.push(paths);
  // From the last to the first, so that what a kill leaves is found again.
  for (const path of numbered.toReversed().flat()) {
    if (path.endsWith(".npy.jsonl")) await removeListed(folder, path);
    await removeInside(folder, path);
  }
}

async function existing(folder: string, part: number, shard: number): Promise<string[]> {
  const paths = Object.keys(formatOfExtension).map((extension) => `${shardStem(part, shard)}${extension}`);
  const isThere = await Promise.all(paths.map((path) => isInside(folder, path)));
  return paths.filter((_, index) => isThere[index]);
}

async function removeListed(folder: string, path: string): Promise<void> {
  const files: string[] = [];
  for await (const { file } of listedFiles(folder, path)) files.push(file);
  for (const file of files) await removeInside(folder, file);
}
