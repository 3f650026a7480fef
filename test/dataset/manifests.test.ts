import { createReadStream } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatasetError } from "../../src/dataset/folder/dataset-error.ts";
import { csvRecords } from "../../src/dataset/inputs/csv-records.ts";
import { listRows } from "../../src/dataset/inputs/list-rows.ts";
import { readCsvManifest } from "../../src/dataset/inputs/read-csv-manifest.ts";
import { readJsonlManifest } from "../../src/dataset/inputs/read-jsonl-manifest.ts";
import { resolveInputs } from "../../src/dataset/inputs/resolve-inputs.ts";
import type { Row } from "../../src/dataset/inputs/row.ts";
import { readLines } from "../../src/dataset/inputs/text-lines.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

async function jsonl(text: string | Uint8Array): Promise<readonly Row[]> {
  const folder = await temporaryFolder();
  await writeTree(folder, { "m.jsonl": text });
  return await collect(readJsonlManifest(join(folder, "m.jsonl"), { input: 0, prefix: "" }));
}

async function csv(text: string | Uint8Array, delimiter: "," | "\t" = ","): Promise<readonly Row[]> {
  const folder = await temporaryFolder();
  await writeTree(folder, { "m.csv": text });
  return await collect(readCsvManifest(join(folder, "m.csv"), { input: 0, prefix: "" }, delimiter));
}

/** What is wrong, by line. */
function problemsOf(rows: readonly Row[]): readonly (readonly [number | undefined, string])[] {
  return rows.flatMap((row) => (row.problem === undefined ? [] : [[row.line, row.problem.message] as const]));
}

describe("a JSONL manifest", () => {
  test("gives rows with ranges, ids and all other columns as they are", async () => {
    const rows = await jsonl(
      '{"path":"a.wav"}\n{"path":"x/b.wav","start":1.5,"end":3,"id":"speaker.1/utt","text":"héllo","n":7,"ok":true,"tags":["x",{"y":null}]}\n{"path":"/abs/c.wav","offset":2,"duration":0.5,"id":9}\n{"path":"d.wav","duration":4.2}\n',
    );
    expect(rows).toEqual([
      { key: "a", input: 0, path: "a.wav" },
      {
        key: "speaker.1/utt",
        input: 0,
        path: "x/b.wav",
        start: 1.5,
        end: 3,
        columns: { text: "héllo", n: 7, ok: true, tags: ["x", { y: null }] },
      },
      { key: "9", input: 0, path: "/abs/c.wav", start: 2, end: 2.5 },
      { key: "d", input: 0, path: "d.wav", columns: { duration: 4.2 } },
    ]);
  });

  test("may have a byte order mark, CR LF, empty lines and no line break at its end", async () => {
    const rows = await jsonl('\ufeff{"path":"a.wav"}\r\n\r\n  \n{"path":"ü.wav","text":"\\u2028 \u{1f600}"}');
    expect(rows).toEqual([
      { key: "a", input: 0, path: "a.wav" },
      { key: "ü", input: 0, path: "ü.wav", columns: { text: "\u2028 \u{1f600}" } },
    ]);
  });

  test("chooses a range by any two of start, end and duration", async () => {
    const rows = await jsonl(
      [
        { path: "a.wav", start: 1, end: 3 },
        { path: "a.wav", start: 1, duration: 2 },
        { path: "a.wav", offset: "1", duration: "2" },
        { path: "a.wav", end: 3, duration: 2 },
        { path: "a.wav", offset: 1, end: 3 },
        { path: "a.wav", start: 1, end: 3, duration: 2.04 },
        { path: "a.wav", start: 1 },
        { path: "a.wav", end: 3 },
        { path: "a.wav", start: "", end: null, duration: 3 },
        { path: "a.wav", end: 1.45, duration: 1.5 },
      ]
        .map((row) => JSON.stringify(row))
        .join("\n"),
    );
    expect(rows.map((row) => (row.problem === undefined ? [row.start, row.end, row.columns] : row))).toEqual([
      ...Array.from({ length: 5 }, () => [1, 3, undefined]),
      [1, 3, { duration: 2.04 }],
      [1, undefined, undefined],
      [undefined, 3, undefined],
      [undefined, undefined, { duration: 3 }],
      [0, 1.45, undefined],
    ]);
  });

  test("refuses times that contradict one another, with the line", async () => {
    const rows = await jsonl(
      [
        { path: "a.wav", start: 1, end: 3, duration: 4 },
        { path: "a.wav", offset: 1, end: 3, duration: 60 },
        { path: "a.wav", end: 3, duration: 4 },
        { path: "a.wav", start: 1, duration: 0 },
        { path: "a.wav", start: 1, duration: "long" },
        { path: "a.wav", start: 1, offset: 2 },
      ]
        .map((row) => JSON.stringify(row))
        .join("\n"),
    );
    expect(problemsOf(rows).map(([line, message]) => [line, message.replace(/^m\.jsonl, line \d: /u, "")])).toEqual([
      [1, expect.stringMatching(/^it goes from 1 s to 3 s, which is not the duration of 4 s/u)],
      [2, expect.stringMatching(/^it goes from 1 s to 3 s, which is not the duration of 60 s/u)],
      [3, expect.stringMatching(/^it ends at 3 s and has a duration of 4 s/u)],
      [4, expect.stringMatching(/^it ends at 1 s, where it starts at 1 s/u)],
      [5, expect.stringMatching(/^duration: found "long"; expected seconds/u)],
      [6, expect.stringMatching(/^it has start and also offset/u)],
    ]);
  });

  test("has bad rows where lines are bad, and goes on after them", async () => {
    const lines = [
      '{"path":"a.wav","start":NaN}',
      "[1]",
      '{"path":7}',
      '{"text":"x"}',
      '{"path":"a.wav","start":-1}',
      '{"path":"a.wav","start":2,"end":2}',
      '{"path":"a.wav","start":1,"offset":1}',
      '{"path":"s3://b/a.wav"}',
      '{"path":"a.wav","id":[1]}',
      '{"path":"ok.wav"}',
      '{"path":"cut',
    ];
    const rows = await jsonl(lines.join("\n"));
    const problems = problemsOf(rows);
    expect(problems.map(([line]) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
    for (const [line, message] of problems) expect(message).toContain(`m.jsonl, line ${line}: `);
    expect(problems[0]![1]).toContain("JSON has no NaN");
    expect(problems[3]![1]).toContain("path: found nothing");
    expect(problems[4]![1]).toContain("start: found -1");
    expect(problems[7]![1]).toContain("s3://b/a.wav");
    expect(rows[9]).toEqual({ key: "ok", input: 0, path: "ok.wav" });
  });

  test("has bad rows for lines that are not UTF-8 or have no end", async () => {
    const bytes = Buffer.concat([
      Buffer.from([0x22, 0xff, 0x22, 0x0a]),
      Buffer.alloc(2 ** 20 + 1, "x"),
      Buffer.from('\n{"path":"a.wav"}\n'),
    ]);
    const rows = await jsonl(bytes);
    expect(problemsOf(rows).map(([line, message]) => [line, message.includes(line === 1 ? "not UTF-8" : "1048577 bytes")])).toEqual([
      [1, true],
      [2, true],
    ]);
    expect(rows[2]).toEqual({ key: "a", input: 0, path: "a.wav" });
  });

  test("has bad rows where numbers would lose digits or values are nested beyond all measure, and keeps those that look alike", async () => {
    const lines = [
      '{"path":"a.wav","id":1234567890123456789}',
      '{"path":"a.wav","x":{"y":[-12345678901234567890]}}',
      '{"path":"a.wav","x":1e400}',
      `{"path":"a.wav","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    ];
    const rows = await jsonl(
      `${lines.join("\n")}\n{"path":"ok.wav","x":"\\"1234567890123456789, 1e400","y":1234567890123456800,"z":0.12345678901234567890,"w":1e300}\n`,
    );
    expect(problemsOf(rows)).toEqual([
      [1, "m.jsonl, line 1: found the number 1234567890123456789, which would lose digits; write it as text, in quotes"],
      [2, "m.jsonl, line 2: found the number -12345678901234567890, which would lose digits; write it as text, in quotes"],
      [3, "m.jsonl, line 3: found the number 1e400, which would lose digits; write it as text, in quotes"],
      [4, "m.jsonl, line 4: it is nested deeper than 100; expected plainer values"],
    ]);
    expect(rows[4]).toEqual({
      key: "ok",
      input: 0,
      path: "ok.wav",
      columns: { x: '"1234567890123456789, 1e400', y: 1234567890123456800, z: 0.12345678901234568, w: 1e300 },
    });
  });

  test("brings back any columns that JSON can hold", async () => {
    const name = fc.string().filter((text) => !["path", "id", "start", "end", "offset", "duration"].includes(text));
    const columns = fc.dictionary(name, fc.jsonValue(), { minKeys: 1, maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(columns, { minLength: 1, maxLength: 5 }), async (records) => {
        const rows = await jsonl(records.map((record, i) => `${JSON.stringify({ path: `${i}.wav`, ...record })}\n`).join(""));
        expect(rows.map((row) => (row.problem === undefined ? row.columns : row))).toEqual(
          records.map((record) => JSON.parse(JSON.stringify(record))),
        );
      }),
      { numRuns: 30 },
    );
  });
});

describe("manifests of others", () => {
  const columns = { text: "x" };

  test("name their audio as NeMo and the Hub's folders of audio do", async () => {
    expect(
      await jsonl(
        '{"audio_filepath":"a.wav","offset":1,"duration":2,"text":"x"}\n{"file_name":"b.wav","text":"x"}\n{"path":"c.wav","file_name":"other"}\n{"audio_filepath":7}\n',
      ),
    ).toEqual([
      { key: "a_t000001000-000003000", input: 0, path: "a.wav", start: 1, end: 3, columns },
      { key: "b", input: 0, path: "b.wav", columns },
      { key: "c", input: 0, path: "c.wav", columns: { file_name: "other" } },
      expect.objectContaining({
        problem: expect.objectContaining({ message: expect.stringContaining("audio_filepath: found 7") as string }) as object,
      }),
    ]);
    expect(await csv("file_name,text\na.wav,x\n")).toEqual([{ key: "a", input: 0, path: "a.wav", columns }]);
  });

  test("may be LJ Speech's, which separates by | without quotes and names no columns", async () => {
    expect(await csv('LJ001-0001|He said, "no|He said, no\nLJ001-0002|x|x\nLJ001-0003|too|many|values\n')).toEqual([
      {
        key: "LJ001-0001",
        input: 0,
        path: "wavs/LJ001-0001.wav",
        columns: { text: 'He said, "no', normalized_text: "He said, no" },
      },
      { key: "LJ001-0002", input: 0, path: "wavs/LJ001-0002.wav", columns: { text: "x", normalized_text: "x" } },
      expect.objectContaining({ line: 3 }),
    ]);
    expect(await csv("clips/a.flac|x\n")).toEqual([{ key: "clips/a", input: 0, path: "clips/a.flac", columns }]);
    expect(await csv("file_name|text\na.wav|x\n")).toEqual([{ key: "a", input: 0, path: "a.wav", columns }]);
    expect(await csv("path,te|xt\na.wav,x\n")).toEqual([{ key: "a", input: 0, path: "a.wav", columns: { "te|xt": "x" } }]);
    await expect(csv("a|b|c|d\n")).rejects.toThrow("its first line has 4 values between |, and names no column path");
  });

  test("may be packed, or end in .json; one document is refused with what to do", async () => {
    const folder = await temporaryFolder();
    const line = '{"audio_filepath":"a.wav","text":"x"}\n';
    await writeTree(folder, {
      "m.jsonl.gz": gzipSync(line),
      "m.csv.gz": gzipSync("path,text\na.wav,x\n"),
      "m.json": line,
      "list.json": '[\n{"path":"a.wav"}\n]',
      "object.json": '{\n"path":"a.wav"}',
      "damaged.jsonl.gz": gzipSync(line.repeat(1000)).subarray(0, 60),
      "plain.csv.gz": "path\n",
    });
    const rowsOf = async (name: string) => collect(listRows(await resolveInputs([name], { cwd: folder })));
    for (const name of ["m.jsonl.gz", "m.csv.gz", "m.json"])
      expect(await rowsOf(name), name).toEqual([{ key: "a", input: 0, path: "a.wav", columns }]);
    for (const name of ["list.json", "object.json"]) await expect(rowsOf(name), name).rejects.toThrow("is one JSON document");
    for (const name of ["damaged.jsonl.gz", "plain.csv.gz"]) {
      await expect(rowsOf(name), name).rejects.toThrow(DatasetError);
      await expect(rowsOf(name), name).rejects.toThrow("is no gzip file, or a damaged one");
    }
  });

  test("have paths from their own folder, or, if those lead nowhere, from the working directory, with a word", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "lists/own.jsonl": '{"path":"a.wav"}',
      "lists/a.wav": "",
      "lists/working.csv": "path\nclips/gone.wav\nclips/b.wav\n",
      "lists/nowhere.csv": "path\nc.wav\n",
      "clips/b.wav": "",
    });
    const [own, working, nowhere] = await resolveInputs(["lists/own.jsonl", "lists/working.csv", "lists/nowhere.csv"], { cwd: folder });
    expect(own).toEqual({ kind: "jsonl", root: join(folder, "lists"), path: join(folder, "lists/own.jsonl") });
    expect(working).toMatchObject({
      root: folder,
      note: expect.stringContaining("lists/working.csv are taken from the working directory"),
    });
    expect(nowhere).not.toHaveProperty("note");
    expect(nowhere!.root).toBe(join(folder, "lists"));
  });
});

describe("a CSV manifest", () => {
  test("gives the same rows as JSONL, with text for all other columns", async () => {
    const rows = await csv('path,start,end,id,speaker,text\na.wav,,,,007,\nb.wav,1.5,3,utt2,8,"say ""hi"", then\nleave"\n');
    expect(rows).toEqual([
      { key: "a", input: 0, path: "a.wav", columns: { speaker: "007", text: "" } },
      { key: "utt2", input: 0, path: "b.wav", start: 1.5, end: 3, columns: { speaker: "8", text: 'say "hi", then\nleave' } },
    ]);
  });

  test("may have a byte order mark, CR LF, empty lines and no line break at its end", async () => {
    expect(await csv("\ufeffpath,offset,duration\r\n\r\nä.wav,1,2\r\n\r\nb.wav,0,1")).toEqual([
      { key: "ä_t000001000-000003000", input: 0, path: "ä.wav", start: 1, end: 3 },
      { key: "b_t000000000-000001000", input: 0, path: "b.wav", start: 0, end: 1 },
    ]);
  });

  test("may have lines that end in other ways than its first one", async () => {
    const rows = await csv('path,text\na.wav,"x"\r\nb.wav,y\r\nc.wav,z\rd.wav,\n');
    expect(rows.map((row) => (row.problem === undefined ? [row.path, row.columns] : row))).toEqual([
      ["a.wav", { text: "x" }],
      ["b.wav", { text: "y" }],
      ["c.wav", { text: "z" }],
      ["d.wav", { text: "" }],
    ]);
  });

  test("has its lines counted, also within quotes, whatever ends them", async () => {
    for (const ending of ["\n", "\r\n", "\r"]) {
      const rows = await csv(["path,text", "a.wav", "", 'b.wav,"1', "", '4"', "c.wav", ""].join(ending));
      expect(
        problemsOf(rows).map(([line]) => line),
        JSON.stringify(ending),
      ).toEqual([2, 7]);
      expect(rows[1], JSON.stringify(ending)).toMatchObject({ path: "b.wav", columns: { text: `1${ending}${ending}4` } });
    }
  });

  test("may be UTF-16 with a byte order mark", async () => {
    expect(await csv(Buffer.from("\ufeffpath\ttext\r\nä.wav\t\u{1f600}\r\n", "utf16le"), "\t")).toEqual([
      { key: "ä", input: 0, path: "ä.wav", columns: { text: "\u{1f600}" } },
    ]);
  });

  test("that is not UTF-8 is refused, with the line", async () => {
    const bytes = Buffer.concat([
      Buffer.from(`path,text\n${"a.wav,ä\n".repeat(20_000)}b.wav,caf`),
      Buffer.from([0xe9]),
      Buffer.from("\nc.wav,x\n"),
    ]);
    await expect(csv(bytes)).rejects.toMatchObject({
      code: "DATASET_INPUT",
      message: expect.stringMatching(/m\.csv, line 20002: it is not UTF-8/u),
    });
    await expect(csv(Buffer.concat([Buffer.from("path\na.wav\n"), Buffer.from([0xc3])]))).rejects.toThrow("line 3: it is not UTF-8"); // cut within a character
  });

  test("with tabs takes quotes as they are", async () => {
    expect(await csv('path\ttext\na.wav\t"so\n', "\t")).toEqual([{ key: "a", input: 0, path: "a.wav", columns: { text: '"so' } }]);
  });

  test("has bad rows for lines with other numbers of values, no path or no seconds", async () => {
    const rows = await csv("path,start\na.wav,1\nb.wav\nc.wav,1,2\n,1\nd.wav,NaN\ne.wav,1e999\nf.wav,2\n");
    expect(problemsOf(rows).map(([line]) => line)).toEqual([3, 4, 5, 6, 7]);
    expect(problemsOf(rows)[0]![1]).toContain("found 1 values; expected 2");
    expect(problemsOf(rows)[3]![1]).toContain('start: found "NaN"');
    expect(rows.filter((row) => row.problem === undefined)).toHaveLength(2);
  });

  test.each([
    ["", "is empty"],
    ["file,text\n", "line 1: there is no column path (or audio_filepath, file_name); found file, text"],
    ["\n\npath,text,text\na.wav,,\n", 'line 3: there are two columns named "text"'],
    ["path,start,offset\n", "line 1: there are columns offset and start, which are the same"],
    ['path,text\na.wav,"never closed\nb.wav,x\n', "Quote"],
    ['path,text\na.wav,"closed"too early\n', "line 2"],
  ])("that begins %j is refused", async (text, reason) => {
    await expect(csv(text)).rejects.toThrow(DatasetError);
    await expect(csv(text)).rejects.toThrow(reason);
  });

  test("that is not there gives the error of the system", async () => {
    await expect(collect(readCsvManifest("/nowhere/m.csv", { input: 0, prefix: "" }, ","))).rejects.toThrow("ENOENT");
  });

  test("whose reading is given up closes its file", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "m.csv": `path\n${"a.wav\n".repeat(100_000)}` });
    const rows = readCsvManifest(join(folder, "m.csv"), { input: 0, prefix: "" }, ",");
    expect((await rows.next()).value).toEqual({ key: "a", input: 0, path: "a.wav" });
    expect(await rows.return(undefined)).toEqual({ done: true, value: undefined });
  });
});

/** Characters of all that rows say is wrong with them. */
function wordsOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + (row.problem?.message.length ?? 0), 0);
}

function namesOf(count: number): string[] {
  return ["path", ...Array.from({ length: count - 1 }, (_, i) => `c${i}`)];
}

describe("a manifest that is much for its size", () => {
  test("has the names of its columns in no message at full length", async () => {
    const header = ["path", ...Array.from({ length: 9_999 }, (_, i) => `column-${i}-${"x".repeat(80)}`)].join(",");
    const rows = await csv(`${header}\n${"a.wav\n".repeat(200)}`);
    expect(rows).toHaveLength(200);
    expect(problemsOf(rows)[0]![1]).toMatch(
      /^m\.csv, line 2: found 1 values; expected 10000, one for each of path, column-0-x+…, .* and 9990 more$/u,
    );
    expect(wordsOf(rows)).toBeLessThan(200 * 600);
    const withoutPath = header.replace("path", "p".repeat(100_000));
    const error: unknown = await csv(`${withoutPath}\n`).catch((reason: unknown) => reason);
    expect((error as Error).message).toContain("there is no column path (or audio_filepath, file_name); found pppp");
    expect((error as Error).message.length).toBeLessThan(1000);
    await expect(csv(`path,${"y".repeat(10_000)},${"y".repeat(10_000)}\n`)).rejects.toThrow(/two columns named "y{39}…"/u);
  });

  test("has no columns with long names, which every short row would have again", async () => {
    await expect(csv(`path,${"y".repeat(257)}\n${"a.wav,\n".repeat(200)}`)).rejects.toThrow(
      "the column yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy… has a name of 257 characters; at most 256 are read",
    );
    expect(await csv(`path,${"y".repeat(256)}\na.wav,\n`)).toHaveLength(1);
  });

  test("may have ten thousand columns, in CSV and in JSONL, and no more", async () => {
    const record = (count: number): string => JSON.stringify(Object.fromEntries(namesOf(count).map((name) => [name, "a.wav"])));
    for (const rows of [await csv(`${namesOf(10_000).join(",")}\n${"a.wav,".repeat(9_999)}a.wav\n`), await jsonl(record(10_000))]) {
      expect(rows).toHaveLength(1);
      expect(Object.keys((rows[0] as { readonly columns: object }).columns)).toHaveLength(9_999);
    }
    await expect(csv(`${namesOf(10_001).join(",")}\n`)).rejects.toMatchObject({
      code: "DATASET_INPUT",
      message: expect.stringContaining("line 1: there are 10001 columns; at most 10000 are read"),
    });
    expect(problemsOf(await jsonl(`${record(10_001)}\n{"path":"a.wav"}`))).toEqual([
      [1, "m.jsonl, line 1: it has 10001 columns; at most 10000 are read"],
    ]);
  });

  test("is refused where a line has more than a mebibyte, be it delimiters, quotes or one value", async () => {
    const half = 2 ** 19;
    for (const line of [
      ",".repeat(2 * half + 1),
      `"${'""'.repeat(half)}"`,
      `"${"x,\n".repeat(half)}"`,
      "x".repeat(2 * half + 1),
      `"never closed${"\n".repeat(2 * half)}`,
    ]) {
      await expect(csv(`path\na.wav\n${line}\nb.wav\n`), line.slice(0, 4)).rejects.toMatchObject({
        code: "DATASET_INPUT",
        message: expect.stringMatching(/line \d+: it has more than 1048576 characters/u),
      });
    }
    const rows = await csv(`path\n${",".repeat(2 * half - 1)}\nb.wav\n`);
    expect(problemsOf(rows)).toEqual([[2, "m.csv, line 2: found 1048576 values; expected 1, one for each of path"]]);
    expect(rows[1]).toMatchObject({ path: "b.wav" });
  });

  test("is said to be no UTF-8 without a look at all of an endless line", async () => {
    const bytes = Buffer.concat([Buffer.from(`path\ra.wav\r${"b.wav\r".repeat(200_000)}`), Buffer.from([0xff])]);
    await expect(csv(bytes)).rejects.toMatchObject({
      code: "DATASET_INPUT",
      message: expect.stringMatching(/m\.csv: it is not UTF-8; save the file as UTF-8$/u),
    });
  });

  test("has values of no length in what is said of a URL, a number or a value", async () => {
    const long = "9".repeat(500_000);
    const rows = await jsonl(
      [
        `{"path":"https://${long}"}`,
        `{"path":"a.wav","x":${long}}`,
        `{"path":"a.wav","start":"${long}"}`,
        `{"path":"a.wav",${long}}`,
        `"${long}"`,
        `{"path":"a.wav","id":{"x":"${long}"}}`,
      ].join("\n"),
    );
    expect(problemsOf(rows)).toHaveLength(6);
    expect(wordsOf(rows)).toBeLessThan(6 * 350);
  });
});

test("any table comes back from CSV as it was written, however its text is cut", async () => {
  const value = fc.oneof(fc.string({ unit: fc.constantFrom("a", " ", ",", '"', "\n", "\r", "\t", "é") }), fc.string());
  const table = fc.array(fc.array(value, { minLength: 1, maxLength: 4 }), { maxLength: 6 });
  const ending = fc.constantFrom("\n", "\r\n", "\r");
  await fc.assert(
    fc.asyncProperty(table, ending, fc.nat(), async (records, end, where) => {
      const text = records.map((values) => values.map((each) => `"${each.replaceAll('"', '""')}"`).join(",") + end).join("");
      const cut = where % (text.length + 1);
      const texts = (async function* () {
        yield text.slice(0, cut);
        yield text.slice(cut);
      })();
      const read = await collect(csvRecords(texts, { path: "m.csv", delimiter: ",", hasQuotes: true }));
      expect(read.map(({ values }) => values)).toEqual(records);
      expect(read.map(({ line }) => line)).toEqual(
        records.map(
          (_, i) =>
            records
              .slice(0, i + 1)
              .flat()
              .join(",")
              .split(/\r\n|\n|\r/u).length + i,
        ),
      );
    }),
    { numRuns: 200 },
  );
});

test("lines are the same, however the bytes are cut", async () => {
  const text = "ab\r\n\n\u{1f600}é\nlast";
  const bytes = Buffer.from(text);
  for (const size of [1, 2, 3, 5, 100]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
    const lines = await collect(
      readLines(
        (async function* () {
          yield* chunks;
        })(),
      ),
    );
    expect(lines.map((line) => [line.number, line.text])).toEqual([
      [1, "ab"],
      [2, ""],
      [3, "\u{1f600}é"],
      [4, "last"],
    ]);
  }
});

test("a stream of a file gives lines", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { list: "a\nb\n" });
  expect((await collect(readLines(createReadStream(join(folder, "list"))))).map(({ text }) => text)).toEqual(["a", "b"]);
});
