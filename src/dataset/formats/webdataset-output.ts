import { pack } from "tar-stream";
import { plannedColumns } from "../plan/planned-columns.ts";
import type { ClipOutput, ShardLimits } from "./clip-output.ts";
import { formatClipNpy, formatClipRecord } from "../records/clip-record.ts";
import { fileShard } from "./file-shard.ts";
import { shardedOutput } from "./sharded-output.ts";

/** Two blocks of zeros end a tar. */
const ending = new Uint8Array(1024);

/**
 * Clips as WebDataset shards, `shards/part-000012-000.tar`: for each clip `<key>.npy`, uint16 `[K, T]` (`[numSegments, K, T]` for a codec
 * that works in segments, whose scales are in the JSON), and then `<key>.json`.
 *
 * Members have no times, owners or machine of their own, so the same clips give the same bytes.
 * @param folder Of the dataset.
 */
export function webdatasetOutput(folder: string, limits: ShardLimits = {}): ClipOutput {
  const columns = plannedColumns(folder);
  return shardedOutput(
    folder,
    {
      format: "webdataset",
      overhead: ending.length,
      itemOf: async (clip) => {
        const item = await tarMembers(clip.key, formatClipNpy(clip), formatClipRecord(clip, await columns()));
        return { item, bytes: item.length };
      },
      start: (shard) => fileShard(shard, ".tar", ending),
    },
    limits,
  );
}

/** The two members of a clip, without what ends a tar. */
async function tarMembers(key: string, npy: Uint8Array, json: string): Promise<Uint8Array> {
  const tar = pack();
  const common = { mtime: new Date(0), uid: 0, gid: 0, mode: 0o644 } as const;
  tar.entry({ name: `${key}.npy`, ...common }, Buffer.from(npy));
  tar.entry({ name: `${key}.json`, ...common }, Buffer.from(json));
  tar.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of tar) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces).subarray(0, -ending.length);
}
