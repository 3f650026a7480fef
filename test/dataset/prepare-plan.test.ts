import { readFile, readdir, rename, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { partsOfShare } from "../../src/dataset/folder/share.ts";
import { resolveInputs } from "../../src/dataset/inputs/resolve-inputs.ts";
import type { AudioRow, NumberedRow } from "../../src/dataset/inputs/row.ts";
import { openPlan } from "../../src/dataset/plan/dataset-plan.ts";
import type { DatasetPlan } from "../../src/dataset/plan/dataset-plan.ts";
import { preparePlan } from "../../src/dataset/plan/prepare-plan.ts";
import type { PreparePlanOptions } from "../../src/dataset/plan/prepare-plan.ts";
import { tarOf } from "./tar-of.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

const settings = { model: { id: "tiny", commit: null }, bandwidth: 6, clips: { window: { seconds: 10 }, tail: "keep" } };

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** A plan in `<folder>/out` for inputs named relative to the folder. */
async function planOf(
  folder: string,
  names: readonly string[],
  options: Partial<PreparePlanOptions> & { readonly stdin?: string } = {},
): Promise<DatasetPlan> {
  const inputs = await resolveInputs(names, { cwd: folder, stdin: options.stdin === undefined ? undefined : chunksOf(options.stdin) });
  return await preparePlan({ folder: join(folder, "out"), inputs, settings, partRows: 3, ...options });
}

async function allRows(plan: DatasetPlan): Promise<readonly NumberedRow[]> {
  const parts: (readonly NumberedRow[])[] = [];
  for (const part of partsOfShare({ index: 0, count: 1 }, plan.numParts)) parts.push(await collect(plan.readPart(part)));
  return parts.flat();
}

async function keysOf(plan: DatasetPlan): Promise<readonly string[]> {
  return (await allRows(plan)).map(({ row }) => (row.problem === undefined ? row.key : `! ${row.problem.code}`));
}

/** What a folder holds, with the bytes. */
async function snapshotOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(names.toSorted().map(async (name) => [name.slice(folder.length), await readFile(name, "latin1")] as const)),
  );
}

const sixFiles = Object.fromEntries(["a/1", "a/2", "b/1", "b/é", "c", "d", "e"].map((stem) => [`in/${stem}.wav`, stem]));

async function begun(): Promise<string> {
  const folder = await temporaryFolder();
  await writeTree(folder, { ...sixFiles, "m.csv": "path\na.wav\nb.wav\n" });
  await planOf(folder, ["in", "m.csv"]);
  return folder;
}

describe("a plan", () => {
  test("gives the rows back by parts, each once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (numRows, partRows, count) => {
          const folder = await temporaryFolder();
          const lines = Array.from({ length: numRows }, (_, i) => `${"ü".repeat(i % 4)}${i}.wav`);
          const plan = await planOf(folder, ["-"], { stdin: lines.join("\n"), partRows });
          expect([plan.numRows, plan.numParts]).toEqual([numRows, Math.ceil(numRows / partRows)]);
          const found = new Map<number, string>();
          for (let index = 0; index < count; index++) {
            for (const part of partsOfShare({ index, count }, plan.numParts)) {
              for await (const { index: number, row } of plan.readPart(part)) {
                expect(Math.floor(number / partRows)).toBe(part);
                expect(found.has(number)).toBe(false);
                found.set(number, row.path);
              }
            }
          }
          expect(Array.from({ length: numRows }, (_, i) => found.get(i))).toEqual(lines);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("has the same bytes wherever the corpus and the dataset lie", async () => {
    const [one, two] = [await temporaryFolder(), await temporaryFolder()];
    for (const folder of [one, two]) {
      await writeTree(folder, { ...sixFiles, "in/m.jsonl": '{"path":"c.wav","start":1,"text":"x"}\n' });
      await planOf(folder, ["in", "in/m.jsonl"], { dedupe: true });
    }
    const [first, second] = [await snapshotOf(join(one, "out")), await snapshotOf(join(two, "out"))];
    expect(Object.keys(first)).toEqual(["/plan.json", "/plan/inputs.json", "/plan/offsets.bin", "/plan/repeats.bin", "/plan/rows.jsonl"]);
    for (const name of ["/plan.json", "/plan/offsets.bin", "/plan/repeats.bin", "/plan/rows.jsonl"]) expect(second[name]).toBe(first[name]);
    expect(first["/plan.json"]).not.toContain(one);
  });

  test("says where the rows are", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { ...sixFiles, "other/c.wav": "" });
    const plan = await planOf(folder, ["in", "other/c.wav"]);
    const rows = (await allRows(plan)).map(({ row }) => (row.problem === undefined ? plan.locate(row).path : ""));
    expect(rows[0]).toBe(join(folder, "in/a/1.wav"));
    expect(rows.at(-1)).toBe(join(folder, "other/c.wav"));
  });

  test("refuses later rows with the key of an earlier one, in whatever part they are", async () => {
    const folder = await temporaryFolder();
    const plan = await planOf(folder, ["-"], { stdin: "a.wav\na.flac\nb.wav\na.ogg\nc.wav\nb.wav" });
    expect(await keysOf(plan)).toEqual(["a", "! ROW_DUPLICATE_KEY", "b", "! ROW_DUPLICATE_KEY", "c", "! ROW_DUPLICATE_KEY"]);
    expect((await collect(plan.readPart(0)))[1]!.row.problem!.message).toContain('row 1 (a.flac) has the key "a" of row 0');
    expect((await collect(plan.readPart(1))).map(({ row }) => row.problem?.message)).toEqual([
      'row 3 (a.ogg) has the key "a" of row 0; give each row an id of its own in a manifest, or rename the file',
      undefined,
      'row 5 (b.wav) has the key "b" of row 2; give each row an id of its own in a manifest, or rename the file',
    ]);
    expect(plan.rows).toMatchObject({ repeats: 3, bad: 0 });
  });

  test("names the member of a tar whose key an earlier one has", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "t.tar": await tarOf({ "a_.wav": 4, "b.wav": 4, "a:.flac": 4 }) });
    const plan = await planOf(folder, ["t.tar"]);
    expect((await collect(plan.readPart(0))).at(-1)!.row.problem!.message).toContain('row 2 (t.tar#a:.flac) has the key "a_" of row 0');
  });

  test("knows the types of all columns of its manifests", async () => {
    const folder = await temporaryFolder();
    const lines = [
      { a: "x", n: 1, ok: true, mixed: 1, list: [1] },
      { a: null, n: 2 ** 40, ok: false, mixed: "1", late: 1.5, gone: null },
      { n: 0.5, whole: -3, list: {} },
    ];
    await writeTree(folder, {
      "m.jsonl": lines.map((line, i) => JSON.stringify({ path: `${i}.wav`, ...line })).join("\n"),
      "m.csv": "path,speaker\na.wav,7\n",
    });
    const plan = await planOf(folder, ["m.jsonl", "m.csv"]);
    expect(plan.rows.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "a string",
      "n double",
      "ok boolean",
      "mixed json",
      "list json",
      "late double",
      "whole int64",
      "speaker string",
    ]);
  });

  test("is read line by line, for rows that are as long as rows may be", async () => {
    const folder = await temporaryFolder();
    const long = "x".repeat(2 ** 20 - 100);
    await writeTree(folder, { "m.jsonl": Array.from({ length: 8 }, (_, i) => `{"path":"${i}.wav","text":"${long}"}\n`).join("") });
    const plan = await planOf(folder, ["m.jsonl"], { partRows: 8 });
    const decoded: number[] = [];
    const decode = vi.spyOn(TextDecoder.prototype, "decode").mockImplementation(function (this: TextDecoder, bytes) {
      decoded.push((bytes as Uint8Array).length);
      return Buffer.from(bytes as Uint8Array).toString();
    });
    const rows = await collect(plan.readPart(0)).finally(() => decode.mockRestore());
    expect(rows.map(({ row }) => (row as AudioRow).columns!["text"])).toEqual(Array.from({ length: 8 }, () => long));
    expect(decoded).toHaveLength(8);
    expect(Math.max(...decoded)).toBeLessThan(2 ** 20 + 200);
  });

  test("is damaged where rows are missing", async () => {
    const folder = await temporaryFolder();
    const plan = await planOf(folder, ["-"], { stdin: "a.wav\nb.wav\nc.wav" });
    const path = join(plan.folder, "plan/rows.jsonl");
    await truncate(path, (await readFile(path)).indexOf("\n") + 1);
    await expect(collect(plan.readPart(0))).rejects.toMatchObject({ code: "DATASET_FORMAT", cause: { message: "it has 1 of 3 rows" } });
  });

  test("has parts from 0 up to their number only", async () => {
    const plan = await planOf(await temporaryFolder(), ["-"], { stdin: "a.wav" });
    await expect(collect(plan.readPart(1))).rejects.toThrow("there is no part 1; the plan has 1");
    await expect(collect(plan.readPart(-1))).rejects.toThrow(RangeError);
  });

  test("is not begun without rows, and a failed one is begun again", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "in/notes.txt": "", "m.csv": "file\na.wav\n" });
    await expect(planOf(folder, ["in"])).rejects.toThrow("has no audio files");
    await expect(planOf(folder, ["m.csv"])).rejects.toThrow("no column path");
    expect(Object.keys(await snapshotOf(join(folder, "out")))).toEqual([]);
    await writeTree(folder, { "in/a.wav": "" });
    expect(await keysOf(await planOf(folder, ["in"]))).toEqual(["a"]);
  });

  test("tells how many rows it has listed", async () => {
    const counts: number[] = [];
    await planOf(await temporaryFolder(), ["-"], { stdin: "a.wav\n".repeat(25_000), onRows: (count) => counts.push(count) });
    expect(counts).toEqual([10_000, 20_000]);
  });

  test("takes sensible options only", async () => {
    const folder = await temporaryFolder();
    await expect(planOf(folder, ["-"], { stdin: "a", partRows: 0 })).rejects.toThrow("partRows must be");
    await expect(preparePlan({ folder, inputs: [], settings })).rejects.toThrow("no inputs");
  });
});

describe("duplicates", () => {
  test("are rows with the bytes and the range of an earlier one", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "in/a.wav": "x", "in/b.wav": "y", "in/c.wav": "x", "in/d.wav": "x" });
    const manifest = [
      '{"path":"in/c.wav","start":1}',
      '{"path":"in/a.wav","start":1}',
      '{"path":"in/b.wav","start":0}',
      '{"path":"gone.wav"}',
      '{"path":"gone.wav","id":"again"}',
    ];
    await writeTree(folder, { "m.jsonl": manifest.join("\n") });
    const plan = await planOf(folder, ["in", "m.jsonl"], { dedupe: true });
    const marks = (await allRows(plan)).map(({ row }) => (row.problem === undefined ? [row.key, row.duplicateOf] : []));
    expect(marks).toEqual([
      ["in/a", undefined],
      ["in/b", undefined],
      ["in/c", "in/a"],
      ["in/d", "in/a"],
      ["m/in/c_t000001000-end", undefined],
      ["m/in/a_t000001000-end", "m/in/c_t000001000-end"],
      ["m/in/b_t000000000-end", "in/b"],
      ["m/gone", undefined],
      ["again", undefined],
    ]);
    expect(plan.rows).toMatchObject({ count: 9, duplicates: 4, dedupe: true });
  });

  test("are found far behind the first of them", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "x.wav": "x",
      "m.jsonl": Array.from(
        { length: 5000 },
        (_, i) => `{"path":"x.wav","id":${i},"start":${i % 2500},"text":"${"t".repeat(i % 1000 === 500 ? 5000 : 200)}"}\n`,
      ).join(""),
    });
    const plan = await planOf(folder, ["m.jsonl"], { dedupe: true, partRows: 1000 });
    expect(plan.rows.duplicates).toBe(2500);
    const [{ row }] = (await collect(plan.readPart(4))) as [NumberedRow];
    expect(row).toMatchObject({ key: "4000", duplicateOf: "1500" });
  });

  test("are left alone unless asked for", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "in/a.wav": "x", "in/b.wav": "x" });
    expect((await planOf(folder, ["in"])).rows.duplicates).toBe(0);
  });
});

describe("a dataset that was begun", () => {
  test("goes on with the same plan", async () => {
    const folder = await begun();
    const before = await snapshotOf(join(folder, "out"));
    const plan = await planOf(folder, ["in", "m.csv"]);
    expect(await keysOf(plan)).toEqual(["in/a/1", "in/a/2", "in/b/1", "in/b/é", "in/c", "in/d", "in/e", "m/a", "m/b"]);
    expect((await openPlan(join(folder, "out"))).rowsDigest).toBe(plan.rowsDigest);
    expect(await snapshotOf(join(folder, "out"))).toEqual(before);
  });

  test("is refused with each option that differs, what it was and what it is", async () => {
    const folder = await begun();
    const other = { model: { id: "tiny", commit: "abc" }, bandwidth: 3, clips: { tail: "keep" }, new: [1] };
    const attempt = planOf(folder, ["in", "m.csv"], { settings: other, partRows: 4, dedupe: true });
    await expect(attempt).rejects.toMatchObject({ code: "DATASET_MISMATCH" });
    const { message } = (await attempt.catch((error: Error) => error as Error)) as Error;
    expect(message.split("\n").slice(1, -1)).toEqual([
      "  bandwidth: begun with 6, now 3",
      "  clips.window.seconds: begun with 10, now nothing",
      '  model.commit: begun with null, now "abc"',
      "  new: begun with nothing, now [1]",
      "  dedupe: begun with false, now true",
      "  partRows: begun with 3, now 4",
    ]);
  });

  test("goes on with a corpus that was moved or touched, and not with another one", async () => {
    const folder = await begun();
    await rename(join(folder, "in"), join(folder, "moved"));
    await expect(planOf(folder, ["moved", "m.csv"])).rejects.toThrow("inputs: begun with"); // its keys start with another name
    await writeTree(folder, { "elsewhere/m.csv": "path\na.wav\nb.wav\n" });
    await rename(join(folder, "moved"), join(folder, "elsewhere/in"));
    const plan = await planOf(folder, ["elsewhere/in", "elsewhere/m.csv"]);
    const [{ row }] = (await collect(plan.readPart(0))) as [NumberedRow];
    expect(row.problem === undefined && plan.locate(row).path).toBe(join(folder, "elsewhere/in/a/1.wav"));
    await utimes(join(folder, "elsewhere/m.csv"), 1, 1);
    expect((await planOf(folder, ["elsewhere/in", "elsewhere/m.csv"])).numRows).toBe(9);
    await writeFile(join(folder, "elsewhere/m.csv"), "path\na.wav\nc.wav\n");
    await expect(planOf(folder, ["elsewhere/in", "elsewhere/m.csv"])).rejects.toMatchObject({ code: "DATASET_MISMATCH" });
  });

  test("compares lists from standard input by what they hold", async () => {
    const folder = await temporaryFolder();
    await planOf(folder, ["-"], { stdin: "a.wav\nb.wav" });
    expect((await planOf(folder, ["-"], { stdin: "a.wav\r\nb.wav\r\n" })).numRows).toBe(2);
    await expect(planOf(folder, ["-"], { stdin: "a.wav\nc.wav" })).rejects.toThrow("2 rows with digest");
  });

  test("does not see files that were added to a folder later", async () => {
    const folder = await begun();
    await writeTree(folder, { "in/new.wav": "" });
    expect((await planOf(folder, ["in", "m.csv"])).numRows).toBe(9);
  });

  test("is told from a folder with other files, and from one that is damaged", async () => {
    const folder = await begun();
    const out = join(folder, "out");
    await expect(openPlan(folder)).rejects.toThrow("it has no plan.json");
    await truncate(join(out, "plan/rows.jsonl"), 20);
    await expect(openPlan(out)).rejects.toThrow("rows.jsonl: it has 20 bytes");
    await rm(join(out, "plan/offsets.bin"));
    await expect(openPlan(out)).rejects.toMatchObject({ code: "DATASET_FORMAT" });
    await writeFile(join(out, "plan.json"), '{"version":1');
    await expect(openPlan(out)).rejects.toThrow("plan.json");
    await rm(join(out, "plan.json"));
    await writeFile(join(out, "thesis.tex"), "");
    await expect(planOf(folder, ["in"])).rejects.toThrow("not empty (it has thesis.tex)");
  });

  test("at the same time by several runs has one plan", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, sixFiles);
    const plans = await Promise.all([1, 2, 3].map(() => planOf(folder, ["in"])));
    expect(new Set(plans.map(({ rowsDigest }) => rowsDigest)).size).toBe(1);
    expect((await readdir(join(folder, "out"))).toSorted()).toEqual(["plan", "plan.json"]);
  });

  test("but was killed before the plan was complete is planned anew", async () => {
    const folder = await begun();
    const before = await snapshotOf(join(folder, "out"));
    await rm(join(folder, "out/plan.json"));
    await writeFile(join(folder, "out/plan/offsets.bin"), "");
    await planOf(folder, ["in", "m.csv"]);
    expect(await snapshotOf(join(folder, "out"))).toEqual(before);
  });
});

test("rows of any manifest come back from the plan as they were listed", async () => {
  const folder = await temporaryFolder();
  const records = fc.sample(fc.record({ path: fc.string({ minLength: 1 }), text: fc.string(), id: fc.uuid() }), { numRuns: 50, seed: 7 });
  await writeTree(folder, { "m.jsonl": records.map((record) => `${JSON.stringify(record)}\n`).join("") });
  const plan = await planOf(folder, ["m.jsonl"], { partRows: 7 });
  const { listRows } = await import("../../src/dataset/inputs/list-rows.ts");
  const listed = await collect(listRows(await resolveInputs(["m.jsonl"], { cwd: folder })));
  expect((await allRows(plan)).map(({ row }) => row)).toEqual(listed);
});
