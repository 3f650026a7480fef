import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { relativePathProblem } from "../../src/core/index.ts";
import type { EncodedRow } from "../../src/dataset/encoding/encode-rows.ts";
import { npyOutput } from "../../src/dataset/formats/npy-output.ts";
import { webdatasetOutput } from "../../src/dataset/formats/webdataset-output.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { DatasetPartWriter } from "../../src/dataset/parts/part-writer.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { tokenize, toneWav } from "./corpus.ts";
import { bytesBelow, clipOf } from "./encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

const formats = [{ format: "npy" }, { format: "webdataset" }, { format: "jsonl" }, { format: "parquet" }] as const;

/** Ids that people's corpora have, and some that no file system takes. */
const ids = {
  plain: "speaker/clip",
  odd: '12:30 "what?" <b>|*\\x',
  device: "con/aux.x/nul",
  up: "../../../../etc/cron.d/x",
  bidi: "a\u202ebc\u0085d\ne\u2028f",
  half: "x\ud800y/\udfffz",
  long: "名".repeat(400),
  emoji: "🎵".repeat(200),
  dots: "a. /b.../c .",
  deep: "d/".repeat(3000),
  wide: Array.from({ length: 30 }, (_, i) => `${i}-${"y".repeat(180)}`).join("/"),
  fits: Array.from({ length: 21 }, (_, i) => `${10 + i}${"z".repeat(190)}`).join("/"),
};

test("rows whose keys no file system takes fail as rows; all others are written, under names that every system takes", async () => {
  const folder = await temporaryFolder();
  const records = Object.entries(ids).map(([name, id]) => JSON.stringify({ path: "a.wav", id, name }));
  await writeTree(folder, { "a.wav": toneWav(1, 0.4), "m.jsonl": `${records.join("\n")}\n` });
  const { report, events } = await tokenize({
    folder: join(folder, "out"),
    inputs: [join(folder, "m.jsonl")],
    numCodebooks: 2,
    window: { seconds: 0.2 },
    outputs: formats,
    partRows: 4,
  });
  expect(report).toMatchObject({ rows: 12, partsLeft: 0 });
  // What the system takes of a path depends on where the dataset lies; that all of `fits` is beyond it does not.
  const failed = events.flatMap((event) => (event.kind === "row" && event.failure !== null ? [[event.row, event.failure.code]] : []));
  expect(failed).toEqual([
    [9, "ROW_INVALID"],
    [10, "ROW_INVALID"],
    [11, "ROW_UNWRITABLE"],
  ]);
  const lines = (await readFile(join(folder, "out/errors.jsonl"), "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { row: number; code: string; message: string });
  expect(lines.map(({ row, code }) => [row, code])).toEqual(failed);
  for (const { message } of lines) expect(message).toMatch(/^.{1,600}$/u);
  for (const { format } of formats) {
    const clips = await collect(await openDataset(join(folder, "out"), { format }));
    expect([...new Set(clips.map(({ columns }) => columns["name"]))]).toEqual([
      "plain",
      "odd",
      "device",
      "up",
      "bidi",
      "half",
      "long",
      "emoji",
      "dots",
    ]);
    expect(clips).toHaveLength(18);
  }
  const names = [...(await bytesBelow(join(folder, "out"))).keys()];
  expect(names.filter((name) => name.startsWith("npy/"))).toHaveLength(18);
  expect(names.filter((name) => relativePathProblem(name) !== undefined)).toEqual([]);
  expect(await collect(verifyDataset(join(folder, "out")))).toEqual([]);
});

/** A row of a part that was encoded. */
function rowOf(index: number, clips: readonly ReturnType<typeof clipOf>[]): EncodedRow {
  return {
    index,
    part: 0,
    isLastOfPart: false,
    row: { key: `speaker/clip-${index}`, input: 0, path: "a.wav" },
    clips,
    failure: null,
    warnings: [],
  };
}

test("a clip whose name is taken by a folder fails with its row, and no format has it", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "npy/speaker/clip-2_c1.npy"), { recursive: true });
  await writeTree(folder, { "npy/file": "" });
  const outputs = [webdatasetOutput(folder), npyOutput(folder)];
  const writer = await DatasetPartWriter.begin(folder, 0, outputs);
  const written = [
    await writer.add(rowOf(1, [clipOf(1)])),
    await writer.add(rowOf(2, [clipOf(2, 5, { key: "speaker/clip-2_c0" }), clipOf(3, 5, { key: "speaker/clip-2_c1" })])),
    await writer.add(rowOf(3, [clipOf(4, 5, { key: "file/clip" })])),
    await writer.add(rowOf(4, [clipOf(5)])),
  ];
  expect(written.map(({ clips, failure }) => [clips.length, failure?.code])).toEqual([
    [1, undefined],
    [0, "ROW_UNWRITABLE"],
    [0, "ROW_UNWRITABLE"],
    [1, undefined],
  ]);
  expect(written[1]!.failure!.message).toBe(
    "npy/speaker/clip-2_c1.npy cannot be written here: there is a folder of that name; give the row another id",
  );
  expect(await writer.finish()).toMatchObject({ rows: 4, clips: 2, errors: 2 });
  expect([...(await bytesBelow(folder)).keys()].filter((name) => name.startsWith("npy/speaker"))).toEqual([
    "npy/speaker/clip-1.npy",
    "npy/speaker/clip-5.npy",
  ]);
});
