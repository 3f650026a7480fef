import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { extract } from "tar-stream";
import { describe, expect, test, vi } from "vitest";
import { jsonlOutput } from "../../src/dataset/formats/jsonl-output.ts";
import { npyOutput } from "../../src/dataset/formats/npy-output.ts";
import { parquetOutput } from "../../src/dataset/formats/parquet-output.ts";
import { readShard } from "../../src/dataset/formats/read-shard.ts";
import { patternLayout, vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import { tokensOutput } from "../../src/dataset/formats/tokens-output.ts";
import { webdatasetOutput } from "../../src/dataset/formats/webdataset-output.ts";
import { shardFormatOf } from "../../src/dataset/records/finished-shard.ts";
import type { ClipOutput, ShardLimits } from "../../src/dataset/formats/clip-output.ts";
import type { FinishedShard } from "../../src/dataset/records/finished-shard.ts";
import type { EncodedClip } from "../../src/dataset/records/encoded-clip.ts";
import { openTokenDataset } from "../../src/files/index.ts";
import { parseMegatronIndex, TokenVocabulary } from "../../src/patterns/index.ts";
import { parseCodes } from "../../src/storage/index.ts";
import { clips as anyCodes } from "../core/arbitrary-codes.ts";
import { bytesBelow, clipOf, segmentedClipOf } from "./encoded-clips.ts";
import { collect, temporaryFolder } from "../temporary-folder.ts";

const vocabulary = new TokenVocabulary({ codebookSize: 1024, numCodebooks: 3, specialTokens: { eos: {} } });

const outputs: Readonly<Record<string, (folder: string, limits?: ShardLimits) => ClipOutput>> = {
  webdataset: webdatasetOutput,
  parquet: parquetOutput,
  npy: npyOutput,
  jsonl: jsonlOutput,
  "flat tokens": (folder, limits) => tokensOutput(folder, { layout: vocabularyLayout(vocabulary), ...limits }),
  "megatron tokens": (folder, limits) =>
    tokensOutput(folder, {
      layout: patternLayout({ kind: "delay", numCodebooks: 3, delays: [0, 1, 2] }, 1024),
      stream: "megatron",
      ...limits,
    }),
};
const readable = ["webdataset", "parquet", "npy", "jsonl"] as const;

async function writePart(output: ClipOutput, clips: readonly EncodedClip[], part: number = 12): Promise<readonly FinishedShard[]> {
  const writer = output.openPart(part);
  for (const clip of clips) await writer.add(clip);
  return writer.finish();
}

async function readAll(folder: string, shards: readonly FinishedShard[]): Promise<EncodedClip[]> {
  const clips: EncodedClip[] = [];
  for (const { path } of shards) for await (const clip of readShard(folder, path)) clips.push(clip);
  return clips;
}

function bytesOf(shards: readonly FinishedShard[]): number[] {
  return shards.filter((shard) => shard.clips > 0).map((shard) => shard.bytes);
}

const someClips = [clipOf(1), clipOf(2, 40), clipOf(3, 1), clipOf(4, 7, { window: 2, channel: 0, loudness: null })];

describe.each(Object.entries(outputs))("%s", (_, output) => {
  test("writes the same bytes again, and lists them with their digests", async () => {
    const [one, two] = [await temporaryFolder(), await temporaryFolder()];
    const shards = await writePart(output(one, { shardClips: 3 }), someClips);
    expect(await writePart(output(two, { shardClips: 3 }), someClips)).toEqual(shards);
    const files = await bytesBelow(one);
    expect(await bytesBelow(two)).toEqual(files);
    for (const { path, bytes, sha256, format } of shards) {
      expect(createHash("sha256").update(files.get(path)!).digest("hex")).toBe(sha256);
      expect(files.get(path)!.length).toBe(bytes);
      expect(shardFormatOf(path)).toBe(format);
    }
    expect([...files.keys()].filter((path) => path.startsWith("shards/"))).toEqual(shards.map(({ path }) => path).toSorted());
    expect(shards.reduce((sum, shard) => sum + shard.clips, 0)).toBe(someClips.length);
  });

  test("goes on in another shard after shardClips clips, and tells where each clip is", async () => {
    const folder = await temporaryFolder();
    const writer = output(folder, { shardClips: 2 }).openPart(7);
    const places = [];
    for (const clip of [...someClips, clipOf(5)]) places.push(await writer.add(clip));
    const shards = (await writer.finish()).filter((shard) => shard.clips > 0);
    expect(shards.map((shard) => shard.clips)).toEqual([2, 2, 1]);
    expect(shards.map((shard) => shard.path.replace(/\..*/u, ""))).toEqual([
      "shards/part-000007-000",
      "shards/part-000007-001",
      "shards/part-000007-002",
    ]);
    const files = await bytesBelow(folder);
    for (const { file } of places) expect(files.has(file)).toBe(true);
    if (!places[0]!.file.startsWith("npy/")) {
      expect(places.map(({ file }) => file)).toEqual([0, 0, 1, 1, 2].map((shard) => shards[shard]!.path));
      expect(places.map(({ index }) => index)).toEqual([0, 1, 0, 1, 0]);
    }
  });

  test("leaves nothing after an abort, not even shards that were complete", async () => {
    const folder = await temporaryFolder();
    const writer = output(folder, { shardClips: 1 }).openPart(0);
    for (const clip of someClips) await writer.add(clip);
    expect((await bytesBelow(folder)).size).toBeGreaterThan(2);
    await writer.abort();
    expect([...(await bytesBelow(folder)).keys()]).toEqual([]);
    const finished = output(folder).openPart(0);
    await finished.add(someClips[0]!);
    await finished.finish();
    await finished.abort();
    expect([...(await bytesBelow(folder)).keys()]).toEqual([]);
  });

  test("writes nothing for a part without clips", async () => {
    const folder = await temporaryFolder();
    expect(await output(folder).openPart(0).finish()).toEqual([]);
    expect((await bytesBelow(folder)).size).toBe(0);
  });

  test("refuses codes of another codec, and limits that no shard can keep", async () => {
    const folder = await temporaryFolder();
    const writer = output(folder).openPart(0);
    await writer.add(clipOf(1));
    await expect(writer.add({ ...clipOf(2), codes: clipOf(2).codes.selectCodebooks(2) })).rejects.toMatchObject({ code: "CODES_MISMATCH" });
    await writer.abort();
    expect(() => output(folder, { shardBytes: 0 })).toThrow(/shardBytes must be 1 or more/);
  });
});

describe.each(["webdataset", "jsonl", "flat tokens"])("a shard of %s", (name) => {
  test("holds exactly shardBytes, and a byte less makes another", async () => {
    const pair = [clipOf(1, 9), clipOf(2, 9)];
    const [bytes] = bytesOf(await writePart(outputs[name]!(await temporaryFolder()), pair));
    expect(bytesOf(await writePart(outputs[name]!(await temporaryFolder(), { shardBytes: bytes! }), pair))).toEqual([bytes]);
    expect(bytesOf(await writePart(outputs[name]!(await temporaryFolder(), { shardBytes: bytes! - 1 }), pair))).toHaveLength(2);
    expect(bytesOf(await writePart(outputs[name]!(await temporaryFolder(), { shardBytes: 1 }), pair))).toHaveLength(2);
  });
});

describe.each(readable)("reading %s back", (format) => {
  test("gives the clips as they were, segments and scales included", async () => {
    const folder = await temporaryFolder();
    const stereo = [segmentedClipOf(1), segmentedClipOf(2, 47_000), segmentedClipOf(3, 48_000)];
    for (const clips of [someClips, stereo]) {
      const read = await readAll(folder, await writePart(outputs[format]!(folder), clips));
      expect(read).toEqual(clips);
    }
  });

  test("gives any clip back", async () => {
    const folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(anyCodes, fc.record({ text: fc.string(), nested: fc.array(fc.integer()) }), async (codes, columns) => {
        const clip = clipOf(0, 1, { codes, end: codes.duration, columns: { nested: columns.nested, text: columns.text } });
        expect(await readAll(folder, await writePart(outputs[format]!(folder), [clip]))).toEqual([clip]);
      }),
      { numRuns: 30 },
    );
  });
});

test("the members of a WebDataset shard are pairs that tar and any tar library list, without times and owners", async () => {
  const folder = await temporaryFolder();
  const long = clipOf(8, 3, { key: `${"long/".repeat(40)}ключ` });
  const [shard] = await writePart(webdatasetOutput(folder), [clipOf(1), long]);
  const file = join(folder, shard!.path);
  const names = [clipOf(1).key, long.key].flatMap((key) => [`${key}.npy`, `${key}.json`]);
  expect(
    execFileSync("tar", ["--quoting-style=literal", "-tf", file], { encoding: "utf8", env: { ...process.env, LC_ALL: "C.UTF-8" } })
      .trim()
      .split("\n"),
  ).toEqual(names);
  const npy = execFileSync("tar", ["-xOf", file, names[0]!]);
  const { codes } = clipOf(1);
  expect((await parseCodes(npy, { context: codes })).data).toEqual(codes.data);
  const members = extract();
  members.end((await bytesBelow(folder)).get(shard!.path));
  const seen: string[] = [];
  for await (const entry of members) {
    seen.push(entry.header.name);
    expect([entry.header.mtime?.getTime(), entry.header.uid, entry.header.gid, entry.header.mode]).toEqual([0, 0, 0, 0o644]);
    entry.resume();
  }
  expect(seen).toEqual(names);
  const record = JSON.parse(execFileSync("tar", ["-xOf", file, names[1]!], { encoding: "utf8" })) as Record<string, unknown>;
  expect(record).toMatchObject({
    key: clipOf(1).key,
    num_samples: 1599,
    columns: { text: "line 1" },
    codec: { sample_rate: 24_000, frame_rate: 75, license: "MIT" },
  });
  expect(Object.keys(record).slice(0, 3)).toEqual(["key", "row", "source"]);
  expect(execFileSync("tar", ["-xOf", file, names[1]!], { encoding: "utf8" })).toContain('"start":0.0,"end":');
});

test("the rows of a Parquet shard are uint16 lists that hyparquet reads, with typed columns, in bounded row groups", async () => {
  const folder = await temporaryFolder();
  const clips = [clipOf(1, 10), clipOf(2, 20, { columns: { text: 5, speaker: 2.5, is_good: true } }), clipOf(3, 30)];
  const output = parquetOutput(folder, { columns: { text: "string", speaker: "double", is_good: "boolean" }, rowGroupCodes: 60 });
  const [shard] = await writePart(output, clips);
  const file = await asyncBufferFromFile(join(folder, shard!.path));
  const metadata = await parquetMetadataAsync(file);
  expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([2, 1]);
  expect(metadata.key_value_metadata).toContainEqual({ key: "license", value: "MIT" });
  const columns = parquetSchema(metadata).children;
  const codesElement = columns.find(({ element }) => element.name === "codes")!.children[0]!.children[0]!.children[0]!.children[0]!.element;
  expect(codesElement).toMatchObject({ type: "INT32", converted_type: "UINT_16", repetition_type: "REQUIRED" });
  const rows = await parquetReadObjects({ file });
  expect(rows.map((row) => row["codes"])).toEqual(
    clips.map(({ codes }) => [0, 1, 2].map((k) => Array.from(codes.data.subarray(k * codes.numFrames, (k + 1) * codes.numFrames)))),
  );
  expect(rows.map((row) => row["text"] ?? null)).toEqual(["line 1", null, "line 3"]);
  expect(rows.map((row) => row["is_good"] ?? null)).toEqual([null, true, null]);
  expect(rows.map((row) => row["speaker"])).toEqual([1, 2.5, 3]);
  expect(() => parquetOutput(folder, { columns: { key: "string" } })).toThrow(/name of one that every clip has/);
});

test("a .npy lies where its clip's source lies, and numpy's format holds it", async () => {
  const folder = await temporaryFolder();
  await writePart(npyOutput(folder), [clipOf(1)]);
  const files = await bytesBelow(folder);
  const bytes = files.get("npy/speaker/clip-1.npy")!;
  const { codes } = clipOf(1);
  expect(await parseCodes(bytes, { context: codes })).toMatchObject({ data: codes.data, shape: [1, 3, 5] });
  for (const key of ["../out", "a/../../out", "/out", "a//b"]) {
    await expect(
      npyOutput(folder)
        .openPart(0)
        .add(clipOf(1, 1, { key })),
    ).rejects.toThrow(/cannot name a file/);
  }
});

test("documents of a vocabulary decode to the clips, and those of a pattern stand step after step", async () => {
  const folder = await temporaryFolder();
  await writePart(outputs["flat tokens"]!(folder), someClips, 1);
  const documents = [];
  for await (const tokens of await openTokenDataset(join(folder, "shards/part-000001-000"))) documents.push(tokens);
  expect(documents.map((tokens) => Array.from(vocabulary.decode(tokens).codes.data))).toEqual(
    someClips.map(({ codes }) => Array.from(codes.data)),
  );

  await writePart(outputs["megatron tokens"]!(folder), [clipOf(1, 2)], 2);
  const [, [a, b, c, d, e, f]] = [0, Array.from(clipOf(1, 2).codes.data)];
  const dataset = await openTokenDataset(join(folder, "shards/part-000002-000"));
  expect(dataset.metadata).toMatchObject({ layout: { kind: "pattern", special_token: 1024 }, codec: { license: "MIT" } });
  const steps = [];
  for await (const tokens of dataset)
    steps.push(...Array.from({ length: tokens.length / 3 }, (_, step) => Array.from(tokens.slice(3 * step, 3 * step + 3))));
  const s = 1024;
  expect(steps).toEqual([
    [s, s, s],
    [a, s, s],
    [b, c, s],
    [s, d, e],
    [s, s, f],
  ]);
  const index = parseMegatronIndex((await bytesBelow(folder)).get("shards/part-000002-000.idx")!);
  expect(Array.from(index.sequenceLengths)).toEqual([16]);
});

test("a Parquet shard whose codes claim to repeat fifty million times is refused with its name", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "shards"));
  await copyFile(new URL("../fixtures/parquet/run-of-50-million.parquet", import.meta.url), join(folder, "shards/part-000000-000.parquet"));
  await expect(collect(readShard(folder, "shards/part-000000-000.parquet"))).rejects.toMatchObject({
    code: "DATASET_FORMAT",
    message: "shards/part-000000-000.parquet is damaged: it has a run of 50000000 values where 600 are left",
  });
});

test("a line of a JSONL shard that would become many times as much in memory is refused before it is parsed", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "shards"));
  for (const [what, line, message] of [
    ["objects", `{"codes":[${"{},".repeat(2 ** 20)}0]}`, 'line 1 has an object in "codes"'],
    ["lists", `{"codes":[${"[0],".repeat(2 ** 20)}0]}`, 'line 1 has 0 in "codes" where an array of 1 is expected'],
    ["columns", `{"codes":[[0]],"columns":[${"[],".repeat(2 ** 20)}[]]}`, "line 1 has more text beside its codes and scales"],
  ] as const) {
    await writeFile(join(folder, "shards/part-000000-000.jsonl"), `${line}\n`);
    const parse = vi.spyOn(JSON, "parse");
    await expect(collect(readShard(folder, "shards/part-000000-000.jsonl")), what).rejects.toMatchObject({
      code: "DATASET_FORMAT",
      message: expect.stringContaining(message),
    });
    expect(Math.max(...parse.mock.calls.map(([text]) => text.length)), what).toBeLessThan(20);
    parse.mockRestore();
  }
});

test("a row group of a Parquet shard holds no more than some megabytes of what manifests say", async () => {
  const folder = await temporaryFolder();
  const clips = [1, 2, 3, 4, 5].map((seed) => clipOf(seed, 1, { columns: { text: String(seed).repeat(2 ** 24 + 2 ** 23) } }));
  const [shard] = await writePart(parquetOutput(folder, { columns: {} }), clips);
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(join(folder, shard!.path)));
  expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([3, 2]);
});

test("row groups of more codes than memory takes are refused", () => {
  for (const rowGroupCodes of [0, 2 ** 24 + 1, Number.NaN])
    expect(() => parquetOutput("x", { rowGroupCodes })).toThrow(/rowGroupCodes must be 1 to 16777216/u);
});

test("a damaged shard is refused with its name", async () => {
  const folder = await temporaryFolder();
  for (const format of readable) {
    const [shard] = await writePart(outputs[format]!(folder), someClips);
    const bytes = (await bytesBelow(folder)).get(shard!.path)!;
    await writeFile(join(folder, shard!.path), bytes.subarray(0, Math.floor(bytes.length / 2) + 3));
    await expect(readAll(folder, [shard!]), format).rejects.toMatchObject({
      code: "DATASET_FORMAT",
      message: expect.stringContaining(shard!.path),
    });
  }
});
