import { createHash } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ClipOutput, ShardLimits } from "./clip-output.ts";
import { formatClipNpy, formatClipRecord } from "./clip-record.ts";
import type { TypedColumn } from "./column-types.ts";
import { writingError } from "./disk-space.ts";
import { writeDurably } from "./durable-file.ts";
import type { EncodedClip } from "./encoded-clip.ts";
import { fileShard } from "./file-shard.ts";
import { plannedColumns } from "./planned-columns.ts";
import { shardedOutput } from "./shard-writer.ts";
import type { ShardStart, ShardWriter } from "./shard-writer.ts";

/** A clip's file and its line in the list. */
interface NpyItem {
  /** In the dataset's folder: `npy/speaker/clip.npy`. */
  readonly file: string;
  readonly npy: Uint8Array;
  readonly line: Uint8Array;
}

/** Of the lists of files. */
export const npyListExtension = ".npy.jsonl";

/**
 * Clips as one file each, `npy/<key>.npy`, in the folders of the input; uint16, shaped as in a WebDataset. `shards/part-000012-000.npy.jsonl`
 * lists them, a line for each: the fields of `<key>.json` of a WebDataset, and `file`, `bytes` and `sha256`. The digest of the list
 * therefore vouches for the files.
 */
export function npyOutput(folder: string, limits: ShardLimits = {}): ClipOutput {
  const columns = plannedColumns(folder);
  return shardedOutput<NpyItem>(
    folder,
    {
      format: "npy",
      overhead: 0,
      itemOf: async (clip) => {
        const item = itemOf(clip, await columns());
        return { item, bytes: item.npy.length };
      },
      start: startList,
    },
    limits,
  );
}

function itemOf(clip: EncodedClip, types: readonly TypedColumn[]): NpyItem {
  const npy = formatClipNpy(clip);
  const file = npyName(clip.key);
  const sha256 = createHash("sha256").update(npy).digest("hex");
  const line = `${formatClipRecord(clip, types).slice(0, -1)},${JSON.stringify({ file, bytes: npy.length, sha256 }).slice(1)}\n`;
  return { file, npy, line: new TextEncoder().encode(line) };
}

/** The name of a clip's file. @throws RangeError for a key that would lead out of the folder. */
function npyName(key: string): string {
  if (/(?:^|[/\\])\.{0,2}(?:[/\\]|$)/u.test(key)) throw new RangeError(`${JSON.stringify(key)} cannot name a file; expected a key such as speaker/clip`);
  return `npy/${key}.npy`;
}

async function startList(shard: ShardStart): Promise<ShardWriter<NpyItem>> {
  const list = await fileShard(shard, npyListExtension, new Uint8Array(0));
  const written: string[] = [];
  return {
    async add({ file, npy, line }) {
      const path = join(shard.folder, file);
      await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
        throw writingError(path, error);
      });
      written.push(path);
      await writeDurably(path, npy);
      await list.add(line);
      return { file, index: 0 };
    },
    finish: () => list.finish(),
    async abort() {
      await list.abort();
      for (const path of written.splice(0)) await rm(path, { force: true });
    },
  };
}
