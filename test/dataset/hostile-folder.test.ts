import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { atOnce } from "../../src/core/index.ts";
import { jsonlOutput } from "../../src/dataset/formats/jsonl-output.ts";
import { npyOutput } from "../../src/dataset/formats/npy-output.ts";
import { parquetOutput } from "../../src/dataset/formats/parquet-output.ts";
import { vocabularyLayout } from "../../src/dataset/formats/token-layout.ts";
import { tokensOutput } from "../../src/dataset/formats/tokens-output.ts";
import { webdatasetOutput } from "../../src/dataset/formats/webdataset-output.ts";
import { parseRow } from "../../src/dataset/inputs/row.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { removeShards } from "../../src/dataset/parts/remove-shards.ts";
import { openPlan } from "../../src/dataset/plan/dataset-plan.ts";
import { formatOffsets, formatPlanFile, formatPlannedInputs, planFiles } from "../../src/dataset/plan/plan-files.ts";
import { pushDataset } from "../../src/dataset/push-dataset.ts";
import { parseDatasetInfo, readDatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import type { DatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import { parsePartRecord } from "../../src/dataset/records/part-record.ts";
import type { PartRecord } from "../../src/dataset/records/part-record.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { TokenVocabulary } from "../../src/patterns/index.ts";
import { HubServer, memberToken } from "../hub/hub-server.ts";
import { bytesBelow, clipOf } from "./encoded-clips.ts";
import { writeDataset, writeParts } from "./finished-dataset.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

const parts = [[clipOf(1), clipOf(2)], [clipOf(3)]];
const formats = ["webdataset", "parquet", "npy", "jsonl"] as const;
const layout = vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 3, specialTokens: { eos: {} } }));

/** Paths that lead out of a folder, or look like others. */
const badPaths = [
  "../x",
  "a/../../x",
  "\n/../../x",
  "\r/../../x",
  "\u2028/../../x",
  "./x",
  "x//y",
  "/etc/passwd",
  "..\\x",
  "C:x",
  "con",
  "aux.tar",
  "x.",
  "x ",
  "x\u202ey",
  "x\u0085y",
  "x\0y",
  "x".repeat(300),
];

interface Prepared {
  readonly folder: string;
  /** A file that belongs to nobody else. */
  readonly secret: string;
}

/** A dataset in all formats, in a folder with a secret beside it. */
async function prepared(): Promise<Prepared> {
  const root = await temporaryFolder();
  const folder = join(root, "out");
  await mkdir(folder);
  await writeTree(root, { "private/secret": "secret", "private/clip-1.npy": "secret" });
  const outputs = [
    webdatasetOutput(folder),
    parquetOutput(folder),
    npyOutput(folder),
    jsonlOutput(folder),
    tokensOutput(folder, { layout, stream: "megatron" }),
  ];
  await writeDataset(folder, outputs, parts, { failures: 2 });
  return { folder, secret: join(root, "private/secret") };
}

/** Puts a link in the place of a file or folder. */
async function replace(path: string, target: string): Promise<void> {
  await rm(path, { recursive: true });
  await symlink(target, path);
}

async function infoText(folder: string): Promise<string> {
  return await readFile(join(folder, "dataset.json"), "utf8");
}

function infoOf(text: string): DatasetInfo {
  return atOnce(parseDatasetInfo(Buffer.from(text), "dataset.json"));
}

function recordOf(text: string): PartRecord {
  return atOnce(parsePartRecord(Buffer.from(text), 0));
}

/** Pushes to a Hub of one's own; gives what went wrong, and all that it has then. */
async function pushed(
  folder: string,
  options: { readonly editedCard?: boolean } = {},
): Promise<{ readonly error: unknown; readonly names: readonly string[] }> {
  await using server = await HubServer.start({});
  let error: unknown;
  await pushDataset(folder, "user/speech", { endpoint: server.endpoint, token: memberToken, env: {}, ...options }).catch(
    (reason: unknown) => {
      error = reason;
    },
  );
  return { error, names: [...(server.datasets.repositories.get("user/speech")?.keys() ?? [])].filter((name) => name !== ".gitattributes") };
}

describe("what a dataset's files say", () => {
  let index: string;
  test.each(badPaths)("names no file at %j", async (path) => {
    index ??= await infoText((await prepared()).folder);
    const info = JSON.parse(index) as { shards: { path: string }[]; files: { path: string }[] };
    const shard = info.shards[0]!;
    for (const named of [`shards/${path}/part-000000-000.tar`, `${path}.tar`, path]) {
      const hostile = { ...info, shards: [{ ...shard, path: named }] };
      expect(() => infoOf(JSON.stringify(hostile)), named).toThrow(/^dataset\.json does not describe a dataset: shards\.0\.path: /u);
      const record = { part: 0, rows: 1, clips: 1, errors: 0, seconds: 1, statistics: {}, shards: [{ ...shard, path: named }] };
      expect(() => recordOf(JSON.stringify(record)), named).toThrow();
    }
    expect(() => infoOf(JSON.stringify({ ...info, files: [{ ...info.files[0], path }] }))).toThrow(/files\.0\.path: /u);
    expect(() => infoOf(JSON.stringify({ ...info, manifest: { ...info.files[0], lines: 1, path } }))).toThrow(/manifest\.path: /u);
  });

  test.each(badPaths.filter((path) => !/[. ]$/u.test(path)))(
    "lists no clip's file at %j: nothing outside is read, uploaded or removed",
    async (path) => {
      const { folder, secret } = await prepared();
      const list = join(folder, "shards/part-000000-000.npy.jsonl");
      const [first, ...others] = (await readFile(list, "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      for (const change of [
        { file: `npy/${path}.npy` },
        { file: path },
        { key: path, file: `npy/${path}.npy` },
        { file: `npy/../../private/secret` },
      ]) {
        await writeFile(list, `${[{ ...first, ...change }, ...others].map((line) => JSON.stringify(line)).join("\n")}\n`);
        await expect(collect(await openDataset(folder, { format: "npy" }))).rejects.toMatchObject({ code: "DATASET_FORMAT" });
        await expect(removeShards(folder, 0)).rejects.toMatchObject({ code: "DATASET_FORMAT" });
      }
      expect(await readFile(secret, "utf8")).toBe("secret");
    },
  );

  test("is as deep as somebody may mean it, and refused where it is deeper", async () => {
    const { folder } = await prepared();
    const text = await infoText(folder);
    const nested = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    expect(() => infoOf(text.replace('"options": {', `"options": {"deep": ${nested},`))).toThrow(
      /dataset\.json is not JSON|does not describe/u,
    );
    expect(() => recordOf(`{"statistics":${nested}}`)).toThrow("parts/000000.json is not JSON");
    expect(() => parseRow(`{"key":"a","input":0,"path":"a","columns":{"deep":${nested}}}`)).toThrow("it nests more than 101 deep");
  });

  test("has two mebibytes of one field at most, beside its shards: more is not parsed at once", async () => {
    const { folder } = await prepared();
    const text = await infoText(folder);
    // Each list takes many times the memory of its two bytes; a hundred megabytes of them held a process for minutes.
    const many = `[${"[],".repeat(2 ** 20)}[]]`;
    const parse = vi.spyOn(JSON, "parse");
    expect(() => recordOf(`{"statistics":${many}}`)).toThrow("more text beside its shards");
    expect(() => infoOf(text.replace('"options": {', `"options": {"many": ${many},`))).toThrow(
      /^dataset\.json has more text beside its shards/u,
    );
    expect(() =>
      infoOf(`{${Array.from({ length: 4 }, (_, i) => `"f${i}":"${"x".repeat(2 ** 21 - 100)}"`).join()},${text.slice(1)}`),
    ).toThrow(/^dataset\.json has more text beside its shards/u);
    expect(() => infoOf(text.replace('"shards": [', `"shards": [${many},`))).toThrow(
      /^dataset\.json has more than 32768 bytes as item 0 of a list/u,
    );
    expect(() => parseRow(`{"key":"a","input":0,"path":"a","columns":{"many":${many}}}`)).toThrow(/at most 2097152 are read/u);
    expect(Math.max(...parse.mock.calls.map(([parsed]) => parsed.length))).toBeLessThanOrEqual(2 ** 21);
    parse.mockRestore();
    const other = await planOf([{ key: "a", input: 0, path: "a.wav" }]);
    await truncate(join(other, "plan.json"), 2 ** 21 + 1);
    await expect(openPlan(other)).rejects.toMatchObject({
      code: "DATASET_FORMAT",
      message: expect.stringContaining("at most 2097152 are read"),
    });
  });

  test("gives a reason of bounded length, however long its names are", async () => {
    const long = "x".repeat(1e6);
    for (const text of [JSON.stringify({ [long]: 1 }), JSON.stringify({ format: long }), `{"shards":[{"${long}":1}]}`, long]) {
      let message = "";
      try {
        infoOf(text);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(/^dataset\.json .{1,400}$/u);
    }
  });

  test.skipIf(process.platform === "win32")("is never waited for", async () => {
    const { folder } = await prepared();
    await rm(join(folder, "dataset.json"));
    execFileSync("mkfifo", [join(folder, "dataset.json")]);
    await expect(readDatasetInfo(folder)).rejects.toMatchObject({ code: "DATASET_FORMAT", message: expect.stringContaining("not a file") });
  });
});

describe("keys of clips", () => {
  test.each(badPaths.filter((path) => !/[. ]$/u.test(path)))("are none like %j, which could name a file elsewhere", async (key) => {
    const { folder } = await prepared();
    const list = join(folder, "shards/part-000000-000.jsonl");
    const text = await readFile(list, "utf8");
    await writeFile(list, text.replace(JSON.stringify("speaker/clip-1"), JSON.stringify(key)));
    await expect(collect(await openDataset(folder, { format: "jsonl" }))).rejects.toMatchObject({
      code: "DATASET_FORMAT",
      message: expect.stringContaining("key: it cannot name a file"),
    });
  });

  test.each(["take 1.b/it's (live)", "日本語/あ", "Dr. Who/x", "a/b ", "🎵"])("may be %j", async (key) => {
    const folder = await temporaryFolder();
    await writeDataset(
      folder,
      [npyOutput(folder), webdatasetOutput(folder), jsonlOutput(folder), parquetOutput(folder)],
      [[clipOf(1, 5, { key, row: key })]],
    );
    for (const format of formats) expect((await collect(await openDataset(folder, { format }))).map((clip) => clip.key)).toEqual([key]);
    expect(await collect(verifyDataset(folder))).toEqual([]);
  });
});

describe("links that leave a dataset's folder", () => {
  const shardOf = {
    webdataset: "shards/part-000000-000.tar",
    parquet: "shards/part-000000-000.parquet",
    npy: "shards/part-000000-000.npy.jsonl",
    jsonl: "shards/part-000000-000.jsonl",
  } as const;

  test.each(formats)("are not read from: %s", async (format) => {
    const { folder } = await prepared();
    const away = `${folder}-away`;
    await cp(folder, away, { recursive: true });
    const refused = { code: "DATASET_FORMAT", message: expect.stringContaining("leaves") };
    await replace(join(folder, shardOf[format]), join(away, shardOf[format]));
    await expect(collect(await openDataset(folder, { format }))).rejects.toMatchObject(refused);
    expect((await collect(verifyDataset(folder))).map(({ kind, file }) => `${kind} ${file}`)).toContain(`damaged ${shardOf[format]}`);
    await replace(join(folder, "shards"), join(away, "shards"));
    await expect(collect(await openDataset(folder, { format }))).rejects.toMatchObject(refused);
    if (format === "npy") {
      await rm(join(folder, "shards"));
      await cp(join(away, "shards"), join(folder, "shards"), { recursive: true });
      await replace(join(folder, "npy/speaker"), join(away, "npy/speaker"));
      await expect(collect(await openDataset(folder, { format }))).rejects.toMatchObject(refused);
    }
    await replace(join(folder, "dataset.json"), join(away, "dataset.json"));
    await expect(openDataset(folder)).rejects.toMatchObject(refused);
  });

  test("are found by a verification, beside tokens as well", async () => {
    const { folder } = await prepared();
    const away = `${folder}-away`;
    await cp(folder, away, { recursive: true });
    for (const name of [
      "manifest.jsonl",
      "errors.jsonl",
      "report.svg",
      "shards/part-000000-000.idx",
      "shards/part-000001-000.json",
      "npy/speaker/clip-3.npy",
    ]) {
      await replace(join(folder, name), join(away, name));
      expect((await collect(verifyDataset(folder))).map(({ kind, file }) => `${kind} ${file}`)).toContain(`damaged ${name}`);
    }
  });

  test("lead no removal out of the folder", async () => {
    const { folder, secret } = await prepared();
    await replace(join(folder, "npy/speaker"), join(folder, "../private"));
    await expect(removeShards(folder, 0)).rejects.toMatchObject({ code: "FILE_OUTSIDE" });
    expect(await readdir(join(folder, "../private"))).toEqual(["clip-1.npy", "secret"]);
    await replace(join(folder, "shards"), join(folder, "../private"));
    await writeFile(join(folder, "../private/part-000000-000.tar"), "secret");
    await expect(removeShards(folder, 0)).rejects.toMatchObject({ code: "FILE_OUTSIDE" });
    expect(await readFile(join(folder, "../private/part-000000-000.tar"), "utf8")).toBe("secret");
    expect(await readFile(secret, "utf8")).toBe("secret");
  });

  test.each(["shards", "npy", "npy/speaker"])("are not written through: %s", async (name) => {
    const folder = join(await temporaryFolder(), "out");
    const elsewhere = await temporaryFolder();
    await mkdir(join(folder, name, ".."), { recursive: true });
    await symlink(elsewhere, join(folder, name));
    const writer = npyOutput(folder).openPart(0);
    await expect(writer.add(clipOf(1))).rejects.toMatchObject({ code: "FILE_OUTSIDE" });
    await writer.abort();
    expect(await readdir(elsewhere)).toEqual([]);
  });

  test("bring nothing into the index", async () => {
    const { folder, secret } = await prepared();
    await rm(join(folder, "dataset.json"));
    await replace(join(folder, "parts/000001.errors.jsonl"), secret);
    const { assembleDataset } = await import("../../src/dataset/report/assemble-dataset.ts");
    const { codec, license, options } = infoOf(await infoTextOf(parts));
    await expect(
      assembleDataset({ folder, numParts: 2, tool: { name: "t", version: "1" }, codec, license, options }),
    ).rejects.toMatchObject({ code: "FILE_OUTSIDE" });
    expect(await readFile(join(folder, "errors.jsonl"), "utf8")).not.toContain("secret");
  });

  test("of a dataset in a cache of the Hub, which lead to its blobs, are read", async () => {
    const { folder } = await prepared();
    const repository = join(folder, "../hub/datasets--user--speech");
    const snapshot = join(repository, "snapshots", "a".repeat(40));
    for (const [name, bytes] of await bytesBelow(folder)) {
      const digest = createHash("sha256").update(bytes).digest("hex");
      await writeTree(repository, { [`blobs/${digest}`]: bytes });
      await mkdir(join(snapshot, name, ".."), { recursive: true });
      await symlink(join("../".repeat(name.split("/").length + 1), "blobs", digest), join(snapshot, name));
    }
    for (const format of formats) expect(await collect(await openDataset(snapshot, { format }))).toEqual(parts.flat());
    expect(await collect(verifyDataset(snapshot))).toEqual([]);
    expect((await pushed(snapshot)).error).toBeUndefined();
  });
});

async function infoTextOf(clips: readonly (readonly ReturnType<typeof clipOf>[])[]): Promise<string> {
  const folder = await temporaryFolder();
  await writeDataset(folder, [jsonlOutput(folder)], clips);
  return await infoText(folder);
}

describe("a dataset that is pushed", () => {
  test.each([
    "errors.jsonl",
    "manifest.jsonl",
    "report.svg",
    "README.md",
    "dataset.json",
    "shards/part-000000-000.tar",
    "npy/speaker/clip-1.npy",
    "shards",
  ])("has no link out of its folder: %s", async (name) => {
    const { folder, secret } = await prepared();
    await replace(join(folder, name), name === "shards" ? join(folder, "../private") : secret);
    const { error, names } = await pushed(folder);
    expect(error).toMatchObject({ code: expect.stringMatching(/^(?:FILE_OUTSIDE|DATASET_FORMAT)$/u) });
    expect(names).toEqual([]);
  });

  test.each([
    "errors.jsonl",
    "manifest.jsonl",
    "report.svg",
    "README.md",
    "shards/part-000000-000.tar",
    "shards/part-000001-000.parquet",
    "npy/speaker/clip-2.npy",
  ])("has the bytes that it was written with: %s", async (name) => {
    const { folder } = await prepared();
    const bytes = await readFile(join(folder, name));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(folder, name), bytes);
    const { error, names } = await pushed(folder);
    expect(error).toMatchObject({ name: "IntegrityError", code: "HUB_CHECKSUM", file: name });
    expect(names).not.toContain(name);
    await writeFile(join(folder, name), "shorter");
    expect(await pushed(folder)).toMatchObject({
      error: { code: "DATASET_FORMAT", message: expect.stringContaining("has 7 bytes and was written with") },
      names: [],
    });
  });

  test("may have a card that somebody edited, if they say so", async () => {
    const { folder } = await prepared();
    await writeFile(join(folder, "README.md"), "mine");
    expect(await pushed(folder)).toMatchObject({ error: { message: expect.stringContaining("say that you edited it") }, names: [] });
    expect(await pushed(folder, { editedCard: true })).toMatchObject({
      error: undefined,
      names: expect.arrayContaining(["README.md", "dataset.json"]),
    });
    expect(await collect(verifyDataset(folder))).toEqual([]);
  });

  test("before it is finished has the bytes that its parts were written with", async () => {
    const folder = await temporaryFolder();
    await writeParts(folder, [jsonlOutput(folder)], parts);
    const shard = join(folder, "shards/part-000001-000.jsonl");
    await writeFile(shard, (await readFile(shard, "utf8")).replace("clip-3", "clip-4"));
    expect(await pushed(folder)).toMatchObject({ error: { code: "HUB_CHECKSUM", file: "shards/part-000001-000.jsonl" }, names: [] });
  });

  test("may be of a version that did not list its card and figure", async () => {
    const { folder } = await prepared();
    const { files, ...old } = JSON.parse(await infoText(folder)) as { files: { path: string; bytes: number; sha256: string }[] };
    expect(files.map(({ path }) => path)).toEqual(["report.svg", "README.md"]);
    for (const { path, bytes, sha256 } of files) {
      const written = await readFile(join(folder, path));
      expect([written.length, createHash("sha256").update(written).digest("hex")]).toEqual([bytes, sha256]);
    }
    await writeFile(join(folder, "dataset.json"), JSON.stringify(old));
    expect((await readDatasetInfo(folder)).files).toEqual([]);
    expect(await collect(await openDataset(folder))).toEqual(parts.flat());
    expect(await collect(verifyDataset(folder))).toEqual([]);
    expect((await pushed(folder)).error).toBeUndefined();
  });
});

/** A folder with a plan of these rows; what else its files say may be given. */
async function planOf(
  lines: readonly unknown[],
  more: { readonly count?: number; readonly partRows?: number; readonly parts?: number; readonly offsets?: readonly number[] } = {},
): Promise<string> {
  const folder = await temporaryFolder();
  const text = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  const { count = lines.length, partRows = 1000, parts: numParts = 1, offsets = [0, Buffer.byteLength(text)] } = more;
  const rows = { count, partRows, parts: numParts, sha256: "0".repeat(64), dedupe: false, duplicates: 0, bad: 0, repeats: 0, columns: [] };
  await writeTree(folder, {
    [planFiles.plan]: formatPlanFile({ settings: {}, rows }),
    [planFiles.rows]: text,
    [planFiles.offsets]: formatOffsets(offsets),
    [planFiles.repeats]: "",
    [planFiles.inputs]: formatPlannedInputs([{ kind: "folder", root: "/corpus", details: {} }]),
  });
  return folder;
}

async function rowsOf(folder: string): Promise<unknown> {
  return (await collect((await openPlan(folder)).readPart(0))).map((each) => each.row);
}

describe("a plan", () => {
  const row = { key: "a", input: 0, path: "a.wav" };

  test("gives rows back as they are", async () => {
    const columns = JSON.parse('{"__proto__":{"x":1},"constructor":1}') as object;
    const rows = [
      row,
      { ...row, member: { name: "m", offset: 512, size: 3 }, start: 0.5, end: 1, duplicateOf: "b" },
      { ...row, columns },
      { input: 0, path: "m.jsonl", line: 3, problem: { code: "ROW_INVALID", message: "it" } },
    ];
    expect(await rowsOf(await planOf(rows))).toEqual(rows);
  });

  test.each([
    ["a row that is none", ["null"]],
    ["text", ["x"]],
    ["a list", [[row]]],
    ["a row without a path", [{ key: "a", input: 0 }]],
    ["an empty path", [{ ...row, path: "" }]],
    ["a path with a zero byte", [{ ...row, path: "a\0.wav" }]],
    ["a path that is a number", [{ ...row, path: 1 }]],
    ["an input that there is not", [{ ...row, input: 1 }]],
    ["an input below 0", [{ ...row, input: -1 }]],
    ["an input that is no number", [{ ...row, input: "__proto__" }]],
    ["a member before the tar", [{ ...row, member: { name: "m", offset: -512, size: 3 } }]],
    ["a member of no size", [{ ...row, member: { name: "m", offset: 512, size: null } }]],
    ["a start that is text", [{ ...row, start: "1" }]],
    ["a start beyond numbers", ['{"key":"a","input":0,"path":"a","start":1e999}']],
    ["columns that are a list", [{ ...row, columns: [1] }]],
    ["a problem that is text", [{ ...row, problem: "x" }]],
    ["a problem with a code for the terminal", [{ input: 0, path: "a", problem: { code: "\u001b[2J", message: "" } }]],
  ])("with %s is damaged", async (_, lines) => {
    await expect(rowsOf(await planOf(lines))).rejects.toMatchObject({
      code: "DATASET_FORMAT",
      message: expect.stringContaining("damaged"),
    });
  });

  test.each([
    ["more parts than rows make", { parts: 2 ** 40 }],
    ["more rows than its parts hold", { count: 2001 }],
    ["another number of rows than there are", { count: 2 }],
    ["a part that ends before it begins", { offsets: [10, 5] }],
    ["offsets beyond all files", { offsets: [0, 2 ** 52] }],
    ["no offsets", { offsets: [] }],
  ])("with %s is damaged", async (_, more) => {
    await expect(rowsOf(await planOf([row], more))).rejects.toMatchObject({ code: "DATASET_FORMAT" });
  });

  test("has no link that leaves the folder", async () => {
    for (const name of Object.values(planFiles)) {
      const folder = await planOf([row]);
      const elsewhere = join(await temporaryFolder(), "file");
      await cp(join(folder, name), elsewhere);
      await replace(join(folder, name), elsewhere);
      await expect(rowsOf(folder), name).rejects.toThrow(/leaves/u);
    }
  });
});

test("any text is a row, or refused as none", () => {
  const almost = fc
    .record({ key: fc.jsonValue(), input: fc.jsonValue(), path: fc.jsonValue(), columns: fc.jsonValue() }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(fc.json(), almost, fc.string()), (text) => {
      let parsed;
      try {
        parsed = parseRow(text);
      } catch {
        return;
      }
      expect(typeof parsed.path).toBe("string");
      expect(Number.isSafeInteger(parsed.input)).toBe(true);
    }),
  );
});
