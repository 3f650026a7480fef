import { createHash } from "node:crypto";
import { appendFile, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { atOnce } from "../../src/core/index.ts";
import { jsonlOutput } from "../../src/dataset/formats/jsonl-output.ts";
import { npyOutput } from "../../src/dataset/formats/npy-output.ts";
import { parquetOutput } from "../../src/dataset/formats/parquet-output.ts";
import { vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import { tokensOutput } from "../../src/dataset/formats/tokens-output.ts";
import { webdatasetOutput } from "../../src/dataset/formats/webdataset-output.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { pushDataset } from "../../src/dataset/push-dataset.ts";
import { clipFieldsOf } from "../../src/dataset/records/clip-fields.ts";
import type { OutputFormat } from "../../src/dataset/records/finished-shard.ts";
import { formatDatasetInfo, parseDatasetInfo, readDatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import { formatManifestLine, parseManifestLine } from "../../src/dataset/records/manifest.ts";
import { assembleDataset } from "../../src/dataset/report/assemble-dataset.ts";
import { formatDatasetCard } from "../../src/dataset/report/dataset-card.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { TokenVocabulary } from "../../src/patterns/index.ts";
import { HubServer, memberToken } from "../hub/hub-server.ts";
import { bytesBelow, clipOf, segmentedClipOf } from "./encoded-clips.ts";
import { writeDataset, writeParts } from "./finished-dataset.ts";
import { collect, temporaryFolder } from "../temporary-folder.ts";

const layout = vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 3, specialTokens: { eos: {} } }));
const parts = [[clipOf(1), clipOf(2, 30), clipOf(3)], [], [clipOf(4, 80), clipOf(5, 400, { loudness: null })]];
const allOutputs = (folder: string) => [
  webdatasetOutput(folder, { shardClips: 2 }),
  parquetOutput(folder, { columns: { text: "string" } }),
  npyOutput(folder),
  jsonlOutput(folder),
  tokensOutput(folder, { layout, stream: "megatron" }),
];

async function findings(folder: string) {
  return (await collect(verifyDataset(folder))).map(({ kind, file }) => `${kind} ${file}`);
}

describe("a finished dataset", () => {
  test("is described by an index that reads back, with the same bytes again", async () => {
    const [one, two] = [await temporaryFolder(), await temporaryFolder()];
    const info = await writeDataset(one, allOutputs(one), parts, { failures: 4, audioLicense: "CC-BY-4.0" });
    expect(await readDatasetInfo(one)).toEqual(info);
    expect(info.counts).toEqual({ rows: 9, clips: 5, errors: 4, parts: 3, hours: info.statistics.samples / 24_000 / 3600 });
    expect(info.statistics).toMatchObject({ clips: 5, errors: { AUDIO_CORRUPT: 2, AUDIO_EMPTY: 2 } });
    expect(
      (await readFile(join(one, "manifest.jsonl"), "utf8"))
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { key: string }).key),
    ).toEqual(parts.flat().map(({ key }) => key));
    await writeDataset(two, allOutputs(two), parts, { failures: 4, audioLicense: "CC-BY-4.0" });
    expect(await bytesBelow(two)).toEqual(await bytesBelow(one));
    expect(() => atOnce(parseDatasetInfo(Buffer.from('{"format":"other"}'), "dataset.json"))).toThrow(/does not describe a dataset/);
  });

  test.each(["webdataset", "parquet", "npy", "jsonl"] as const)("gives its clips back from %s", async (format) => {
    const folder = await temporaryFolder();
    await writeDataset(folder, allOutputs(folder), parts);
    const dataset = await openDataset(folder, { format });
    expect(dataset.info.license?.status).toBe("contested");
    expect(await collect(dataset)).toEqual(parts.flat());
    expect(await collect(dataset)).toHaveLength(5);
  });

  test("is refused where it is none, or has no clips to read", async () => {
    const folder = await temporaryFolder();
    await expect(openDataset(folder)).rejects.toMatchObject({ code: "DATASET_FORMAT" });
    await writeDataset(folder, [tokensOutput(folder, { layout })], parts);
    await expect(openDataset(folder)).rejects.toThrow(/holds tokens; clips are read from webdataset/);
  });

  test("without any clip is a dataset too", async () => {
    const folder = await temporaryFolder();
    await writeDataset(folder, allOutputs(folder), [[]], { failures: 2 });
    expect(await collect(await openDataset(folder))).toEqual([]);
    expect(await findings(folder)).toEqual([]);
    expect(await readFile(join(folder, "README.md"), "utf8")).not.toMatch(/## Reading|shards\//u);
  });

  test("cannot be assembled while a part is missing", async () => {
    const folder = await temporaryFolder();
    await writeParts(folder, [jsonlOutput(folder)], parts);
    await rm(join(folder, "parts/000001.json"));
    const info = { tool: { name: "a", version: "1" }, codec: null, license: null, options: {} };
    await expect(assembleDataset({ folder, numParts: 3, ...info })).rejects.toMatchObject({ code: "DATASET_FORMAT" });
    expect([...(await bytesBelow(folder)).keys()].filter((name) => !/^(?:parts|shards)\//u.test(name))).toEqual([]);
  });
});

describe("verifyDataset", () => {
  test("finds nothing in a sound dataset, of mono or of segments", async () => {
    const folder = await temporaryFolder();
    await writeDataset(folder, allOutputs(folder), parts, { failures: 1 });
    expect(await findings(folder)).toEqual([]);
    const stereo = await temporaryFolder();
    await writeDataset(stereo, allOutputs(stereo).slice(0, 4), [[segmentedClipOf(1), segmentedClipOf(2)]]);
    expect(await findings(stereo)).toEqual([]);
  });

  test("finds a byte that changed, a file that is shorter, one that is gone and one too many", async () => {
    const folder = await temporaryFolder();
    await writeDataset(folder, allOutputs(folder), parts);
    const files = await bytesBelow(folder);
    const flipped = Buffer.from(files.get("shards/part-000000-000.tar")!);
    flipped[700]! ^= 1;
    await writeFile(join(folder, "shards/part-000000-000.tar"), flipped);
    await writeFile(join(folder, "shards/part-000002-000.parquet"), files.get("shards/part-000002-000.parquet")!.subarray(1));
    await rm(join(folder, "npy/speaker/clip-4.npy"));
    await rm(join(folder, "shards/part-000002-000.bin"));
    await writeFile(join(folder, "shards/part-000009-000.tar"), "");
    await writeFile(join(folder, "errors.jsonl"), "x");
    expect(await findings(folder)).toEqual([
      "size errors.jsonl",
      "digest shards/part-000000-000.tar",
      "size shards/part-000002-000.parquet",
      "missing npy/speaker/clip-4.npy",
      "missing shards/part-000002-000.bin",
      "extra shards/part-000009-000.tar",
    ]);
  });

  test.runIf(process.platform === "linux")("keeps no file open for one who has heard enough", async () => {
    const folder = await temporaryFolder();
    // A manifest of several reads, so that it is not at its end already.
    await writeDataset(folder, [jsonlOutput(folder)], [[clipOf(0)], Array.from({ length: 1000 }, (_, index) => clipOf(index + 1))]);
    await appendFile(join(folder, "shards/part-000001-000.jsonl"), "x");
    const openFiles = async () =>
      (await Promise.all((await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")))).filter((path) =>
        path.startsWith(folder),
      );
    for await (const { kind } of verifyDataset(folder)) if (kind === "size") break;
    await expect.poll(openFiles).toEqual([]);
  });

  test("finds counts that are not those of the files", async () => {
    const folder = await temporaryFolder();
    const info = await writeDataset(folder, allOutputs(folder), parts, { failures: 2 });
    for (const counts of [
      { ...info.counts, errors: 1 },
      { ...info.counts, errors: 3 },
    ]) {
      await writeFile(join(folder, "dataset.json"), formatDatasetInfo({ ...info, counts }));
      expect(await findings(folder)).toEqual(["mismatch dataset.json"]);
    }
  });

  test("finds codes that are none, and clips that are not those of the manifest, where digests are right", async () => {
    const folder = await temporaryFolder();
    await writeDataset(folder, [jsonlOutput(folder)], [[clipOf(1), clipOf(2)]]);
    const shard = "shards/part-000000-000.jsonl";
    const text = (await bytesBelow(folder)).get(shard)!.toString("utf8");
    const [first, second] = text.trim().split("\n") as [string, string];
    const forge = async (contents: string): Promise<readonly string[]> => {
      await writeFile(join(folder, shard), contents);
      const path = join(folder, "dataset.json");
      const info = JSON.parse(await readFile(path, "utf8")) as { shards: { bytes: number; sha256: string }[] };
      Object.assign(info.shards[0]!, { bytes: Buffer.byteLength(contents), sha256: createHash("sha256").update(contents).digest("hex") });
      await writeFile(path, JSON.stringify(info));
      return findings(folder);
    };
    expect(await forge(`${first}\n${second.replace(/"codes":\[\[\d+/u, '"codes":[[1024')}\n`)).toEqual([`damaged ${shard}`]);
    expect(await forge(`${second}\n${first}\n`)).toEqual([`mismatch ${shard}`, `mismatch ${shard}`]);
    expect(await forge(`${first}\n`)).toEqual([`mismatch ${shard}`]);
    expect(await forge(`${first}\n${second.replace(/"codes":\[\[\d+/u, '"codes":[[77')}\n`)).toEqual(["mismatch dataset.json"]);
  });
});

test("a line of the manifest has decimals where the type is to be seen, columns as they are, and reads back", () => {
  const clip = clipOf(0, 75, { columns: { duration: 3, start: 0 } });
  const line = formatManifestLine(clip, { npy: { file: "npy/a.npy", index: 0 } });
  expect(line).toContain('"start":0.0,"end":1.0,"window":null,"channel":null,"duration":1.0,"num_samples":24000,');
  expect(line).toMatch(/"columns":\{"duration":3,"start":0\},"places":\{"npy":\{"file":"npy\/a.npy","index":0\}\}\}\n$/u);
  expect(atOnce(parseManifestLine(Buffer.from(line)))).toEqual({ ...clipFieldsOf(clip), places: { npy: { file: "npy/a.npy", index: 0 } } });
});

function frontMatter(card: string): Record<string, unknown> {
  return parse(/^---\n(?<yaml>[\s\S]*?)---\n/u.exec(card)!.groups!["yaml"]!) as Record<string, unknown>;
}

describe("the card", () => {
  test("names licenses by the Hub's ids, the size, and the files that load_dataset reads", async () => {
    const folder = await temporaryFolder();
    const info = await writeDataset(folder, allOutputs(folder), parts, { audioLicense: "CC-BY-4.0" });
    const card = await readFile(join(folder, "README.md"), "utf8");
    expect(frontMatter(card)).toEqual({
      pretty_name: "Speech as tokens",
      license: ["cc-by-4.0", "mit"],
      language: ["en"],
      size_categories: ["n<1K"],
      tags: ["audio", "encodec", "audio-tokens", "neural-codec", "webdataset"],
      configs: [{ config_name: "default", data_files: [{ split: "train", path: "shards/*.parquet" }] }],
    });
    const loaded = (...formats: readonly OutputFormat[]) =>
      frontMatter(formatDatasetCard({ ...info, shards: info.shards.filter(({ format }) => formats.includes(format)) }))["configs"];
    expect(loaded("npy", "jsonl", "tokens")).toMatchObject([{ data_files: [{ path: "shards/part-*-*[0-9].jsonl" }] }]);
    expect(loaded("npy", "tokens")).toMatchObject([{ data_files: [{ path: "manifest.jsonl" }] }]); // where the clips are
    expect(card).toContain("The codec's weights, facebook/encodec_24khz: MIT (contested).");
    expect(card).toContain("- the repository is MIT (https://example.org/LICENSE, 2023-04-26)");
    const license = (audioLicense: string | null) => frontMatter(formatDatasetCard({ ...info, audioLicense }));
    expect(license(null)).toMatchObject({ license: ["unknown", "mit"] });
    expect(license("MIT")).toMatchObject({ license: "mit" });
    expect(license("House Rules: 1")).toMatchObject({
      license: "other",
      license_name: "house-rules-1-and-mit",
      license_link: "README.md#license",
    });
    expect(frontMatter(formatDatasetCard({ ...info, audioLicense: null, license: null, codec: null }))).toMatchObject({
      license: "unknown",
    });
    expect(frontMatter(formatDatasetCard({ ...info, counts: { ...info.counts, clips: 1_000_000 } }))).toMatchObject({
      size_categories: ["1M<n<10M"],
    });
    // Each way of reading is one for what the dataset has.
    const readingOf = (format: string) =>
      /```python\n(?<code>[^]*?)```/u.exec(formatDatasetCard({ ...info, shards: info.shards.filter((shard) => shard.format === format) }))!
        .groups!["code"];
    expect(readingOf("webdataset")).toContain('np.array(next(iter(dataset))["npy"], dtype=np.uint16)');
    expect(readingOf("parquet")).toContain('np.array(next(iter(dataset))["codes"], dtype=np.uint16)');
    expect(readingOf("jsonl")).toBe(readingOf("parquet"));
  });
});

describe("pushDataset", () => {
  test("uploads shards while work goes on, the index when it is done, and nothing twice", async () => {
    await using server = await HubServer.start({});
    const options = { endpoint: server.endpoint, token: memberToken, retryDelay: 0.001, env: {} };
    const folder = await temporaryFolder();
    await expect(pushDataset(folder, "user/speech", options)).rejects.toMatchObject({ code: "DATASET_FORMAT" });
    const outputs = [npyOutput(folder), webdatasetOutput(folder)];
    await writeParts(folder, outputs, parts.slice(0, 1));
    const early = await pushDataset(folder, "user/speech", options);
    expect(early.uploaded).toEqual([
      "npy/speaker/clip-1.npy",
      "npy/speaker/clip-2.npy",
      "npy/speaker/clip-3.npy",
      "shards/part-000000-000.npy.jsonl",
      "shards/part-000000-000.tar",
    ]);

    await writeDataset(folder, outputs, parts);
    const late = await pushDataset(folder, "user/speech", options);
    expect(late.unchanged).toEqual(early.uploaded);
    expect(late.uploaded.slice(-5)).toEqual(["manifest.jsonl", "errors.jsonl", "report.svg", "README.md", "dataset.json"]);
    expect(await pushDataset(folder, "user/speech", options)).toMatchObject({ uploaded: [], commits: [] });
    expect(server.datasets.textOf("user/speech", "dataset.json")).toBe(await readFile(join(folder, "dataset.json"), "utf8"));

    // A state of the dataset with fewer shards, and without one of its formats.
    const smaller = await temporaryFolder();
    await writeDataset(smaller, [webdatasetOutput(smaller)], parts.slice(0, 1));
    server.datasets.repositories.get("user/speech")!.set("shards/notes.tar", { bytes: Buffer.from("somebody's"), isLfs: false });
    const stale = [...late.uploaded, ...late.unchanged].filter((name) => /^npy|\.npy\.jsonl$|part-00000[12]/u.test(name)).toSorted();
    expect(stale.length).toBeGreaterThan(5);
    const dry = await pushDataset(smaller, "user/speech", { ...options, dryRun: true });
    const pushed = await pushDataset(smaller, "user/speech", options);
    expect([dry.removed.toSorted(), pushed.removed.toSorted()]).toEqual([stale, stale]);
    const remote = [...server.datasets.repositories.get("user/speech")!.keys()];
    expect(remote.filter((name) => /^(?:shards|npy)\//u.test(name)).toSorted()).toEqual(["shards/notes.tar", "shards/part-000000-000.tar"]);
    expect(await pushDataset(smaller, "user/speech", options)).toMatchObject({ uploaded: [], removed: [], commits: [] });

    await writeFile(join(folder, "shards/part-000000-000.tar"), "short");
    await expect(pushDataset(folder, "user/speech", options)).rejects.toThrow(/has 5 bytes and was written with/);
  });

  test("uploads nothing from outside of the folder, whatever the records say", async () => {
    await using server = await HubServer.start({});
    const folder = join(await temporaryFolder(), "dataset");
    await writeParts(folder, [webdatasetOutput(folder)], parts.slice(0, 1));
    await writeFile(join(folder, "../secret.tar"), "secret");
    const path = join(folder, "parts/000000.json");
    const record = JSON.parse(await readFile(path, "utf8")) as { shards: object[] };
    await writeFile(path, JSON.stringify({ ...record, shards: [{ ...record.shards[0], path: "../secret.tar", bytes: 6 }] }));
    await expect(pushDataset(folder, "user/speech", { endpoint: server.endpoint, token: memberToken, env: {} })).rejects.toMatchObject({
      code: "DATASET_FORMAT",
    });
    expect(server.datasets.repositories.size).toBe(0);
  });
});
