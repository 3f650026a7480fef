import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DatasetError } from "../../src/dataset/folder/dataset-error.ts";
import { listRows } from "../../src/dataset/inputs/list-rows.ts";
import { resolveInputs } from "../../src/dataset/inputs/resolve-inputs.ts";
import { locateRow, streamRowBytes } from "../../src/dataset/inputs/row-bytes.ts";
import { tokenizeDataset } from "../../src/dataset/tokenize-dataset.ts";
import type { JsonObject } from "../../src/dataset/folder/json-value.ts";
import type { AudioRow, Row } from "../../src/dataset/inputs/row.ts";
import { tarOf } from "./tar-of.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function rowsOf(names: readonly string[], cwd: string, stdin?: string): Promise<readonly Row[]> {
  const options = { cwd, stdin: stdin === undefined ? undefined : chunksOf(stdin) };
  return await collect(listRows(await resolveInputs(names, options)));
}

async function keysOf(names: readonly string[], cwd: string, stdin?: string): Promise<readonly string[]> {
  return (await rowsOf(names, cwd, stdin)).map((row) => (row.problem === undefined ? row.key : `! ${row.problem.message}`));
}

async function tarRows(bytes: Uint8Array): Promise<{ readonly rows: readonly Row[]; readonly folder: string }> {
  const folder = await temporaryFolder();
  await writeTree(folder, { "shard-0.tar": bytes });
  return { rows: await rowsOf(["shard-0.tar"], folder), folder };
}

describe("inputs", () => {
  test("may be file: URLs, and are no other addresses", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "two words/a.wav": "" });
    const url = pathToFileURL(join(folder, "two words")).href;
    expect(await keysOf([url, `${url}/a.wav`], folder)).toHaveLength(2);
    for (const [address, shown] of [
      ["s3://bucket/corpus", "s3://bucket/corpus is an address; download it first"],
      ["https://me:hunter2@example.com/*.wav", "https://example.com/*.wav is an address"],
      ["file:///a%n.wav", "file:///a%n.wav has a % that stands for nothing"],
    ] as const) {
      const refusal = resolveInputs([address], { cwd: folder });
      await expect(refusal).rejects.toBeInstanceOf(DatasetError);
      await expect(refusal).rejects.toThrow(shown);
    }
    const begun = tokenizeDataset({ folder: "s3://bucket/codes", inputs: [url], model: "tiny" }).next();
    await expect(begun).rejects.toThrow("folder must be the path of a folder of this machine; received s3://bucket/codes");
  });

  test("folders, globs, files, manifests, tars and lists give rows in the order in which they are given", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "music/b/2.flac": "",
      "music/a.wav": "",
      "music/notes.txt": "",
      "speech/x/1.wav": "",
      "speech/x/2.ogg": "",
      "speech/3.wav": "",
      "one.wav": "",
      "lists/m.csv": "path,id\n1.wav,\n2.wav,utt.2\n",
      "t.tar": await tarOf({ "s1.wav": 4 }),
    });
    const names = ["music", "speech/*/*.wav", "one.wav", "lists/m.csv", "t.tar", "-"];
    expect(await keysOf(names, folder, "listed/z.mp3\r\n\nother/y.wav")).toEqual([
      "music/a",
      "music/b/2",
      "speech/x/1",
      "one",
      "m/1",
      "utt_2",
      "t/s1",
      "listed/z",
      "other/y",
    ]);
    expect((await rowsOf(names, folder, "z.mp3")).map(({ input, path }) => `${input}:${path}`)).toEqual([
      "0:a.wav",
      "0:b/2.flac",
      "1:x/1.wav",
      "2:one.wav",
      "3:1.wav",
      "3:2.wav",
      "4:t.tar",
      "5:z.mp3",
    ]);
  });

  test("of one kind alone need no name before their keys", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "in/a/1.wav": "", "in/b/2.WAV": "", "in/.git/3.wav": "" });
    expect(await keysOf(["in"], folder)).toEqual(["a/1", "b/2"]);
    expect(await keysOf(["in/**/*.wav"], folder)).toEqual(["a/1"]);
    expect(await keysOf(["in/{a,b}/*"], folder)).toEqual(["a/1", "b/2"]);
  });

  test("of the same name are told apart", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "x/wav/1.wav": "", "y/wav/1.wav": "" });
    expect(await keysOf(["x/wav", "y/wav"], folder)).toEqual(["wav/1", "wav_2/1"]);
  });

  test("whose names could not be folders of a key have others before their keys", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "x/a.npy/1.wav": "", "y/a\nb/1.wav": "", "z/v1.0/1.wav": "" });
    expect(await keysOf(["x/a.npy", "y/a\nb", "z/v1.0"], folder)).toEqual(["a_npy/1", "a_b/1", "v1.0/1"]);
  });

  test("of a list have what is no path as bad rows", async () => {
    const folder = await temporaryFolder();
    expect(await keysOf(["-"], folder, "a.wav\0b.wav\0\nhttps://example.org/a.wav\nc.wav\n")).toEqual([
      "! standard input, line 1: found a zero byte in it; expected one path a line",
      "! standard input, line 2: found the URL https://example.org/a.wav; download the file and give its path",
      "c",
    ]);
  });

  test("that are named one by one and differ in their extension only keep it in their keys, as in a folder", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "x/a.wav": "", "x/a.flac": "", "x/b.wav": "", "y/a.wav": "", "x/b.m4a": "" });
    expect(await keysOf(["x/a.wav", "x/a.flac", "x/b.wav", "y/a.wav", "x/b.m4a", "x/b.wav"], folder)).toEqual([
      "x/a_wav",
      "x/a_flac",
      "x/b",
      "y/a",
      "x/b_m4a",
      "x/b",
    ]);
  });

  test("are what their names say before they are globs", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "take[1].wav": "", "take1.wav": "" });
    expect(await keysOf(["take[1].wav"], folder)).toEqual(["take[1]"]);
    expect(await keysOf(["take[0-9].wav"], folder)).toEqual(["take1"]);
  });

  test.each([
    [[], "there are no inputs"],
    [[""], "an input is empty text"],
    [["nowhere"], "there is no nowhere"],
    [["nowhere/*.wav"], "there is no folder nowhere"],
    [["notes.txt"], "notes.txt is no input"],
    [["a.tar.zst"], "a.tar.zst is compressed"],
    [["-"], "there is none here"],
  ])("%j are refused before anything is listed", async (names, reason) => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "notes.txt": "", "a.tar.zst": "" });
    await expect(resolveInputs(names, { cwd: folder })).rejects.toThrow(DatasetError);
    await expect(resolveInputs(names, { cwd: folder })).rejects.toThrow(reason);
  });

  test("without any row are refused", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "empty"));
    await writeTree(folder, { "some/a.wav": "", "m.jsonl": "\n", "t.tar": await tarOf({ "a.txt": 3 }) });
    for (const name of ["empty", "some/*.flac", "m.jsonl", "t.tar"])
      await expect(rowsOf(["some", name], folder), name).rejects.toMatchObject({ code: "DATASET_INPUT" });
    await expect(rowsOf(["-"], folder, "\n\n")).rejects.toThrow("standard input names no files");
    await expect(resolveInputs(["-", "-"], { stdin: chunksOf("") })).rejects.toThrow("given twice");
  });

  test("end at an abort", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "a.wav": "", "b.wav": "" });
    const abort = new AbortController();
    const rows = listRows(await resolveInputs(["."], { cwd: folder }), { signal: abort.signal });
    await rows.next();
    abort.abort(new Error("enough"));
    await expect(rows.next()).rejects.toThrow("enough");
  });
});

describe("a WebDataset tar", () => {
  const long = `${"deep/".repeat(60)}name.wav`;
  const members: Readonly<Record<string, string | number>> = {
    "s/a.wav": 1000,
    "s/a.json": '{"text":"hé","n":1}',
    "b.txt": "x",
    "b.flac": 513,
    "c.json": '{"n":2}',
    "c.left.wav": 1,
    "c.right.wav": 2,
    "._a.wav": 9,
    [long]: 7,
    "d.json": "{",
    "d.mp3": 3,
    "e.wav": 0,
  };

  test("gives a row for each audio member, with the fields of its .json", async () => {
    const { rows } = await tarRows(await tarOf(members));
    expect(rows.map((row) => (row.problem === undefined ? [row.key, row.columns] : row.problem.message))).toEqual([
      ["s/a", { text: "hé", n: 1 }],
      ["b", { txt: "x" }],
      ["c_left_wav", { n: 2 }],
      ["c_right_wav", { n: 2 }],
      [long.slice(0, -4), undefined],
      expect.stringContaining("member d.mp3: its .json cannot be read"),
      ["e", undefined],
    ]);
  });

  test("has rows that lead to the bytes of their members alone", async () => {
    const { rows, folder } = await tarRows(await tarOf(members));
    const names = Object.keys(members);
    for (const row of rows.filter((each): each is AudioRow => each.problem === undefined)) {
      const { name } = row.member!;
      const pieces = await collect(streamRowBytes(locateRow(row, [folder])));
      expect(Buffer.concat(pieces)).toEqual(Buffer.alloc(members[name] as number, names.indexOf(name)));
    }
  });

  test("that is damaged gives what stands before the damage, and then the damage", async () => {
    const whole = await tarOf({ "a.wav": 2000, "b.wav": 2000, "c.wav": 2000 });
    for (const [bytes, keys] of [
      [whole.subarray(0, 4000), ["a", "b"]],
      [Buffer.concat([whole.subarray(0, 2560), Buffer.alloc(600, "junk")]), ["a"]],
    ] as const) {
      const { rows } = await tarRows(bytes);
      expect(rows.slice(0, -1).map((row) => (row as AudioRow).key)).toEqual(keys);
      expect(rows.at(-1)!.problem).toMatchObject({ code: "TAR_DAMAGED" });
    }
  });

  test("that became shorter is told when a member is read", async () => {
    const { rows, folder } = await tarRows(await tarOf({ "a.wav": 2000 }));
    await writeTree(folder, { "shard-0.tar": Buffer.alloc(600) });
    await expect(collect(streamRowBytes(locateRow(rows[0] as AudioRow, [folder])))).rejects.toThrow("it has 88 of 2000 bytes");
  });

  test("that a glob matches has its path before the keys", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, { "w/s.1.tar": await tarOf({ "a.wav": 1 }), "w/s.0.tar": await tarOf({ "a.wav": 1 }), "w/x.wav": "" });
    expect(await keysOf(["w/*"], folder)).toEqual(["s_0/a", "s_1/a", "x"]);
  });
});

/** Rows of a tar by their keys, and what is left out. */
async function labelled(members: Readonly<Record<string, string | Uint8Array | number>>) {
  const folder = await temporaryFolder();
  await writeTree(folder, { "t.tar": await tarOf(members) });
  const leftOut: string[] = [];
  const rows = await collect(listRows(await resolveInputs(["t.tar"], { cwd: folder }), { onLeftOut: (what) => leftOut.push(what) }));
  return { rows: rows.map((row) => (row.problem === undefined ? [row.key, row.columns] : [row.problem.code])), leftOut };
}

/** The first bytes of a file. */
function head(text: string): Uint8Array {
  return Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(30)]);
}

describe("labels in a WebDataset tar", () => {
  const adjacent = {
    "a.wav": 4,
    "a.txt": "hé\n",
    "a.cls": "7\n",
    "a.json": '{"speaker":"x","n":1}',
    "b/c.flac": 3,
    "b/c.speaker.txt": "anna",
    "b/c.cls": "dog",
    "b/c.meta.json": '{"x":[1]}',
  };
  const expected = [
    ["a", { speaker: "x", n: 1, txt: "hé", cls: 7 }],
    ["b/c", { "speaker.txt": "anna", cls: "dog", "meta.json": { x: [1] } }],
  ];

  test("become columns: text, whole numbers and JSON", async () => {
    expect(await labelled(adjacent)).toEqual({ rows: expected, leftOut: [] });
  });

  test("are found wherever they stand", async () => {
    const members = Object.entries(adjacent);
    const order = fc.shuffledSubarray(members, { minLength: members.length });
    await fc.assert(
      fc.asyncProperty(order, async (shuffled) => {
        const { rows, leftOut } = await labelled(Object.fromEntries(shuffled));
        expect(leftOut).toEqual([]);
        expect(new Map(rows as [string, JsonObject][])).toEqual(new Map(expected as [string, JsonObject][]));
      }),
      { numRuns: 25 },
    );
  });

  test("keep their dot where the .json has the name, and are left out with a word where they are none, or too long, or without audio", async () => {
    const { rows, leftOut } = await labelled({
      "a.json": '{"txt":"of the json"}',
      "a.wav": 1,
      "a.txt": "of the file",
      "a.jpg": 4,
      "b.wav": 2,
      "b.txt": Buffer.from("caf\u00e9", "latin1"),
      "b.text": "x".repeat(2 ** 18 + 1),
      "c.txt": "nobody's",
      LICENSE: "MIT",
    });
    expect(rows).toEqual([
      ["a", { txt: "of the json", ".txt": "of the file" }],
      ["b", undefined],
    ]);
    expect(leftOut.map((what) => what.split(" ")[0])).toEqual([".jpg", ".txt", ".text", "members", "members"]);
  });

  test("of samples that stand too far apart are left out, and all audio is listed", async () => {
    const names = Array.from({ length: 2 ** 15 + 10 }, (_, i) => `s${i}`);
    const { rows, leftOut } = await labelled(
      Object.fromEntries([...names.map((name) => [`${name}.wav`, 0] as const), ["s0.txt", "too late"], ["s32770.txt", "near"]]),
    );
    expect(rows).toHaveLength(names.length);
    expect(rows.filter(([, columns]) => columns !== undefined)).toEqual([["s32770", { txt: "near" }]]);
    expect(leftOut).toEqual(["members of tars that no audio has the name of, or none that stands near them"]);
  });
});

describe("a folder with files that look like audio", () => {
  test("has a row for every audio file by its name, whatever can read it, and the key of a common one does not depend on the others", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "a.wav": "",
      "a.m4a": "",
      "b.WMA": "",
      "b.aac": "",
      "c.flac": "",
      "c.mp3": "",
      "c.opus.webm": "",
      "d.aiff": "",
    });
    expect(await rowsOf(["."], folder)).toEqual(
      [
        ["a_m4a", "a.m4a"],
        ["a", "a.wav"],
        ["b_wma", "b.WMA"],
        ["b_aac", "b.aac"],
        ["c_flac", "c.flac"],
        ["c_mp3", "c.mp3"],
        ["c_opus", "c.opus.webm"],
        ["d", "d.aiff"],
      ].map(([key, path]) => ({ key, input: 0, path })),
    );
  });

  test("tells of those that are left out, and what to do: what its name hides, and videos without an audio file beside them", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, {
      "a.wav": "",
      "a.mp4": head("\0\0\0\x20ftypisom"),
      "b.mp4": head("\0\0\0\x20ftypisom"),
      recording: head("RIFF\x10\0\0\0WAVEfmt "),
      "speech.dat": head("fLaC"),
      "voice.2024": head("ID3\x04"),
      "notes.txt": head("OggS"),
      README: "text",
      "x.unknown": "",
    });
    const rows = await rowsOf(["."], folder);
    expect(rows.map(({ path, problem }) => [path, problem?.code])).toEqual([
      ["a.wav", undefined],
      ["b.mp4", "FILE_LEFT_OUT"],
      ["recording", "FILE_LEFT_OUT"],
      ["speech.dat", "FILE_LEFT_OUT"],
      ["voice.2024", "FILE_LEFT_OUT"],
    ]);
    expect(rows[1]!.problem!.message).toContain("name it by a glob such as '**/*.mp4'");
    expect(rows[2]!.problem!.message).toContain("give it an extension");
    const leftOut: string[] = [];
    await writeTree(folder, { "a.txt": "label", "metadata.csv": "file_name,text\n" });
    await collect(listRows(await resolveInputs(["."], { cwd: folder }), { onLeftOut: (what) => leftOut.push(what) }));
    expect(leftOut.map((what) => what.split(";")[0])).toEqual([".txt files beside audio files", "metadata.csv in folders"]);
    const ofGlob = async (pattern: string) => (await rowsOf([pattern], folder)).map(({ path, problem }) => [path, problem]);
    expect(await ofGlob("*.mp4")).toEqual([
      ["a.mp4", undefined],
      ["b.mp4", undefined],
    ]);
    expect(await ofGlob("*")).toEqual([["a.wav", undefined]]);
    expect(await rowsOf(["b.mp4"], folder)).toMatchObject([{ path: "b.mp4" }]);
  });

  test.skipIf(process.platform !== "linux")("tells of names that are not UTF-8 what is wrong with them", async () => {
    const folder = await temporaryFolder();
    const named = (name: string): Buffer => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
    await writeFile(named("caf\u00e9.wav"), "");
    await mkdir(named("\u00fcbung"));
    await writeTree(folder, { "sch\u00f6n.wav": "", "\ufffd.wav": "" });
    const rows = await rowsOf(["."], folder);
    expect(rows.map(({ path, problem }) => [path, problem?.code])).toEqual([
      ["caf\ufffd.wav", "FILE_UNREADABLE"],
      ["sch\u00f6n.wav", undefined],
      ["\ufffd.wav", undefined],
      ["\ufffdbung", "FILE_UNREADABLE"],
    ]);
    for (const { problem } of rows) if (problem !== undefined) expect(problem.message).toContain("has a name that is not UTF-8");
  });
});
