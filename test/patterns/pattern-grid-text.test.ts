import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { formatPatternGrid, layoutOf, Pattern, patternCells, patternProvider } from "../../src/patterns/index.ts";
import type { PatternSpec } from "../../src/patterns/index.ts";

function gridOf(spec: PatternSpec, timesteps: number, options: Parameters<typeof formatPatternGrid>[1] = {}): string[] {
  return formatPatternGrid(patternProvider(spec).getPattern(timesteps), options).split("\n");
}

/** The ANSI colour of each number in a line. */
function coloursOf(line: string): string[] {
  return line.split("\u001B[").flatMap((part) => /^(\d+)m +\d/u.exec(part)?.[1] ?? []);
}

describe("a pattern as text", () => {
  test("has a row for each codebook and a column for each step", () => {
    expect(gridOf({ kind: "delay", numCodebooks: 3 }, 4)).toEqual([
      "step  0  1  2  3  4  5  6",
      "  q0  S  0  1  2  3  ·  ·",
      "  q1  S  ·  0  1  2  3  ·",
      "  q2  S  ·  ·  0  1  2  3",
      "",
    ]);
  });

  test("shows further empty steps at the start as S, and none where there is none", () => {
    expect(gridOf({ kind: "parallel", numCodebooks: 1, emptyInitial: 2 }, 2)).toEqual(["step  0  1  2  3  4", "  q0  S  S  S  0  1", ""]);
    expect(gridOf({ kind: "parallel", numCodebooks: 1, emptyInitial: -1 }, 2)).toEqual(["step  0  1", "  q0  0  1", ""]);
    expect(gridOf({ kind: "delay", numCodebooks: 2 }, 0)).toEqual(["step  0  1", "  q0  S  S", "  q1  S  S", ""]);
  });

  test.each([7, -1, 1.5])("cannot show %f steps of six", (numSteps) => {
    const pattern = patternProvider({ kind: "delay", numCodebooks: 2 }).getPattern(4);
    expect(() => patternCells(pattern, { numSteps })).toThrow(`numSteps must be a whole number from 0 to 6; received ${numSteps}`);
    expect(patternCells(pattern, { numSteps: 0 }).contents).toEqual([]);
  });

  test("shows the last frame as E and what follows as P where a model has tokens for them", () => {
    expect(gridOf({ kind: "delay", numCodebooks: 2, delays: [0, 2] }, 3, { hasEos: true, hasPadToken: true })).toEqual([
      "step  0  1  2  3  4  5",
      "  q0  S  0  1  E  P  P",
      "  q1  S  ·  ·  0  1  E",
      "",
    ]);
  });

  test("goes on below where it is wider than the terminal", () => {
    expect(gridOf({ kind: "delay", numCodebooks: 2 }, 10, { width: 24 })).toEqual([
      "step   0   1   2   3   4",
      "  q0   S   0   1   2   3",
      "  q1   S   ·   0   1   2",
      "",
      "step   5   6   7   8   9",
      "  q0   4   5   6   7   8",
      "  q1   3   4   5   6   7",
      "",
      "step  10  11",
      "  q0   9   ·",
      "  q1   8   9",
      "",
    ]);
    const lines = gridOf({ kind: "unroll", numCodebooks: 8 }, 60, { width: 80 });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines).toHaveLength(10 * Math.ceil(481 / 15));
  });

  test("is the same text with colours, each codebook in its own", () => {
    const spec = { kind: "delay", numCodebooks: 4 } as const;
    const coloured = gridOf(spec, 3, { isColoured: true });
    expect(coloured.map((line) => stripVTControlCharacters(line))).toEqual(gridOf(spec, 3));
    expect(coloured.slice(1, 5).map(coloursOf)).toEqual(["36", "33", "32", "35"].map((colour) => [colour, colour, colour]));
  });

  test("leaves coordinates beyond the clip out", () => {
    const pattern = new Pattern({ numCodebooks: 1, timesteps: 1, layout: layoutOf([[], [[0, 0]], [[1, 0]]]) });
    expect(formatPatternGrid(pattern)).toBe("step  0  1  2\n  q0  S  0  ·\n");
    expect(patternCells(pattern).contents).toEqual(["start", "code", "special"]);
    expect([...patternCells(pattern).timesteps]).toEqual([-1, 0, -1]);
  });
});
