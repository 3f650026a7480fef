import { patternCells } from "../patterns/index.ts";
import type { Pattern, PatternCells, PatternCellsOptions } from "../patterns/index.ts";
import { colours, figureDocument, frame } from "./panel.ts";
import type { Box } from "./panel.ts";
import { codebookSwatches, codeCells, drawCells, fills, hatchings } from "./draw-cells.ts";
import type { CellSize } from "./draw-cells.ts";
import { element, label, line } from "./svg.ts";
import type { Attributes } from "./svg.ts";
import { ticksBetween } from "./ticks.ts";

/** What `renderPatternFigure` draws. */
export interface PatternFigureOptions extends PatternCellsOptions {
  readonly pattern: Pattern;
  /** A line above the figure, such as the name of the pattern or model. */
  readonly title: string;
  /** Frames per second; with it, frames are marked in seconds too. */
  readonly frameRate?: number | undefined;
  /** Numbers of the tokens, for the legend. */
  readonly tokens?:
    | { readonly special?: number | undefined; readonly eos?: number | undefined; readonly pad?: number | undefined }
    | undefined;
}

/** Cells of the sequence at most; a figure of more would show nothing. */
const maxCells = 20_000;
/** A band of a grid; longer grids go on below. */
const maxColumns = 72;
const maxBandWidth = 930;
const minWidth = 610;
const left = 86;
const right = 30;

/**
 * Draws how a pattern turns codes into a sequence, as an SVG document.
 *
 * ```text
 * codes       a row per codebook, a column per frame; in each cell the number of its frame
 * sequence    a row per codebook, a column per step; cells without a code are hatched
 * legend
 * ```
 * @throws RangeError if there are no frames, or more than 20,000 cells.
 */
export function renderPatternFigure(options: PatternFigureOptions): string {
  const { pattern, title, frameRate } = options;
  const { numCodebooks } = pattern;
  const numFrames = pattern.timesteps - (options.hasEos === true ? 1 : 0);
  const numSteps = options.numSteps ?? pattern.numSteps;
  if (numFrames <= 0 || numCodebooks * numSteps > maxCells) {
    throw new RangeError(
      `a figure shows 1 to ${maxCells} cells; found ${numCodebooks} codebooks × ${numSteps} steps for ${numFrames} frames: choose another number of frames`,
    );
  }
  if (frameRate !== undefined && !(frameRate > 0 && frameRate < Infinity)) {
    throw new RangeError(`frameRate must be a number of frames per second above 0; received ${frameRate}`);
  }
  const grid = patternCells(pattern, options);
  const columns = columnsPerBand(Math.max(numSteps, numFrames));
  const cellWidth = Math.min(34, maxBandWidth / columns);
  const size: CellSize = { width: cellWidth, height: Math.min(26, Math.max(15, cellWidth * 0.9)) };
  const codes = drawGrid("Codes", "frame", codeCells(numCodebooks, numFrames), { top: 102, columns, size, frameRate });
  const sequence = drawGrid("Sequence", "step", grid, { top: codes.bottom + 46, columns, size });
  const legend = drawLegend(numCodebooks, legendItems(grid, options.tokens), sequence.bottom + 20);
  const [width, height] = [Math.ceil(Math.max(minWidth, left + columns * size.width, legend.end) + right), sequence.bottom + 60];
  return figureDocument(
    width,
    height,
    hatchings,
    label(title, left, 34, { "font-size": 17, "font-weight": 600 }),
    label(describe(numCodebooks, numFrames, numSteps, pattern.maxDelay), left, 55, { fill: colours.faint }),
    codes.drawing,
    sequence.drawing,
    legend.drawing,
  );
}

/** Columns of each band, so that all bands but the last are full and the last nearly so. */
function columnsPerBand(numColumns: number): number {
  return Math.ceil(numColumns / Math.ceil(numColumns / maxColumns));
}

function describe(numCodebooks: number, numFrames: number, numSteps: number, maxDelay: number): string {
  const delay = maxDelay > 0 ? ` · max delay ${maxDelay}` : "";
  return `${numCodebooks} codebook${numCodebooks === 1 ? "" : "s"} × ${numFrames} frame${numFrames === 1 ? "" : "s"} → ${numSteps} steps${delay}`;
}

interface GridPlace {
  readonly top: number;
  readonly columns: number;
  readonly size: CellSize;
  readonly frameRate?: number | undefined;
}

/** A grid in bands one below the other, with its name above and axes below each band. */
function drawGrid(
  name: string,
  unit: string,
  grid: PatternCells,
  { top, columns, size, frameRate }: GridPlace,
): { readonly drawing: string; readonly bottom: number } {
  const height = grid.numCodebooks * size.height;
  const axesHeight = frameRate === undefined ? 24 : 46;
  const parts = [label(name, left, top - 10, { "font-weight": 600 })];
  let bandTop = top;
  for (let first = 0; first < grid.numSteps; first += columns) {
    const box: Box = { left, top: bandTop, width: Math.min(columns, grid.numSteps - first) * size.width, height };
    parts.push(drawCells(grid, first, box, size), frame(box), rowNames(grid.numCodebooks, box, size), columnAxis(unit, first, box, size));
    if (frameRate !== undefined) parts.push(timeAxis(first / frameRate, frameRate, box, size));
    bandTop += height + axesHeight + 14;
  }
  return { drawing: parts.join(""), bottom: bandTop - 14 };
}

function rowNames(numRows: number, box: Box, size: CellSize): string {
  return Array.from({ length: numRows }, (_, q) =>
    label(`q${q}`, box.left - 8, box.top + (q + 0.5) * size.height + 4, { "text-anchor": "end", class: "codebook" }),
  ).join("");
}

/** Numbers under the columns, as many as there is room for; the axis is named on the left. */
function columnAxis(unit: string, first: number, box: Box, size: CellSize): string {
  const numColumns = Math.round(box.width / size.width);
  const room = 7 * `${first + numColumns}`.length + 6;
  const every = [1, 2, 5, 10].find((step) => step * size.width >= room) ?? 20;
  const baseline = box.top + box.height + 16;
  const numbers = Array.from({ length: numColumns }, (_, index) => first + index).filter((column) => column % every === 0);
  const marks = numbers.map((column) =>
    label(`${column}`, box.left + (column - first + 0.5) * size.width, baseline, { "text-anchor": "middle", class: unit }),
  );
  return axisName(unit, box, baseline) + marks.join("");
}

/** Seconds, at the borders of frames. */
function timeAxis(start: number, frameRate: number, box: Box, size: CellSize): string {
  const end = start + box.width / size.width / frameRate;
  const top = box.top + box.height + 25;
  const ticks = ticksBetween(start, end, Math.max(2, Math.floor(box.width / 60))).map(({ value, label: text }) => {
    const x = box.left + (value - start) * frameRate * size.width;
    return line(x, top, x, top + 4, { stroke: colours.faint }) + label(text, x, top + 16, { "text-anchor": "middle", class: "time" });
  });
  return axisName("time (s)", box, top + 16) + line(box.left, top, box.left + box.width, top, { stroke: colours.faint }) + ticks.join("");
}

function axisName(name: string, box: Box, baseline: number): string {
  return label(name, box.left - 24, baseline, { "text-anchor": "end", fill: colours.faint });
}

type LegendItem = readonly [fill: string, text: string];

/** The kinds of tokens that the grid has. */
function legendItems({ contents }: PatternCells, tokens: PatternFigureOptions["tokens"] = {}): readonly LegendItem[] {
  const found = new Set(contents);
  return (["special", "eos", "pad"] as const)
    .filter((kind) => found.has(kind) || (kind === "special" && found.has("start")))
    .map((kind) => [fills[kind], `${kind} token${tokens[kind] === undefined ? "" : ` ${tokens[kind]}`}`]);
}

/** One line of swatches with their names; `end` is where it ends. */
function drawLegend(numCodebooks: number, items: readonly LegendItem[], top: number): { readonly drawing: string; readonly end: number } {
  const height = 14;
  const swatches: Box = { left, top, width: Math.min(160, numCodebooks * 18), height };
  const parts = [codebookSwatches(numCodebooks, swatches)];
  let x = left + swatches.width + 8;
  const write = (text: string, attributes: Attributes = {}): void => {
    parts.push(label(text, x, top + 11, attributes));
    x += text.length * 6.2 + 20;
  };
  write(numCodebooks === 1 ? "codebook q0" : `codebooks q0 to q${numCodebooks - 1}`);
  for (const [fill, text] of items) {
    parts.push(element("rect", { x, y: top, width: 22, height, fill, stroke: colours.frame, "stroke-width": 0.6 }));
    x += 30;
    write(text);
  }
  write("number: frame", { fill: colours.faint });
  return { drawing: element("g", { class: "legend" }, ...parts), end: x - 20 };
}
