import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { jsonlOutput } from "../../src/dataset/formats/jsonl-output.ts";
import { npyOutput } from "../../src/dataset/formats/npy-output.ts";
import { DatasetPartWriter } from "../../src/dataset/parts/part-writer.ts";
import { removeShards } from "../../src/dataset/parts/remove-shards.ts";
import { bytesBelow, clipOf } from "./encoded-clips.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";

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

test("removes files of clips that a process which died had not listed yet, and nothing that notes of others name", async () => {
  const folder = await temporaryFolder();
  const died = npyOutput(folder).openPart(3);
  for (const seed of [1, 2]) await died.add(clipOf(seed));
  await writeTree(folder, { "outside.npy": "", "npy/speaker/other.npy": "" });
  const notes = join(folder, "parts/000003.files.jsonl");
  await appendFile(notes, '"../outside"\n[]\n"speaker/clip-1"\n"cut o');
  await removeShards(folder, 3);
  const left = [...(await bytesBelow(folder)).keys()];
  expect(left.filter((name) => !name.endsWith(".tmp"))).toEqual(["npy/speaker/other.npy", "outside.npy"]); // its list is still being written
});

test("a part that is done, or given up, leaves no notes of its files", async () => {
  const folder = await temporaryFolder();
  const writer = await DatasetPartWriter.begin(folder, 0, [npyOutput(folder)]);
  const row = {
    index: 0,
    part: 0,
    isLastOfPart: true,
    row: { key: "speaker/clip-1", input: 0, path: "a.wav" },
    failure: null,
    warnings: [],
  };
  await writer.add({ ...row, clips: [clipOf(1)] });
  expect([...(await bytesBelow(folder)).keys()]).toContain("parts/000000.files.jsonl");
  await writer.finish();
  const abandoned = await DatasetPartWriter.begin(folder, 1, [npyOutput(folder)]);
  await abandoned.add({ ...row, part: 1, clips: [clipOf(2)] });
  await abandoned[Symbol.asyncDispose]();
  expect([...(await bytesBelow(folder)).keys()].filter((name) => !name.startsWith("parts/000000"))).toEqual([
    "npy/speaker/clip-1.npy",
    "shards/part-000000-000.npy.jsonl",
  ]);
  expect([...(await bytesBelow(folder)).keys()].join()).not.toContain("files.jsonl");
});
