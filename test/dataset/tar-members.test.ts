import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { extract, pack } from "tar-stream";
import type { Header } from "tar-stream";
import { describe, expect, test } from "vitest";
import { bytesSource } from "../../src/core/index.ts";
import type { ByteSource } from "../../src/core/index.ts";
import { rowsOfTar } from "../../src/dataset/inputs/read-tar.ts";
import type { Row } from "../../src/dataset/inputs/row.ts";
import { TarError, tarEntries } from "../../src/dataset/inputs/tar-members.ts";
import type { TarEntry } from "../../src/dataset/inputs/tar-members.ts";
import { tarOf } from "./tar-of.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

async function entriesOf(tar: Uint8Array): Promise<readonly TarEntry[]> {
  return await collect(tarEntries(bytesSource(tar, "test.tar")));
}

/** The same by another reader. */
async function entriesByTarStream(tar: Uint8Array): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of Readable.from([tar]).pipe(extract())) {
    // Where its bytes begin is not in the types of the package.
    const { name, type, size = 0, byteOffset } = entry.header as Header & { readonly byteOffset: number };
    entries.push({
      name,
      isFile: type === "file" || type === "contiguous-file",
      offset: byteOffset,
      size: type === "directory" ? 0 : size,
    });
    entry.resume();
  }
  return entries;
}

/** A tar of entries of any kind. */
async function packed(entries: readonly (Partial<Header> & Pick<Header, "name">)[]): Promise<Uint8Array> {
  const tar = pack();
  for (const entry of entries) tar.entry(entry, entry.size === undefined ? "" : Buffer.alloc(entry.size, "x"));
  tar.finalize();
  return Buffer.concat(await collect(tar as AsyncIterable<Uint8Array>));
}

/** A header as it is, and the bytes after it. */
function member(
  type: string,
  bytes: string | Uint8Array,
  said: { readonly size?: string | Uint8Array; readonly name?: string; readonly magic?: string } = {},
): Uint8Array {
  const content = Buffer.from(bytes);
  const header = Buffer.alloc(512);
  header.write(said.name ?? "a.wav");
  header.write("0000644\0", 100);
  const size = said.size ?? content.length.toString(8).padStart(11, "0");
  header.set(typeof size === "string" ? Buffer.from(size) : size, 124);
  header.write(type, 156);
  header.write(said.magic ?? "ustar\x0000", 257, "latin1");
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (String(length).length + Buffer.byteLength(rest) !== length) length = String(length).length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

describe("the entries of a tar", () => {
  test("are those that another reader finds", async () => {
    const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).map((text) => text.replaceAll(/[\0/\\\n]/gu, "_"));
    const entry = fc.record({
      name: fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/")),
      type: fc.constantFrom("file" as const, "directory" as const, "symlink" as const, "contiguous-file" as const),
      size: fc.integer({ min: 0, max: 1500 }),
    });
    const headers = fc.array(entry, { maxLength: 8 }).map((entries) =>
      entries.map(({ type, size, ...more }) => ({
        type,
        ...more,
        ...(type === "symlink" ? { linkname: "x" } : type === "directory" ? {} : { size }),
      })),
    );
    await fc.assert(
      fc.asyncProperty(headers, async (entries) => {
        const tar = await packed(entries);
        expect((await entriesOf(tar)).map((each) => ({ ...each }))).toEqual(await entriesByTarStream(tar));
      }),
      { numRuns: 100 },
    );
  });

  test.each(["gnu", "oldgnu", "ustar", "pax"])("are found in what tar writes as %s", async (format) => {
    const folder = await temporaryFolder();
    const long = `${"d".repeat(90)}/${"e".repeat(90)}/f.wav`;
    await writeTree(folder, { "in/a.wav": "12345", [`in/${long}`]: "123", "in/ü.wav": "" });
    execFileSync("tar", ["--format", format, "--sort=name", "-cf", join(folder, "x.tar"), "-C", join(folder, "in"), "."]);
    const tar = await readFile(join(folder, "x.tar"));
    const files = (await entriesOf(tar)).filter(({ isFile }) => isFile);
    expect(files.map(({ name, size }) => [name, size])).toEqual([
      ["./a.wav", 5],
      [`./${long}`, 3],
      ["./ü.wav", 0],
    ]);
    expect(files.map(({ offset, size }) => tar.subarray(offset, offset + size).toString())).toEqual(["12345", "123", ""]);
  });

  test("are found without reading what they hold", async () => {
    const tar = await tarOf({ "a.wav": 10_000_000, "b.wav": 10_000_000, "c.wav": 3 });
    const source = bytesSource(tar, "test.tar");
    let bytesRead = 0;
    const counting: ByteSource = { ...source, read: async (offset, length) => ((bytesRead += length), source.read(offset, length)) };
    expect(await collect(tarEntries(counting))).toHaveLength(3);
    expect(bytesRead).toBeLessThan(5 * 2 ** 15);
  });

  test("go on in a tar that was put behind another one, and end where nothing comes for long", async () => {
    const [one, two] = [await tarOf({ "a.wav": 3 }), await tarOf({ "b.wav": 3 })];
    expect((await entriesOf(Buffer.concat([one, two]))).map(({ name }) => name)).toEqual(["a.wav", "b.wav"]);
    let bytesRead = 0;
    const endless: ByteSource = {
      name: "sparse.tar",
      size: 2 ** 40,
      read: async (_, length) => ((bytesRead += length), new Uint8Array(length)),
    };
    expect(await collect(tarEntries(endless))).toEqual([]);
    expect(bytesRead).toBeLessThan(2 ** 21);
  });
});

function eleven(digits: string): string {
  return digits.padStart(11, "0");
}

describe("a tar is refused", () => {
  test.each([
    ["with bytes that are no header", Buffer.alloc(512, "x"), "there is something else where a header should be"],
    ["cut within a header", member("0", "123").subarray(0, 300), "it ends too early"],
    ["cut within a member", member("0", "123").subarray(0, 514), "it ends within a.wav"],
    ["of an unknown kind", member("0", "123", { magic: "unknown!" }), "it is of an unknown kind of tar"],
    ["with a size below nothing", member("0", "123", { size: Buffer.alloc(12, 0xff) }), "a size that no file has"],
    [
      "with a size beyond all measure",
      member("0", "123", { size: Buffer.from([0x80, ...Buffer.alloc(11, 0xff)]) }),
      "a size that no file has",
    ],
    ["with a member that is longer than it", member("0", "123", { size: eleven("77777777777") }), "it ends within a.wav"],
    ["with a name that is longer than it", member("L", "x", { size: eleven("2000") }), "it ends too early"],
    [
      "with a name of gigabytes",
      member("L", "x", { size: eleven("77777777777") }),
      "a name is said to have 8589934591 bytes; at most 1048576 are read",
    ],
    ["with a description of gigabytes", member("x", "x", { size: eleven("77777777777") }), "at most 1048576 are read"],
    ["with a description that is none", member("x", "hello world\n"), "cannot be read"],
    ["with a record of no length", member("x", "0 path=x\n"), "cannot be read"],
    ["with a record that is longer than it", member("x", "99 path=x\n"), "cannot be read"],
    ["with a record without an end", member("x", "9 path=xy"), "cannot be read"],
    ["with a record without a name", member("x", "9 path~x\n"), "cannot be read"],
    ["with a size that is no number", member("x", paxRecord("size", "1e9")), "a size that no file has"],
    ["with a size of a thousand digits", member("x", paxRecord("size", "9".repeat(1000))), "a size that no file has"],
  ])("%s", async (_, tar, reason) => {
    await expect(entriesOf(tar)).rejects.toBeInstanceOf(TarError);
    await expect(entriesOf(tar)).rejects.toThrow(reason);
  });

  test("whose records all claim to be one byte long, without looking through them again for each", async () => {
    // Each record would begin one byte after the one before, and have to be searched for its end.
    const digits = Buffer.alloc(2 ** 20, "0");
    digits.write("1 ", digits.length - 2);
    await expect(entriesOf(member("x", digits))).rejects.toThrow("cannot be read");
    const records = Buffer.alloc(2 ** 20, "1 ");
    await expect(entriesOf(member("x", records))).rejects.toThrow("cannot be read");
  });
});

async function rowsOf(...members: readonly Uint8Array[]): Promise<readonly Row[]> {
  const tar = Buffer.concat([...members, Buffer.alloc(1024)]);
  return await collect(rowsOfTar(bytesSource(tar, "t.tar"), { input: 0, path: "t.tar", prefix: "" }));
}

describe("the rows of a hostile tar", () => {
  test("of names beyond all measure are bad ones, and what follows is listed", async () => {
    const name = `${"a/".repeat(3000)}b.wav`;
    const rows = await rowsOf(
      member("x", paxRecord("path", name)),
      member("0", "1"),
      member("L", `${name}\0`, { name: "././@LongLink" }),
      member("0", "1"),
      member("0", "1", { name: "c.wav" }),
    );
    expect(rows.map((row) => (row.problem === undefined ? row.key : row.problem.code))).toEqual(["ROW_INVALID", "ROW_INVALID", "c"]);
    for (const row of rows.slice(0, 2)) expect(row.problem!.message.length).toBeLessThan(400);
  });

  test("where one sample has more members than a sample has are a bounded number of bad ones", async () => {
    const members = Array.from({ length: 10_500 }, (_, i) => member("0", "", { name: `s.${i}.wav` }));
    const rows = await rowsOf(...members, member("0", "", { name: "t.wav" }));
    expect(rows).toHaveLength(10_001);
    expect(rows[0]!.problem).toMatchObject({ code: "ROW_INVALID", message: "t.tar, member s.0.wav: s has more than 10000 audio members" });
    expect(rows.at(-1)).toMatchObject({ key: "t" });
  });

  test("have a long .json once, or a few times, but not for each of thousands of members", async () => {
    const json = JSON.stringify({ text: "x".repeat(2 ** 20 - 100) });
    const sample = (count: number): readonly Uint8Array[] => [
      member("0", json, { name: "s.json" }),
      ...Array.from({ length: count }, (_, i) => member("0", "", { name: `s.${i}.wav` })),
    ];
    expect((await rowsOf(...sample(16))).filter(({ problem }) => problem === undefined)).toHaveLength(16);
    const rows = await rowsOf(...sample(2000));
    expect(rows).toHaveLength(2000);
    expect(JSON.stringify(rows).length).toBeLessThan(2 ** 20);
    expect(rows[0]!.problem).toMatchObject({ code: "ROW_INVALID", message: expect.stringContaining("would be carried along 2000 times") });
  });

  test("do not hold what global records say", async () => {
    const rows = await rowsOf(member("g", paxRecord("path", "evil.wav") + paxRecord("size", "5")), member("0", "1"));
    expect(rows).toMatchObject([{ key: "a", member: { size: 1 } }]);
  });

  test("have columns of a .json only if it can be carried along", async () => {
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`c${i}`, 1])));
    const rows = await rowsOf(
      member("0", wide, { name: "a.json" }),
      member("0", "1"),
      member("0", "{", { name: "b.json", size: "00007777777" }),
      member("0", "1"),
    );
    expect(rows[0]!.problem!.message).toBe("t.tar, member a.wav: its .json cannot be read: it has 10001 columns; at most 10000 are read");
    expect(rows.at(-1)!.problem).toMatchObject({ code: "TAR_DAMAGED" });
  });
});
