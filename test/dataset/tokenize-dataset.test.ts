import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readAudio } from "../../src/files/index.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { verifyDataset } from "../../src/dataset/verify-dataset.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { runWorkersFromSources, tinyModel, tokenize, toneWav } from "./corpus.ts";
import { collect, temporaryFolder, writeTree } from "./temporary-folder.ts";

beforeAll(runWorkersFromSources);

/** Ten files of several rates, channels and lengths, in `in/`. */
async function smallCorpus(): Promise<string> {
  const folder = await temporaryFolder();
  const files = Array.from({ length: 10 }, (_, i) => [
    `in/speaker-${i % 3}/clip-${i}.wav`,
    toneWav(i, 0.3 + 0.17 * i, { sampleRate: [24_000, 44_100, 16_000][i % 3]!, channels: 1 + (i % 2) }),
  ] as const);
  await writeTree(folder, Object.fromEntries(files));
  return folder;
}

describe("tokenizeDataset", () => {
  test("gives every file the codes of encode, in the order of the files", async () => {
    const folder = await smallCorpus();
    const out = join(folder, "out");
    const { report, events } = await tokenize({ folder: out, inputs: [join(folder, "in")], bandwidth: 6, partRows: 4 });
    expect(report).toMatchObject({ rows: 10, clips: 10, errors: 0, parts: 3, partsLeft: 0 });
    expect(events.filter(({ kind }) => kind === "part-finished")).toHaveLength(3);
    await using tokenizer = await AudioTokenizer.fromPretrained(tinyModel);
    const clips = await collect(await openDataset(out));
    expect(clips.map(({ key }) => key)).toEqual(clips.map(({ key }) => key).toSorted());
    for (const clip of clips) {
      const codes = await tokenizer.encode(await readAudio(join(folder, "in", clip.source)), { bandwidth: 6 });
      expect(clip.codes.data, clip.key).toEqual(codes.data);
      expect(clip.codes.numSamples).toBe(codes.numSamples);
    }
    expect(await collect(verifyDataset(out))).toEqual([]);
  });
});
