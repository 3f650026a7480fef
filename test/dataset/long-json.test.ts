import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AudioCodes } from "../../src/core/index.ts";
import { ColumnTypes } from "../../src/dataset/records/column-types.ts";
import { datasetInfoName, formatDatasetInfo, readDatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import type { EncodedClip } from "../../src/dataset/records/encoded-clip.ts";
import { jsonlOutput } from "../../src/dataset/formats/jsonl-output.ts";
import { npyOutput } from "../../src/dataset/formats/npy-output.ts";
import { parquetOutput } from "../../src/dataset/formats/parquet-output.ts";
import { readPartRecord, writePartRecord } from "../../src/dataset/records/part-record.ts";
import { formatPlannedInputs, planFiles, readPlannedInputs } from "../../src/dataset/plan/plan-files.ts";
import { preparePlan } from "../../src/dataset/plan/prepare-plan.ts";
import type { Row } from "../../src/dataset/inputs/row.ts";
import { checkCountable, noStatistics } from "../../src/dataset/records/statistics.ts";
import { readShard } from "../../src/dataset/formats/read-shard.ts";
import { webdatasetOutput } from "../../src/dataset/formats/webdataset-output.ts";
import { writePlanRows } from "../../src/dataset/plan/write-plan-rows.ts";
import { writeQueueRecord } from "../../src/queue/queue-record.ts";
import { countTurns } from "../audio/turn-counter.ts";
import { clipOf } from "./encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

const sha256 = "0".repeat(64);
const shardsOf = (count: number) =>
  Array.from({ length: count }, (_, shard) => ({
    format: "webdataset" as const,
    path: `shards/part-000000-${String(shard).padStart(3, "0")}.tar`,
    bytes: 10,
    sha256,
    clips: 1,
  }));

/** A clip of one codebook, in segments of one frame with a scale each. */
function segmented(numSegments: number): EncodedClip {
  const { codes } = clipOf(1);
  const data = Uint16Array.from({ length: numSegments }, (_, index) => index % 1024);
  const scales = Float32Array.from(data, (code) => (code + 1) / 7);
  return clipOf(1, 5, {
    end: 1,
    codes: new AudioCodes({
      ...codes,
      bandwidth: 0.75,
      data,
      shape: [numSegments, 1, 1],
      scales,
      segment: { length: 320, stride: 320 },
      numSamples: 320 * numSegments,
    }),
  });
}

async function* endlessRows(): AsyncGenerator<Row> {
  for (;;) yield { input: 0, path: "a", problem: { code: "ROW_INVALID", message: "" } };
}

describe("what is long", () => {
  test("is read in turns: an index of fifty thousand shards", async () => {
    const folder = await temporaryFolder();
    const shards = shardsOf(50_000);
    const info = {
      tool: { name: "t", version: "1" },
      codec: null,
      license: null,
      audioLicense: null,
      options: {},
      counts: { rows: 1, clips: 1, errors: 0, parts: 1, hours: 0 },
      statistics: noStatistics,
      manifest: { path: "manifest.jsonl", bytes: 1, sha256, lines: 1 },
      errors: { path: "errors.jsonl", bytes: 0, sha256, lines: 0 },
      files: [],
      shards,
    };
    await writeFile(join(folder, datasetInfoName), formatDatasetInfo(info));
    let read;
    expect(await countTurns(async () => void (read = await readDatasetInfo(folder)))).toBeGreaterThan(50_000 / 256);
    expect(read).toEqual(info);
  });

  test("is read in turns: the record of a part with fifty thousand shards", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "parts"));
    const record = { part: 0, rows: 1, clips: 1, errors: 0, seconds: 1, shards: shardsOf(50_000), statistics: {} };
    await writePartRecord(folder, record);
    let read;
    expect(await countTurns(async () => void (read = await readPartRecord(folder, 0)))).toBeGreaterThan(50_000 / 256);
    expect(read).toEqual(record);
  });

  test("is read in turns: the places of twenty thousand inputs", async () => {
    const folder = await temporaryFolder();
    const inputs = Array.from({ length: 20_000 }, (_, number) => ({
      kind: "tar",
      root: "/corpus",
      details: { path: `/corpus/${number}.tar`, bytes: number },
    }));
    await writeTree(folder, { [planFiles.inputs]: formatPlannedInputs(inputs) });
    let read;
    expect(await countTurns(async () => void (read = await readPlannedInputs(folder)))).toBeGreaterThan(20_000 / 256);
    expect(read).toEqual(inputs);
  });

  test.each([
    ["webdataset", webdatasetOutput],
    ["parquet", parquetOutput],
    ["npy", npyOutput],
    ["jsonl", jsonlOutput],
  ] as const)("is read in turns, as it was written: a clip of two hundred thousand segments as %s", async (_, output) => {
    const folder = await temporaryFolder();
    const clip = segmented(200_000);
    const part = output(folder).openPart(0);
    await part.prepare([clip]);
    await part.add(clip);
    const [shard] = await part.finish();
    let read: readonly EncodedClip[] = [];
    const turns = await countTurns(async () => void (read = await collect(readShard(folder, shard!.path))));
    if (output !== parquetOutput) expect(turns).toBeGreaterThan(200_000 / 2 ** 16);
    expect(read).toHaveLength(1);
    expect(read[0]!.codes).toEqualCodes(clip.codes);
    expect(read[0]!.columns).toEqual(clip.columns);
  });
});

describe("what could not be read again is not written", () => {
  test("a clip of more codes than a line or a row group holds fails as a row", async () => {
    const folder = await temporaryFolder();
    const { codes } = clipOf(1);
    const clipOfLength = (numFrames: number): EncodedClip =>
      clipOf(1, 5, {
        codes: new AudioCodes({
          ...codes,
          bandwidth: 0.75,
          data: new Uint16Array(numFrames),
          shape: [1, 1, numFrames],
          numSamples: 320 * numFrames,
        }),
      });
    for (const output of [jsonlOutput, parquetOutput]) {
      await expect(
        output(folder)
          .openPart(0)
          .prepare([clipOf(1), clipOfLength(2 ** 24 + 1)]),
      ).rejects.toMatchObject({ code: "ROW_TOO_LONG", message: expect.stringContaining("at most 16777216; cut it into windows") });
      await output(folder)
        .openPart(0)
        .prepare([clipOfLength(2 ** 24)]);
    }
  });

  test("a row with columns of megabytes is a bad row, and its plan is read", async () => {
    const folder = await temporaryFolder();
    const cjk = "\u6f22".repeat(2 ** 20 - 100);
    await writeTree(folder, { "m.csv": `path,text\na.wav,${cjk}\nb.wav,short\n` });
    const plan = await preparePlan({
      folder: join(folder, "out"),
      inputs: [{ kind: "csv", root: folder, path: join(folder, "m.csv") }],
      settings: {},
    });
    const [long, short] = (await collect(plan.readPart(0))).map(({ row }) => row);
    expect(long).toMatchObject({
      path: "a.wav",
      problem: { code: "ROW_INVALID", message: expect.stringMatching(/^the row a takes \d+ bytes as JSON; at most \d+ are kept/u) },
    });
    expect(short).toMatchObject({ key: "b", columns: { text: "short" } });
  });

  test("more parts than the index lists are refused while rows are listed", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "plan"));
    await expect(writePlanRows(folder, endlessRows(), { partRows: 1, dedupe: false, roots: [folder] })).rejects.toThrow(
      "more than 262144 parts of 1 rows",
    );
  });

  test("settings and recipes of megabytes are refused before anything is listed", async () => {
    const folder = await temporaryFolder();
    await appendFile(join(folder, "a.wav"), "");
    const long = { card: "x".repeat(2 ** 21) };
    await expect(preparePlan({ folder: join(folder, "out"), inputs: [{ kind: "folder", root: folder }], settings: long })).rejects.toThrow(
      /at most 1048576 are kept/u,
    );
    await expect(writeQueueRecord(folder, { queue: "q", recipe: long })).rejects.toThrow(/expected 2097152 at most/u);
    expect(() => formatPlannedInputs(Array.from({ length: 2 ** 18 }, () => ({ kind: "tar", root: "/", details: "x".repeat(64) })))).toThrow(
      /give their folder, or a glob/u,
    );
  });

  test("names of columns that are texts have no type", () => {
    const types = new ColumnTypes();
    types.add({ [`${"x".repeat(257)}`]: 1, [`${"x".repeat(256)}`]: 1 });
    expect(types.columns()).toEqual([{ name: "x".repeat(256), type: "int64" }]);
  });

  test("more codes than are counted for each part are refused", () => {
    checkCountable({ num_codebooks: 128, codebook_size: 1024 });
    expect(() => checkCountable({ num_codebooks: 129, codebook_size: 1024 })).toThrow(/129 codebooks of 1024 codes/u);
  });
});
