import type { PatternCells } from "../patterns/index.ts";
import type { Box } from "./panel.ts";
import { colours } from "./panel.ts";
import { element, formatNumber, label, line } from "./svg.ts";
import { viridis } from "./viridis.ts";

/** Sizes of a cell in user units. */
export interface CellSize {
  readonly width: number;
  readonly height: number;
}

/** Least size of a number that can be read. */
const minFontSize = 6.2;

/** Fills of cells that hold no code, which `hatchings` defines. */
export const fills = { special: "url(#special)", eos: "url(#eos)", pad: "url(#pad)" } as const;

/** The hatchings that `fills` names, in shades and directions of their own. */
export const hatchings: string = [
  hatching("special", 45, "#f6f7f9", "#c3c8d0"),
  hatching("eos", 0, "#f2dfe9", "#b5487f"),
  hatching("pad", -45, "#f8ecdc", "#d3b68c"),
].join("");

function hatching(id: string, angle: number, background: string, stroke: string): string {
  return element(
    "pattern",
    { id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${angle})` },
    element("rect", { width: 5, height: 5, fill: background }),
    line(0, 0, 0, 5, { stroke, "stroke-width": 1.6 }),
  );
}

/** The codes as they are: frame t in column t. */
export function codeCells(numCodebooks: number, numFrames: number): PatternCells {
  const contents = Array.from({ length: numCodebooks * numFrames }, () => "code" as const);
  return { numCodebooks, numSteps: numFrames, contents, timesteps: Int32Array.from(contents, (_, index) => index % numFrames) };
}

/** Draws columns `first` and up of a grid, as many as the box has room for. */
export function drawCells(grid: PatternCells, first: number, box: Box, size: CellSize): string {
  const { numCodebooks, numSteps, contents, timesteps } = grid;
  const end = first + Math.round(box.width / size.width);
  const digits = `${timesteps.reduce((most, timestep) => Math.max(most, timestep), 0)}`.length;
  const fontSize = Math.min(11.5, (size.width - 2) / (digits * 0.6));
  const outline = `h${formatNumber(size.width)}v${formatNumber(size.height)}h${formatNumber(-size.width)}z`;
  const rows = Array.from({ length: numCodebooks }, (_, q) => {
    const colour = codebookColour(q, numCodebooks);
    const top = box.top + q * size.height;
    const outlines = { code: "", special: "", eos: "", pad: "" };
    let numbers = "";
    for (let column = first; column < end; column++) {
      const cell = q * numSteps + column;
      const content = contents[cell]!;
      const x = box.left + (column - first) * size.width;
      outlines[content === "start" ? "special" : content] += `M${formatNumber(x)} ${formatNumber(top)}${outline}`;
      if (content === "code") numbers += label(`${timesteps[cell]}`, x + size.width / 2, top + size.height / 2 + fontSize * 0.36);
    }
    const fill = { code: colour.fill, ...fills };
    const ink = { class: "frames", fill: colour.ink, stroke: "none", "font-size": fontSize, "text-anchor": "middle" };
    return [
      ...(["code", "special", "eos", "pad"] as const)
        .filter((content) => outlines[content] !== "")
        .map((content) => element("path", { class: content, fill: fill[content], d: outlines[content] })),
      numbers === "" || fontSize < minFontSize ? "" : element("g", ink, numbers),
    ].join("");
  });
  return element("g", { stroke: "#ffffff" }, ...rows);
}

/** A row of swatches, one for each codebook, side by side in a box. */
export function codebookSwatches(numCodebooks: number, { left, top, width, height }: Box): string {
  const each = width / numCodebooks;
  return Array.from({ length: numCodebooks }, (_, q) =>
    element("rect", { x: left + q * each, y: top, width: each, height, fill: codebookColour(q, numCodebooks).fill }),
  ).join("");
}

/** A codebook's own colour, and one to write on it: dark for the first, light for the last. */
function codebookColour(q: number, numCodebooks: number): { readonly fill: string; readonly ink: string } {
  const position = numCodebooks === 1 ? 0.5 : q / (numCodebooks - 1);
  const rgb = viridis(0.18 + 0.77 * position);
  return { fill: `rgb(${rgb.join(", ")})`, ink: position < 0.55 ? "#ffffff" : colours.text };
}
