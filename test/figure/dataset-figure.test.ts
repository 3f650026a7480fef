import { expect, test } from "vitest";
import { renderDatasetFigure } from "../../src/figure/index.ts";
import type { DatasetFigureOptions } from "../../src/figure/index.ts";

const options: DatasetFigureOptions = {
  title: "Speech <1>",
  subtitle: "facebook/encodec_24khz",
  codebookSize: 1024,
  codebooks: [
    { used: 0.5, entropy: 5 },
    { used: 1, entropy: 10 },
  ],
  durations: { edges: [0.5, 1, 2, 5, 10, 20], counts: [0, 0, 3, 6, 0, 0, 0] },
  loudness: { edges: [-40, -36, -32], counts: [0, 0, 0, 0] },
  errors: { AUDIO_EMPTY: 1, AUDIO_CORRUPT: 4 },
};

/** Heights and tops of the bars of a colour, from left to right. */
function bars(svg: string, fill: string): { readonly height: number; readonly bottom: number }[] {
  return Array.from(
    svg.matchAll(/<rect x="[\d.]+" y="(?<y>[\d.]+)" width="[\d.]+" height="(?<height>[\d.]+)" fill="(?<fill>#\w+)"\/>/gu),
    ({ groups }) => groups!,
  )
    .filter((found) => found["fill"] === fill)
    .map(({ y, height }) => ({ height: Number(height), bottom: Number(y) + Number(height) }));
}

const texts = (svg: string): string[] => Array.from(svg.matchAll(/<text[^>]*>(?<text>[^<]*)</gu), ({ groups }) => groups!["text"]!);

test("bars are as high as the shares, entropies and counts that they stand for", () => {
  const svg = renderDatasetFigure(options);
  const [half, whole, five, ten] = bars(svg, "#2a788e");
  expect(half!.height / whole!.height).toBeCloseTo(0.5, 4);
  expect(five!.height / ten!.height).toBeCloseTo(0.5, 4);
  expect(new Set([half, whole, five, ten].map((found) => found!.bottom))).toEqual(new Set([306]));
  const clips = bars(svg, "#475569");
  expect(clips).toHaveLength(2);
  expect(clips[0]!.height / clips[1]!.height).toBeCloseTo(0.5, 4);
});

test("says what it shows, and where there is nothing to show", () => {
  const found = texts(renderDatasetFigure(options));
  for (const text of ["Speech &lt;1&gt;", "log₂ 1024", "Errors (5 in all)", "not measured", "seconds", "1", "2", "5"])
    expect(found).toContain(text);
  expect(found.indexOf("AUDIO_CORRUPT")).toBeLessThan(found.indexOf("AUDIO_EMPTY"));
  const empty = texts(
    renderDatasetFigure({ ...options, codebooks: [], codebookSize: 0, durations: { edges: [1], counts: [0, 0] }, errors: {} }),
  );
  expect(empty.filter((text) => text === "no clips")).toHaveLength(2);
  expect(empty).toContain("none");
});

test("adds up the kinds of errors that it has no room for", () => {
  const errors = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`KIND_${index}`, 10 - index]));
  const found = texts(renderDatasetFigure({ ...options, errors }));
  expect(found.filter((text) => text.startsWith("KIND_"))).toHaveLength(5);
  expect(found[found.indexOf("others") + 1]).toBe(String(5 + 4 + 3 + 2));
});

test("cuts titles that are wider than the figure", () => {
  const found = texts(renderDatasetFigure({ ...options, title: "Speech of many people ".repeat(20), subtitle: "😀".repeat(300) }));
  expect(found[0]).toBe(`${"Speech of many people ".repeat(4)}S…`);
  expect(found[1]).toBe(`${"😀".repeat(139)}…`);
  expect(texts(renderDatasetFigure({ ...options, title: "x".repeat(90) }))[0]).toBe("x".repeat(90));
});

test("is the same again", () => {
  expect(renderDatasetFigure(options)).toBe(renderDatasetFigure(structuredClone(options)));
});

test("labels all edges of a histogram that has no round ones", () => {
  const durations = { edges: [1, 2, 2.5, 3.15, 4, 5], counts: [0, 0, 0, 7, 0, 0, 0] };
  const loudness = { edges: [-12, -10, -8], counts: [0, 3, 0, 0] };
  const found = texts(renderDatasetFigure({ ...options, durations, loudness }));
  for (const text of ["2.5", "3.15", "−12", "−10"]) expect(found).toContain(text);
});
