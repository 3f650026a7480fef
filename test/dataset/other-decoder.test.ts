import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { readDatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { fakeFfmpeg } from "../files/fake-ffmpeg.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";
import { tinyTokenizer, tokenize, toneWav } from "./corpus.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("clips that an ffmpeg decodes name it, in every format and the index; without one their files are errors", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { "in/a.wav": toneWav(1, 0.3), "in/b.wma": Uint8Array.from([0x30, 0x26, 0xb2, 0x75, 1, 2]) });
  const ffmpeg = await fakeFfmpeg(folder, "input(); au(24000, 1, Array.from({ length: 9600 }, (_, i) => Math.sin(i / 9) / 3));");
  const model = await tinyTokenizer();
  const common = {
    inputs: [join(folder, "in")],
    model,
    numCodebooks: 1,
    outputs: [{ format: "webdataset" }, { format: "parquet" }],
  } as const;
  const out = join(folder, "out");
  expect((await tokenize({ folder: out, ...common, ffmpeg })).report).toMatchObject({ clips: 2, errors: 0 });
  for (const format of ["webdataset", "parquet"] as const) {
    const clips = await collect(await openDataset(out, { format }));
    expect(
      clips.map(({ key, decoder }) => [key, decoder]),
      format,
    ).toEqual([
      ["a", undefined],
      ["b", "ffmpeg 9.9-fake"],
    ]);
    expect(clips[0]).not.toHaveProperty("decoder");
  }
  expect((await readDatasetInfo(out)).statistics.decoders).toEqual({ "ffmpeg 9.9-fake": 1 });
  expect(await readFile(join(out, "README.md"), "utf8")).toContain("| Clips decoded by ffmpeg 9.9-fake | 1 |");
  expect(await readFile(join(out, "manifest.jsonl"), "utf8")).toMatch(/"key":"b",.*"decoder":"ffmpeg 9\.9-fake"/u);

  const reencode = { sample: { share: 1 }, model };
  vi.stubEnv("ENCODEC_TOKENIZER_FFMPEG", ffmpeg);
  expect(await collect(verifyDataset(out, { reencode }))).toEqual([]);
  vi.stubEnv("ENCODEC_TOKENIZER_FFMPEG", "off");
  expect(await collect(verifyDataset(out, { reencode }))).toMatchObject([{ kind: "source", key: "b" }]);

  // Which ffmpeg a machine has is its own business; that none is asked is the dataset's.
  await tokenize({ folder: out, ...common, ffmpeg: join(folder, "another") });
  await expect(tokenize({ folder: out, ...common, ffmpeg: false })).rejects.toMatchObject({
    code: "DATASET_MISMATCH",
    message: expect.stringContaining("clips.ffmpeg") as string,
  });
  vi.stubEnv("ENCODEC_TOKENIZER_FFMPEG", ffmpeg);
  const without = await tokenize({ folder: join(folder, "without"), ...common, ffmpeg: false });
  expect(without.report).toMatchObject({ clips: 1, errors: 1 });
});
