import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { CodesError, FileError } from "../../src/core/index.ts";
import { readPattern, writePattern } from "../../src/files/index.ts";
import type { PatternSpec } from "../../src/patterns/index.ts";
import { patternCases } from "../patterns/arbitrary-patterns.ts";
import { temporaryFolder } from "../temporary-folder.ts";

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});

describe("pattern files", () => {
  test.each(Object.entries(patternCases))("hold every %s pattern", async (_kind, cases) => {
    const path = join(folder, "p.json");
    await fc.assert(
      fc.asyncProperty(cases, async ({ spec }) => {
        await writePattern(path, spec);
        expect(await readPattern(path)).toEqual(spec);
      }),
      { numRuns: 20 },
    );
  });

  test("have a step of a custom layout per line", async () => {
    await writePattern(join(folder, "p.json"), { kind: "custom", numCodebooks: 2, timesteps: 1, layout: [[], [[0, 0], [0, 1]]] }); // prettier-ignore
    expect(await readFile(join(folder, "p.json"), "utf8")).toBe(
      '{\n  "kind": "custom",\n  "numCodebooks": 2,\n  "timesteps": 1,\n  "layout": [\n    [],\n    [[0,0],[0,1]]\n  ]\n}\n',
    );
  });

  test("have up to 2 MiB, and larger ones are neither read nor written", async () => {
    const path = join(folder, "p.json");
    const layout = Array.from({ length: 150_000 }, (_, t): [number, number][] => [[t, 0]]);
    const spec: PatternSpec = { kind: "custom", numCodebooks: 1, timesteps: layout.length, layout };
    await expect(writePattern(path, spec)).rejects.toThrow(/the layout takes \d+ bytes; a pattern file holds at most 2097152/);
    await writeFile(path, " ".repeat(2_097_153));
    await expect(readPattern(path)).rejects.toThrow(FileError);
    await expect(readPattern(path)).rejects.toThrow("it has 2097153 bytes; at most 2097152 are read of such a file");
  });

  test.each([
    ["no JSON", "{", "it is not JSON"],
    ["JSON that nests", `{"kind":${"[".repeat(1e6)}${"]".repeat(1e6)}}`, "it is not JSON"],
    ["a list", "[1]", "received [1]"],
  ])("that are %s are refused", async (_what, text, message) => {
    await writeFile(join(folder, "p.json"), text);
    await expect(readPattern(join(folder, "p.json"))).rejects.toThrow(CodesError);
    await expect(readPattern(join(folder, "p.json"))).rejects.toThrow(message);
  });
});
