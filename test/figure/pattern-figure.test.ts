import { describe, expect, test } from "vitest";
import { renderPatternFigure } from "../../src/figure/index.ts";
import type { PatternFigureOptions } from "../../src/figure/index.ts";
import { patternProvider } from "../../src/patterns/index.ts";
import type { PatternSpec } from "../../src/patterns/index.ts";

const delay4: PatternSpec = { kind: "delay", numCodebooks: 4 };

function draw(spec: PatternSpec, timesteps: number, options: Partial<PatternFigureOptions> = {}): string {
  return renderPatternFigure({ pattern: patternProvider(spec).getPattern(timesteps), title: "a pattern", ...options });
}

/** Cells of a content, in both grids together. */
function count(svg: string, content: string): number {
  const outlines = Array.from(svg.matchAll(new RegExp(`<path class="${content}"[^>]* d="([^"]*)"`, "g")), (match) => match[1]!);
  return outlines.join("").split("M").length - 1;
}

function labels(svg: string, kind: string): string[] {
  return Array.from(svg.matchAll(new RegExp(`<text [^>]*class="${kind}"[^>]*>([^<]*)</text>`, "g")), (match) => match[1]!);
}

/** The numbers in the cells of one codebook, grid by grid, band by band. */
function numbers(svg: string): string[][] {
  return Array.from(svg.matchAll(/<g class="frames"[^>]*>(.*?)<\/g>/g), (match) =>
    Array.from(match[1]!.matchAll(/>(\d+)</g), (number) => number[1]!),
  );
}

/** Names of elements that are still open at the end or closed in the wrong order. */
function unbalanced(xml: string): string[] {
  const open: string[] = [];
  for (const [, closing, name, , selfClosing] of xml.matchAll(/<(\/?)([a-zA-Z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g)) {
    if (closing === "/") {
      if (open.pop() !== name) return [name!];
    } else if (selfClosing !== "/") open.push(name!);
  }
  return open;
}

describe("the figure of a pattern", () => {
  test("has a cell for each code, twice, and a hatched one for each special token", () => {
    const svg = draw(delay4, 12);
    expect({ code: count(svg, "code"), special: count(svg, "special"), eos: count(svg, "eos"), pad: count(svg, "pad") }).toEqual({
      code: 2 * 4 * 12,
      special: 4 * 4,
      eos: 0,
      pad: 0,
    });
    expect(svg).toContain("4 codebooks × 12 frames → 16 steps · max delay 3");
  });

  test("numbers cells by frames, and columns by frames and steps", () => {
    const svg = draw({ kind: "delay", numCodebooks: 2, delays: [0, 1] }, 3);
    expect(numbers(svg)).toEqual(Array.from({ length: 4 }, () => ["0", "1", "2"]));
    expect(labels(svg, "frame")).toEqual(["0", "1", "2"]);
    expect(labels(svg, "step")).toEqual(["0", "1", "2", "3", "4"]);
    expect(labels(svg, "codebook")).toEqual(["q0", "q1", "q0", "q1"]);
  });

  test("hatches eos and pad tokens in their own ways and names them", () => {
    const svg = draw(delay4, 7, { hasEos: true, hasPadToken: true, tokens: { special: 1026, eos: 1024, pad: 1025 } });
    expect({ code: count(svg, "code"), special: count(svg, "special"), eos: count(svg, "eos"), pad: count(svg, "pad") }).toEqual({
      code: 2 * 4 * 6,
      special: 4 + 6,
      eos: 4,
      pad: 6,
    });
    expect(svg).toContain("4 codebooks × 6 frames → 11 steps");
    for (const name of ["special token 1026", "eos token 1024", "pad token 1025"]) expect(svg).toContain(`>${name}<`);
  });

  test("shows only the steps that it is asked for", () => {
    const svg = draw({ kind: "delay", numCodebooks: 2 }, 5, { numSteps: 6 });
    expect(count(svg, "code")).toBe(2 * 5 + 5 + 4);
    expect(svg).not.toContain("pad token");
  });

  test("marks seconds at the borders of frames, where a frame rate is given", () => {
    const svg = draw(delay4, 12, { frameRate: 50 });
    expect(labels(svg, "time")).toEqual(["0.00", "0.05", "0.10", "0.15", "0.20"]);
    const xs = Array.from(svg.matchAll(/<text x="([\d.]+)"[^>]*class="time"/g), (match) => Number(match[1]));
    // 2.5 cells of 34 units each.
    expect(xs.map((x) => x - xs[0]!)).toEqual([0, 85, 170, 255, 340]);
    expect(labels(draw(delay4, 12), "time")).toEqual([]);
  });

  test("goes on below where there are many steps, and keeps its numbers apart", () => {
    const svg = draw({ kind: "unroll", numCodebooks: 8 }, 60);
    expect(count(svg, "code")).toBe(2 * 8 * 60);
    expect(count(svg, "special")).toBe(8 * 481 - 8 * 60);
    expect(labels(svg, "codebook")).toHaveLength(8 * (1 + 7));
    const xs = Array.from(svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)"[^>]*class="step">(\d+)</g), (match) => ({
      x: Number(match[1]),
      y: Number(match[2]),
      text: match[3]!,
    }));
    for (const [index, { x, y, text }] of xs.entries()) {
      const next = xs[index + 1];
      if (next?.y === y) expect(next.x - x).toBeGreaterThan(6.5 * text.length);
    }
    expect(Number(/ width="(\d+)"/.exec(svg)![1])).toBeLessThan(1100);
  });

  test.each([
    ["one codebook", { kind: "parallel", numCodebooks: 1, emptyInitial: -1 }, 1],
    ["32 codebooks", { kind: "delay", numCodebooks: 32 }, 90],
    ["a thousand frames", delay4, 1000],
  ] as const)("is well-formed with %s", (_, spec, timesteps) => {
    const svg = draw(spec, timesteps, { frameRate: 86.1328125, title: `<a & "b">` });
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg).toContain("&lt;a &amp; &quot;b&quot;&gt;");
  });

  test("refuses what nobody could see", () => {
    expect(() => draw(delay4, 0)).toThrow(RangeError);
    expect(() => draw(delay4, 5000)).toThrow("a figure shows 1 to 20000 cells; found 4 codebooks × 5004 steps");
    expect(() => draw(delay4, 5, { frameRate: 0 })).toThrow("frameRate must be a number of frames per second above 0; received 0");
  });
});
