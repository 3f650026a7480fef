import { expect, test } from "vitest";
import { jsonlOutput } from "../../src/dataset/formats/jsonl-output.ts";
import { npyOutput } from "../../src/dataset/formats/npy-output.ts";
import { removeShards } from "../../src/dataset/parts/remove-shards.ts";
import { bytesBelow, clipOf } from "./encoded-clips.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("removes all shards of a part with the files that they list, and nothing of other parts", async () => {
  const folder = await temporaryFolder();
  for (const [part, seeds] of [
    [11, [1]],
    [12, [2, 3, 4]],
    [120, [5]],
  ] as const) {
    for (const output of [npyOutput(folder), jsonlOutput(folder, { shardClips: 1 })]) {
      const writer = output.openPart(part);
      for (const seed of seeds) await writer.add(clipOf(seed));
      await writer.finish();
    }
  }
  await removeShards(folder, 12);
  await removeShards(folder, 13);
  expect([...(await bytesBelow(folder)).keys()]).toEqual([
    "npy/speaker/clip-1.npy",
    "npy/speaker/clip-5.npy",
    "shards/part-000011-000.jsonl",
    "shards/part-000011-000.npy.jsonl",
    "shards/part-000120-000.jsonl",
    "shards/part-000120-000.npy.jsonl",
  ]);
});
