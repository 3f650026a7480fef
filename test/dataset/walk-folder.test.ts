import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { relativePathProblem } from "../../src/core/index.ts";
import { compareBytewise } from "../../src/dataset/inputs/compare-bytewise.ts";
import { cleanKey, keyOfClip, keyOfRange, keysOfSiblings } from "../../src/dataset/inputs/row-key.ts";
import { walkFolder } from "../../src/dataset/inputs/walk-folder.ts";
import type { WalkOptions } from "../../src/dataset/inputs/walk-folder.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";

const everything = { accepts: () => true };

async function pathsOf(folder: string, accepts: (path: string) => boolean = () => true): Promise<readonly string[]> {
  return (await collect(walkFolder(folder, { accepts }))).map(({ path }) => path);
}

/** Paths with the codes of what is wrong with them. */
async function found(folder: string, options: Partial<WalkOptions> = {}): Promise<readonly string[]> {
  return (await collect(walkFolder(folder, { ...everything, ...options }))).map(({ path, problem }) =>
    problem === undefined ? path : `${path} ${problem.code}`,
  );
}

test("many names that come to the same key are numbered without counting from the start for each", () => {
  const names = Array.from(
    { length: 20_000 },
    (_, i) => `${String.fromCharCode(1 + (i % 31))}${String.fromCharCode(1 + ((i / 31) % 31))}${String.fromCharCode(1 + i / 961)}.wav`,
  );
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
      const listed = await collect(walkFolder(folder, everything));
      expect(listed.map((file) => file.path)).toEqual(sorted);
      expect(new Set(listed.map(({ key }) => key)).size).toBe(files.length);
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

test("links that leave the root are followed if that is asked for, but not into a folder that the walk is in, even over a detour", async () => {
  const folder = await temporaryFolder();
  const elsewhere = await temporaryFolder();
  await writeTree(folder, { "a/b/x.wav": "" });
  await writeTree(elsewhere, { "y.wav": "" });
  await symlink("../..", join(folder, "a/b/up"));
  await symlink(elsewhere, join(folder, "a/out"));
  await symlink(folder, join(elsewhere, "back"));
  await symlink("nowhere.wav", join(folder, "broken.wav"));
  expect(await found(folder, { followLinks: true })).toEqual(["a/b/x.wav", "a/out/y.wav", "broken.wav"]);
  expect(await found(folder)).toEqual(["a/b/x.wav", "a/out FILE_OUTSIDE", "broken.wav"]);
});

test("a link to a file that leaves the root is a problem, unless it is followed, and takes no key from its neighbours", async () => {
  const [folder, elsewhere] = [await temporaryFolder(), await temporaryFolder()];
  await writeTree(folder, { "x.wav": "", "in/z.wav": "" });
  await writeTree(elsewhere, { "y.wav": "", "deep/w.wav": "" });
  await symlink(join(elsewhere, "y.wav"), join(folder, "y.wav"));
  await symlink(join(elsewhere, "deep"), join(folder, "x"));
  await symlink("../x.wav", join(folder, "in/again.wav"));
  const files = await collect(walkFolder(folder, { accepts: (path) => path.endsWith(".wav") }));
  expect(files.map(({ path, key, problem }) => problem?.code ?? `${path} ${key}`)).toEqual([
    "in/again.wav in/again",
    "in/z.wav in/z",
    "x.wav x",
    "FILE_OUTSIDE",
    "FILE_OUTSIDE",
  ]);
  expect(files.at(-1)!.problem!.message).toContain("y.wav is a link that leaves the folder; say that links are followed");
  expect(await found(folder, { followLinks: true })).toEqual(["in/again.wav", "in/z.wav", "x.wav", "x/w.wav", "y.wav"]);
  // The root itself is what the user named.
  await symlink(folder, join(elsewhere, "root"));
  expect(await pathsOf(join(elsewhere, "root"), (path) => path.endsWith("z.wav"))).toEqual(["in/z.wav", "x"]);
});

test("folders that are linked into each other are listed once each, however many links there are", async () => {
  const folder = await temporaryFolder();
  const names = Array.from({ length: 6 }, (_, i) => `d${i}`);
  for (const name of names) await mkdir(join(folder, name));
  for (const name of names)
    for (const other of names) if (other !== name) await symlink(join("..", other), join(folder, name, `to-${other}`));
  await writeTree(folder, { "d3/x.wav": "" });
  expect(await found(folder)).toEqual(["d3/x.wav"]);
  expect(await found(folder, { followLinks: true })).toEqual(["d3/x.wav"]);
  // The same beyond the root.
  const beside = await temporaryFolder();
  for (const name of names) await symlink(join(folder, name), join(beside, name));
  expect(await found(beside, { followLinks: true })).toEqual(["d0/to-d1/to-d2/to-d3/x.wav"]);
  expect(await found(beside)).toEqual(names.map((name) => `${name} FILE_OUTSIDE`));
});

test("a folder that the walk passes over is listed where the first link to it is", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { ".store/a/x.wav": "", "b/y.wav": "" });
  await symlink("../.store/a", join(folder, "b/one"));
  await symlink(".store", join(folder, "c"));
  expect(await found(folder)).toEqual(["b/one/x.wav", "b/y.wav"]);
  expect(await found(folder, { maxDepth: 1 })).toEqual([]);
});

test("a limit of levels holds", async () => {
  const folder = await temporaryFolder();
  await writeTree(folder, { "1.wav": "", "a/2.wav": "", "a/b/3.wav": "" });
  expect(await found(folder, { maxDepth: 2 })).toEqual(["1.wav", "a/2.wav"]);
});

test("a folder that cannot be listed is a problem, not the end", async () => {
  const files = await collect(walkFolder(join(await temporaryFolder(), "gone"), everything));
  expect(files).toEqual([
    { path: ".", key: "", isFolder: true, problem: { code: "FILE_UNREADABLE", message: expect.stringContaining("ENOENT") } },
  ]);
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
    fc.property(
      fc.string({
        unit: fc.constantFrom("a", ".", "/", "\\", "\0", "ü", ":", " ", "\u202e", "\u0085", "\n", "\ud800", "con", "名".repeat(60)),
      }),
      (text) => {
        const key = cleanKey(text);
        expect(key.split("/").filter((part) => ["", ".", ".."].includes(part))).toEqual([]);
        expect(key.split("/").at(-1)).not.toContain(".");
        expect(cleanKey(key)).toBe(key);
        expect(relativePathProblem(key)).toBeUndefined();
      },
    ),
  );
  expect(cleanKey("../x/a.b.c")).toBe("__/x/a_b_c");
  expect(cleanKey("Dr. Who/take 1 (live)")).toBe("Dr. Who/take 1 (live)");
  expect(cleanKey("12:30/a\u202eb\u0085/CON/Mr. /nul.x")).toBe("12_30/a_b_/_CON/Mr__/nul_x");
});

test("ranges, windows and channels are told apart in keys", () => {
  expect(keyOfRange("a", undefined, undefined)).toBe("a");
  expect(keyOfRange("a", 1.5, undefined)).toBe("a_t000001500-end");
  expect(keyOfRange("a", undefined, 2)).toBe("a_t000000000-000002000");
  expect(keyOfClip("a/b", {})).toBe("a/b");
  expect(keyOfClip("a/b", { window: 12, channel: 1 })).toBe("a/b_w000012_c1");
});
