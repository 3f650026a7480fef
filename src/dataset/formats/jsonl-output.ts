import { plannedColumns } from "../plan/planned-columns.ts";
import { checkClipLengths } from "./clip-length.ts";
import type { ClipOutput, ShardLimits } from "./clip-output.ts";
import { formatClipRecord } from "../records/clip-record.ts";
import type { TypedColumn } from "../records/column-types.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";
import { fileShard } from "./file-shard.ts";
import { shardedOutput } from "./sharded-output.ts";

/**
 * Clips as lines of JSON, `shards/part-000012-000.jsonl`: the fields of `<key>.json` of a WebDataset and then `codes`,
 * `[K][T]`, or `[numSegments][K][T]` for a codec that works in segments. For people and small datasets: twice the size of the others.
 */
export function jsonlOutput(folder: string, limits: ShardLimits = {}): ClipOutput {
  const columns = plannedColumns(folder);
  return shardedOutput(
    folder,
    {
      format: "jsonl",
      overhead: 0,
      itemOf: async (clip) => {
        const item = new TextEncoder().encode(formatLine(clip, await columns()));
        return { item, bytes: item.length };
      },
      prepare: async (clips) => checkClipLengths(clips, "JSONL"),
      start: (shard) => fileShard(shard, ".jsonl", new Uint8Array(0)),
    },
    limits,
  );
}

function formatLine(clip: EncodedClip, types: readonly TypedColumn[]): string {
  const { data, shape, segment } = clip.codes;
  const [numSegments, numCodebooks, numFrames] = shape;
  const segments = Array.from({ length: numSegments }, (_, s) => {
    const rows = Array.from({ length: numCodebooks }, (__, k) => {
      const start = (s * numCodebooks + k) * numFrames;
      return `[${data.subarray(start, start + numFrames).join(",")}]`;
    });
    return `[${rows.join(",")}]`;
  });
  const codes = segment === null ? segments[0]! : `[${segments.join(",")}]`;
  return `${formatClipRecord(clip, types).slice(0, -1)},"codes":${codes}}\n`;
}
