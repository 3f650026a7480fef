import { posix, win32 } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { relativePathPart, relativePathProblem } from "../../src/core/index.ts";

test.each([
  "a",
  ".gitattributes",
  "shards/part-000000-000.tar",
  "npy/Dr. Who/take 1.npy",
  "a b/c d",
  "é/日本語/🎵.wav",
  "com/lpt/console/auxiliary",
  "nullable.txt",
  "a..b",
  "...a",
  "~",
  "%2e%2e/x",
  "x".repeat(255),
  Array.from({ length: 16 }, () => "y".repeat(255))
    .join("/")
    .slice(0, 4094),
])("%j leads down on every system", (path) => {
  expect(relativePathProblem(path)).toBeUndefined();
});

test.each([
  ["", "an empty part"],
  ["/", "an empty part"],
  ["/etc/passwd", "an empty part"],
  ["a//b", "an empty part"],
  ["a/", "an empty part"],
  ["..", 'the part ".."'],
  ["a/../b", 'the part ".."'],
  ["./a", 'the part "."'],
  ["shards/\n/../../x", "U+000A"],
  ["shards/\r\n/../../x", "U+000D"],
  ["shards/\u2028/../../x", "U+2028"],
  ["shards/\u2029x", "U+2029"],
  ["a\0b", "U+0000"],
  ["a\u001b[2Jb", "U+001B"],
  ["a\u007fb", "U+007F"],
  ["a\u0085b", "U+0085"],
  ["a\u009bb", "U+009B"],
  ["a\u202egnp.exe", "U+202E"],
  ["a\u2066b", "U+2066"],
  ["a\u200fb", "U+200F"],
  ["a\u061cb", "U+061C"],
  ["a\ud800b", "U+D800"],
  ["C:/x", "the character :"],
  ["c:x", "the character :"],
  ["file::$DATA", "the character :"],
  ["a\\..\\b", "the character \\"],
  ["\\\\server\\share", "the character \\"],
  ["a/*.wav", "the character *"],
  ["a|b", "the character |"],
  ["a<b", "the character <"],
  [".. /x", "ends in a dot or a space"],
  ["a./b", "ends in a dot or a space"],
  ["a /b", "ends in a dot or a space"],
  ["con", "a Windows device"],
  ["a/NUL.txt", "a Windows device"],
  ["aux.tar.gz", "a Windows device"],
  ["LPT1/x", "a Windows device"],
  ["com¹", "a Windows device"],
  ["nul .txt", "a Windows device"],
  ["CONOUT$", "a Windows device"],
  ["x".repeat(256), "a part of 256 bytes"],
  ["é".repeat(128), "a part of 256 bytes"],
  [`${"x/".repeat(2048)}x`, "4097 bytes"],
  [`${"é/".repeat(1366)}x`, "4099 bytes"],
])("%j does not: %s", (path, reason) => {
  expect(relativePathProblem(path)).toContain(reason);
});

const spice = ["..", ".", "/", "\\", "C:", "a", "\0", "\n", "\r\n", "\u2028", "\u202e", "\ud800", " ", "nul", "con.", "~", "%2e%2e", "é"];
const anyPath = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...spice), { maxLength: 8 }).map((parts) => parts.join("")),
);

test("whatever a file or a server writes, an accepted path stays below the folder, on every system", () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      if (relativePathProblem(path) !== undefined) return;
      expect(posix.join("/folder", path)).toBe(`/folder/${path}`);
      expect(win32.resolve("D:\\folder", path).startsWith("D:\\folder\\")).toBe(true);
      expect(Buffer.from(path).toString()).toBe(path);
      for (const part of path.split("/")) expect(part).toMatch(/[^. ]$/u);
    }),
    { numRuns: 5000 },
  );
});

test("what is wrong with a path is told in a line of ASCII, however long the path", () => {
  fc.assert(
    fc.property(fc.oneof(anyPath, fc.constant("a/".repeat(1e6))), (path) => {
      expect(relativePathProblem(path) ?? "it").toMatch(/^it[ -~]{0,100}$/u);
    }),
  );
});

test("any text becomes a part of an accepted path, and one that is accepted stays as it is", () => {
  fc.assert(
    fc.property(
      anyPath.filter((text) => Buffer.byteLength(text) < 250),
      (text) => {
        const part = relativePathPart(text);
        expect(relativePathProblem(part)).toBeUndefined();
        expect(relativePathPart(part)).toBe(part);
        if (!text.includes("/") && relativePathProblem(text) === undefined) expect(part).toBe(text);
      },
    ),
    { numRuns: 5000 },
  );
});
