import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { compareBytewise } from "../../src/dataset/compare-bytewise.ts";
import { cleanKey, keyOfClip, keyOfRange, keysOfSiblings } from "../../src/dataset/row-key.ts";
import { walkFolder } from "../../src/dataset/walk-folder.ts";
import { collect, temporaryFolder, writeTree } from "./temporary-folder.ts";

const everything = { accepts: () => true };

async function pathsOf(folder: string, accepts: (path: string) => boolean = () => true): Promise<readonly string[]> {
  return (await collect(walkFolder(folder, { accepts }))).map(({ path }) => path);
}

test("many names that come to the same key are numbered without counting from the start for each", () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `${String.fromCharCode(1 + (i % 31))}${String.fromCharCode(1 + ((i / 31) % 31))}${String.fromCharCode(1 + i / 961)}.wav`);
  const lookups = vi.spyOn(Set.prototype, "has");
  const keys = keysOfSiblings(names);
  const numLookups = lookups.mock.calls.length;
  lookups.mockRestore();
  expect(keys.slice(0, 3)).toEqual(["____wav", "____wav_2", "____wav_3"]);
  expect(new Set(keys).size).toBe(names.length);
  expect(numLookups).toBeLessThan(3 * names.length);
});

test("a tree is listed once, sorted by the bytes of its paths, whatever its names", async () => {
  const name = fc.stringMatching(/^[a-c!~0é\ue000\u{1f600}-]{1,4}$/u);
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(path, { minLength: 1, maxLength: 12 }), async (paths) => {
      const folder = await temporaryFolder();
      const files = paths.map((stem) => `${stem}.wav`);
      await writeTree(folder, Object.fromEntries(files.map((file) => [file, ""])));
      const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const found = await collect(walkFolder(folder, everything));
      expect(found.map((file) => file.path)).toEqual(sorted);
      expect(new Set(found.map(({ key }) => key)).size).toBe(files.length);
    }),
    { numRuns: 40 },
  );
});

test("texts compare as their UTF-8 bytes do", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      expect(Math.sign(compareBytewise(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  expect(compareBytewise("\u{1f600}", "\ue000")).toBeGreaterThan(0);
});

test("hidden files and folders are passed over, and files that are not accepted", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { "a.wav": "", ".b.wav": "", ".c/d.wav": "", "e/.f/g.wav": "", "e/h.txt": "", "e/i.wav": "" });
  expect(await pathsOf(folder, (path) => path.endsWith(".wav"))).toEqual(["a.wav", "e/i.wav"]);
});

test("links are followed, but not into a folder that the walk is in, even over a detour", async () => {
  const folder = await temporaryFolder();
  const elsewhere = await temporaryFolder();
  await writeTree(folder, { "a/b/x.wav": "" });
  await writeTree(elsewhere, { "y.wav": "" });
  await symlink("../..", join(folder, "a/b/up"));
  await symlink(elsewhere, join(folder, "a/out"));
  await symlink(folder, join(elsewhere, "back"));
  await symlink("nowhere.wav", join(folder, "broken.wav"));
  expect(await pathsOf(folder)).toEqual(["a/b/x.wav", "a/out/y.wav", "broken.wav"]);
});

test("a limit of levels holds", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { "1.wav": "", "a/2.wav": "", "a/b/3.wav": "" });
  const found = await collect(walkFolder(folder, { accepts: () => true, maxDepth: 2 }));
  expect(found.map(({ path }) => path)).toEqual(["1.wav", "a/2.wav"]);
});

test("a folder that cannot be listed is a problem, not the end", async () => {
  const found = await collect(walkFolder(join(await temporaryFolder(), "gone"), everything));
  expect(found).toEqual([{ path: ".", key: "", problem: { code: "FILE_UNREADABLE", message: expect.stringContaining("ENOENT") } }]);
});

test("an empty folder has nothing", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "a"));
  expect(await pathsOf(folder)).toEqual([]);
});

test("siblings that differ in the extension or in dots get keys of their own", () => {
  expect(keysOfSiblings(["a.flac", "a.wav", "b.c.wav", "d.wav"])).toEqual(["a_flac", "a_wav", "b_c", "d"]);
  expect(keysOfSiblings(["a.b.wav", "a_b.wav"])).toEqual(["a_b_wav", "a_b_wav_2"]);
  expect(keysOfSiblings(["a.flac", "a.wav", "a_wav.ogg"])).toEqual(["a_flac", "a_wav_2", "a_wav"]);
});

test("keys of any siblings are unique and have no dots", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[ab._]{1,5}\.(?:wav|flac|WAV)$/u), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(names, (siblings) => {
      const keys = keysOfSiblings(siblings);
      expect(new Set(keys).size).toBe(siblings.length);
      for (const key of keys) expect(key).not.toContain(".");
    }),
  );
});

test("no key leads out of a folder, and cleaning twice changes nothing more", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", ".", "/", "\\", "\0", "ü") }), (text) => {
      const key = cleanKey(text);
      expect(key.split("/").filter((part) => ["", ".", ".."].includes(part))).toEqual([]);
      expect(key.split("/").at(-1)).not.toContain(".");
      expect(cleanKey(key)).toBe(key);
    }),
  );
  expect(cleanKey("../x/a.b.c")).toBe("__/x/a_b_c");
});

test("ranges, windows and channels are told apart in keys", () => {
  expect(keyOfRange("a", undefined, undefined)).toBe("a");
  expect(keyOfRange("a", 1.5, undefined)).toBe("a_t000001500-end");
  expect(keyOfRange("a", undefined, 2)).toBe("a_t000000000-000002000");
  expect(keyOfClip("a/b", {})).toBe("a/b");
  expect(keyOfClip("a/b", { window: 12, channel: 1 })).toBe("a/b_w000012_c1");
});
