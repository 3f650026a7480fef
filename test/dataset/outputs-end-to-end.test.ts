import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { beforeAll, describe, expect, test } from "vitest";
import type { AudioCodes } from "../../src/core/index.ts";
import { vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import type { TokenizeDatasetOptions } from "../../src/dataset/tokenize-dataset.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { readAudio, openTokenDataset } from "../../src/files/index.ts";
import { TokenVocabulary } from "../../src/patterns/index.ts";
import { parseArray } from "../../src/storage/index.ts";
import type { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { tinyTokenizer, tokenize, toneWav } from "./corpus.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

let tokenizer: AudioTokenizer;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
});

const vocabulary = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, specialTokens: { eos: {} } });
const allOutputs: TokenizeDatasetOptions["outputs"] = [
  { format: "webdataset" },
  { format: "parquet", rowGroupCodes: 60 },
  { format: "npy" },
  { format: "jsonl" },
  { format: "tokens", layout: vocabularyLayout(vocabulary) },
];

async function run(folder: string, inputs: readonly string[], options: Partial<TokenizeDatasetOptions> = {}) {
  return (
    await tokenize({ model: tokenizer, inputs, cwd: folder, numCodebooks: 2, outputs: allOutputs, ...options, folder: join(folder, "out") })
  ).report;
}

async function linesOf(path: string): Promise<readonly Record<string, unknown>[]> {
  return (await readFile(path, "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Codes as nested arrays, `[K][T]`. */
function nested({ data, numCodebooks, numFrames }: AudioCodes): readonly (readonly number[])[] {
  return Array.from({ length: numCodebooks }, (_, k) => Array.from(data.subarray(k * numFrames, (k + 1) * numFrames)));
}

async function parquetRows(path: string) {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const types = parquetSchema(metadata).children.map(
    ({ element }) => [element.name, [element.type, element.converted_type].filter((type) => type !== undefined).join(" ")] as const,
  );
  return {
    rows: await parquetReadObjects({ file }),
    types: Object.fromEntries(types),
    groups: metadata.row_groups.map(({ num_rows }) => Number(num_rows)),
  };
}

/** A manifest of four rows with columns of every type; `duration` is the name of what every clip has. */
const rows = [
  { path: "a.wav", id: "a", speaker: "x", age: 30, level: -1.5, is_good: true, tags: ["p", { q: null }], mixed: 1, duration: 9 },
  { path: "b.wav", id: "b", speaker: null, age: 2 ** 40, level: 2, is_good: false, mixed: "1" },
  { path: "a.wav", id: "c", start: 0.1, end: 0.3, speaker: "y\u{1f600}", tags: {}, mixed: null },
  { path: "b.wav", id: "d" },
] as const;

/** What is carried along. */
function columnsOf(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !["path", "id", "start", "end"].includes(name)));
}

describe("columns of a manifest", () => {
  test("and the codes of encode are in every output", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "a.wav": toneWav(1, 0.4),
      "b.wav": toneWav(2, 0.5),
      "m.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
    });
    await run(folder, ["m.jsonl"]);
    const out = join(folder, "out");
    const stem = join(out, "shards/part-000000-000");
    const codes: AudioCodes[] = [];
    for (const row of rows) {
      const { channelData, sampleRate } = await readAudio(join(folder, row.path));
      const samples =
        "start" in row ? channelData[0]!.slice(Math.round(row.start * sampleRate), Math.round(row.end * sampleRate)) : channelData[0]!;
      codes.push(await tokenizer.encode({ channelData: [samples], sampleRate }, { numCodebooks: 2 }));
    }
    for (const [i, row] of rows.entries()) {
      const record = JSON.parse(execFileSync("tar", ["-xOf", `${stem}.tar`, `${row.id}.json`], { encoding: "utf8" })) as Record<
        string,
        unknown
      >;
      expect(record["columns"]).toEqual(columnsOf(row));
      for (const npy of [execFileSync("tar", ["-xOf", `${stem}.tar`, `${row.id}.npy`]), await readFile(join(out, `npy/${row.id}.npy`))]) {
        const array = parseArray(npy, row.id);
        expect(array).toMatchObject({ type: "u2", shape: [2, codes[i]!.numFrames] });
        expect(typeof array === "string" || Array.from(array.data as Uint16Array)).toEqual(Array.from(codes[i]!.data));
      }
    }
    const jsonl = await linesOf(`${stem}.jsonl`);
    expect(jsonl.map((line) => line["columns"])).toEqual(rows.map(columnsOf));
    expect(jsonl.map((line) => line["codes"])).toEqual(codes.map(nested));
    expect((await linesOf(`${stem}.npy.jsonl`)).map((line) => line["columns"])).toEqual(rows.map(columnsOf));
    expect((await linesOf(join(out, "manifest.jsonl"))).map((line) => line["columns"])).toEqual(rows.map(columnsOf));
    const documents = await collect(await openTokenDataset(stem));
    expect(documents.map((tokens) => Array.from(vocabulary.decode(tokens).codes.data))).toEqual(codes.map(({ data }) => Array.from(data)));

    const parquet = await parquetRows(`${stem}.parquet`);
    expect(parquet.rows.map((row) => row["codes"])).toEqual(codes.map(nested));
    expect(parquet.rows.map((row) => JSON.parse(String(row["columns"])) as unknown)).toEqual(rows.map(columnsOf));
    expect(await collect(verifyDataset(out))).toEqual([]);
  });

  test("are columns of Parquet with their types, null where they are missing, the same in every shard", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "a.wav": toneWav(1, 0.4),
      "b.wav": toneWav(2, 0.5),
      "m.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
      "m.csv": "path,take\nb.wav,007\n",
    });
    await run(folder, ["m.jsonl", "m.csv"], { partRows: 2, outputs: [{ format: "parquet" }] });
    const shards = await Promise.all([0, 1, 2].map((part) => parquetRows(join(folder, `out/shards/part-00000${part}-000.parquet`))));
    for (const { types } of shards) {
      expect(types).toEqual(shards[0]!.types);
      expect(types).toMatchObject({
        speaker: "BYTE_ARRAY UTF8",
        age: "INT64",
        level: "DOUBLE",
        is_good: "BOOLEAN",
        tags: "BYTE_ARRAY UTF8",
        mixed: "BYTE_ARRAY UTF8",
        take: "BYTE_ARRAY UTF8",
        duration: "DOUBLE",
      });
    }
    const all = shards.flatMap((shard) => shard.rows);
    const values = (name: string): unknown[] => all.map((row) => row[name] ?? null);
    expect(values("key")).toEqual(["a", "b", "c", "d", "m_2/b"]);
    expect(values("speaker")).toEqual(["x", null, "y\u{1f600}", null, null]);
    expect(values("age")).toEqual([30n, 2n ** 40n, null, null, null]);
    expect(values("level")).toEqual([-1.5, 2, null, null, null]);
    expect(values("is_good")).toEqual([true, false, null, null, null]);
    expect(values("tags")).toEqual(['["p",{"q":null}]', null, "{}", null, null]);
    expect(values("mixed")).toEqual(["1", '"1"', null, null, null]);
    expect(values("take")).toEqual([null, null, null, null, "007"]);
    expect(values("duration")).toEqual([0.4, 0.5, 0.2, 0.5, 0.5]);
  });
});

test("numbers have a decimal point in every clip where they are no whole numbers in one, for readers that take types from the first", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, {
    "a.wav": toneWav(1, 0.2),
    "m.jsonl": '{"path":"a.wav","id":"a","snr":3,"n":3,"x":-0}\n{"path":"a.wav","id":"b","snr":4.5,"n":4,"x":1e300}\n',
  });
  await run(folder, ["m.jsonl"]);
  const stem = join(folder, "out/shards/part-000000-000");
  const lines = await Promise.all(
    [".jsonl", ".npy.jsonl"].map(async (extension) => (await readFile(stem + extension, "utf8")).trim().split("\n")),
  );
  lines.push(["a", "b"].map((key) => execFileSync("tar", ["-xOf", `${stem}.tar`, `${key}.json`], { encoding: "utf8" })));
  for (const [first, second] of lines) {
    expect(first).toContain('"columns":{"n":3,"snr":3.0,"x":0.0}');
    expect(second).toContain('"columns":{"n":4,"snr":4.5,"x":1e+300}');
  }
});

describe("a Parquet shard", () => {
  test("has row groups of so many codes", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`in/${i}.wav`, toneWav(i, 0.2)])));
    await run(folder, ["in"], { outputs: [{ format: "parquet", rowGroupCodes: 75, shardClips: 6 }] });
    const shards = await Promise.all([0, 1].map((shard) => parquetRows(join(folder, `out/shards/part-000000-00${shard}.parquet`))));
    // 15 frames of 2 codebooks are 30 codes.
    expect(shards.map(({ groups }) => groups)).toEqual([[3, 3], [3]]);
    expect(await collect(verifyDataset(join(folder, "out")))).toEqual([]);
  });
});
