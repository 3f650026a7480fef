import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { locateRow, openRowSource, streamRowBytes } from "../../src/dataset/inputs/row-bytes.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

test("a row is found below the root of its input, or where its absolute path says", () => {
  const member = { name: "x.wav", offset: 512, size: 3 };
  expect(locateRow({ input: 1, path: "b/c.wav" }, ["/one", "/two"])).toEqual({ path: "/two/b/c.wav", member: undefined });
  expect(locateRow({ input: 0, path: "/three/d.tar", member }, ["/one"])).toEqual({ path: "/three/d.tar", member });
});

test("any range of a file comes back, in pieces of at most 1 MiB", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "a.tar");
  const bytes = Buffer.alloc(2_500_000, "0123456789abcdefg");
  await writeTree(folder, { "a.tar": bytes });
  const pieces = await collect(streamRowBytes({ path }));
  expect(pieces.map(({ length }) => length)).toEqual([2 ** 20, 2 ** 20, 2_500_000 - 2 ** 21]);
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (offset, length) => {
      const size = Math.min(length, bytes.length - offset);
      const member = bytes.subarray(offset, offset + size);
      await using source = await openRowSource({ path, member: { name: "m", offset, size } });
      const half = Math.floor(size / 2);
      expect(member.subarray(half).equals(await source.read(half, size - half))).toBe(true);
      expect(member.equals(Buffer.concat(await collect(streamRowBytes({ path, member: { name: "m", offset, size } }))))).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test("what is not there, or is no file, is told; a pipe is not waited for", async () => {
  const folder = await temporaryFolder();
  await expect(openRowSource({ path: join(folder, "gone.wav") })).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(openRowSource({ path: folder })).rejects.toThrow("it is not a file");
  if (process.platform === "win32") return;
  execFileSync("mkfifo", [join(folder, "pipe.wav")]);
  await expect(openRowSource({ path: join(folder, "pipe.wav") })).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
});

test("an abort ends the reading with its reason", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { "a.wav": Buffer.alloc(2 ** 21) });
  const abort = new AbortController();
  const pieces = streamRowBytes({ path: join(folder, "a.wav") }, abort.signal);
  await pieces.next();
  abort.abort(new Error("enough"));
  await expect(pieces.next()).rejects.toThrow("enough");
});
