import { visibleLine } from "../core/index.ts";
import { colours, figureDocument, frame, leftTick, panelName, rightTick } from "./panel.ts";
import type { Box } from "./panel.ts";
import { element, formatNumber, label, line } from "./svg.ts";
import { ticksBetween } from "./ticks.ts";

/** Counts of values: `counts[i]` is of those in [edges[i − 1], edges[i]), the first and last of those below and above all edges. */
export interface FigureHistogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

export interface DatasetFigureOptions {
  /** A line above the figure. */
  readonly title: string;
  /** A line below it: model, rates, size. */
  readonly subtitle: string;
  readonly codebookSize: number;
  /** Each codebook's fraction of codes that occur, 0…1, and its entropy in bits. */
  readonly codebooks: readonly { readonly used: number; readonly entropy: number }[];
  /** Clips by seconds, on a logarithmic axis. */
  readonly durations: FigureHistogram;
  /** Clips by dB of full scale. */
  readonly loudness: FigureHistogram;
  /** Failures by the code of their error. */
  readonly errors: Readonly<Record<string, number>>;
}

const width = 1000;
const height = 660;
const usageBox: Box = { left: 78, top: 96, width: 360, height: 210 };
const entropyBox: Box = { left: 550, top: 96, width: 360, height: 210 };
const durationBox: Box = { left: 78, top: 396, width: 230, height: 200 };
const loudnessBox: Box = { left: 392, top: 396, width: 230, height: 200 };
const errorBox: Box = { left: 706, top: 396, width: 226, height: 200 };
const shades = { codes: "#2a788e", clips: "#475569", errors: "#b5487f", limit: "#9ca3af" } as const;

/** Characters that fit the figure at the sizes of the two lines, in most fonts. */
const [longestTitle, longestSubtitle] = [90, 140];

/** More kinds of errors than this are added up in a last bar. */
const maxErrorKinds = 6;

/**
 * Draws what a dataset is like as an SVG document of 1000 × 660 units.
 *
 * ```text
 * codes used per codebook          entropy per codebook, with its limit log2(codebook size)
 * durations          loudness          errors by kind
 * ```
 */
export function renderDatasetFigure(options: DatasetFigureOptions): string {
  return figureDocument(
    width,
    height,
    label(shortened(options.title, longestTitle), usageBox.left, 34, { "font-size": 17, "font-weight": 600 }),
    label(shortened(options.subtitle, longestSubtitle), usageBox.left, 54, { fill: colours.faint }),
    usagePanel(options),
    entropyPanel(options),
    histogramPanel("Clips by duration", "seconds", options.durations, durationBox, logarithmicEdges),
    histogramPanel("Clips by loudness", "RMS, dB of full scale", options.loudness, loudnessBox, linearEdges),
    errorPanel(options.errors, errorBox),
  );
}

function usagePanel({ codebooks }: DatasetFigureOptions): string {
  const ticks = [0, 25, 50, 75, 100].map((percent) => ({ value: percent / 100, label: `${percent} %` }));
  return codebookPanel(
    "Codes in use",
    usageBox,
    codebooks.map(({ used }) => used),
    1,
    ticks,
  );
}

function entropyPanel({ codebooks, codebookSize }: DatasetFigureOptions): string {
  const limit = Math.log2(Math.max(2, codebookSize));
  const top = limit * 1.08;
  const y = yOf(limit, top, entropyBox);
  const entropies = codebooks.map(({ entropy }) => entropy);
  const { left, width: across } = entropyBox;
  return [
    codebookPanel("Entropy", entropyBox, entropies, top, ticksBetween(0, top, 6), "bits per code"),
    line(left, y, left + across, y, { stroke: shades.limit, "stroke-dasharray": "4 3" }),
    rightTick(`log₂ ${codebookSize}`, y, entropyBox, "limit"),
  ].join("");
}

interface Mark {
  readonly value: number;
  readonly label: string;
}

/** A bar for each codebook, numbered from 1. */
function codebookPanel(name: string, box: Box, values: readonly number[], top: number, ticks: readonly Mark[], unit?: string): string {
  const slot = box.width / Math.max(1, values.length);
  const bars = values.map((value, k) => bar({ left: box.left + (k + 0.14) * slot, width: slot * 0.72 }, value / top, box, shades.codes));
  const every = [1, 2, 4, 8, 16, 32].find((step) => step * slot >= 20) ?? 64;
  const numbers = values.map((_, k) => k + 1).filter((number) => number === 1 || (number % every === 0 && (number - 1) * slot >= 20));
  return [
    panelName(unit === undefined ? name : `${name} (${unit})`, box),
    grid(ticks, top, box),
    ...bars,
    frame(box),
    ...numbers.map((number) =>
      label(String(number), box.left + (number - 0.5) * slot, box.top + box.height + 16, { "text-anchor": "middle", class: "codebook" }),
    ),
    axisTitle("codebook", box),
    values.length === 0 ? nothing("no clips", box) : "",
  ].join("");
}

/** Which edges of a histogram are labelled, and how. */
interface EdgeLabels {
  isRound(edge: number): boolean;
  labelOf(edge: number): string;
}

/** A histogram from the first bin that is not empty to the last, at equal widths. Where it has fewer than two round edges, all are labelled. */
function histogramPanel(
  name: string,
  unit: string,
  { edges, counts }: FigureHistogram,
  box: Box,
  { isRound, labelOf }: EdgeLabels,
): string {
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return panelName(name, box) + frame(box) + nothing("not measured", box) + axisTitle(unit, box);
  const last = counts.findLastIndex((count) => count > 0);
  const start = Math.max(0, first - 1);
  const end = Math.min(counts.length - 1, last + 1);
  const shown = counts.slice(start, end + 1);
  const most = Math.max(...shown) * 1.08;
  const slot = box.width / shown.length;
  const bars = shown.map((count, index) =>
    bar({ left: box.left + index * slot + 0.5, width: Math.max(0.5, slot - 1) }, count / most, box, shades.clips),
  );
  const marks = edges
    .map((value, index) => ({ value, label: labelOf(value), at: index - start + 1 }))
    .filter(({ at }) => at >= 1 && at <= shown.length - 1);
  const roundMarks = marks.filter(({ value }) => isRound(value));
  return [
    panelName(name, box),
    grid(wholeTicks(most), most, box),
    ...bars,
    frame(box),
    ...spaced(roundMarks.length < 2 ? marks : roundMarks, slot).map(({ at, label: text }) => bottomTick(text, box.left + at * slot, box)),
    axisTitle(unit, box),
  ].join("");
}

/** Bars from left to right, the most frequent kind on top. */
function errorPanel(errors: DatasetFigureOptions["errors"], box: Box): string {
  const kinds = Object.entries(errors).toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  if (kinds.length === 0) return panelName("Errors", box) + frame(box) + nothing("none", box);
  const shown =
    kinds.length <= maxErrorKinds
      ? kinds
      : [...kinds.slice(0, maxErrorKinds - 1), ["others", sumOf(kinds.slice(maxErrorKinds - 1))] as const];
  const most = Math.max(...shown.map(([, count]) => count));
  const slot = Math.min(34, (box.height - 16) / shown.length);
  const rows = shown.map(([kind, count], index) => {
    const y = box.top + 10 + index * slot;
    const length = Math.max(1, (count / most) * (box.width - 24));
    return [
      label(kind, box.left + 12, y + 10, { "font-size": 11, class: "error" }),
      label(String(count), box.left + box.width - 12, y + 10, { "font-size": 11, "text-anchor": "end", fill: colours.faint }),
      element("rect", { x: box.left + 12, y: y + 15, width: length, height: 7, fill: shades.errors }),
    ].join("");
  });
  return [panelName(`Errors (${sumOf(kinds)} in all)`, box), ...rows, frame(box)].join("");
}

function sumOf(kinds: readonly (readonly [string, number])[]): number {
  return kinds.reduce((sum, [, count]) => sum + count, 0);
}

function shortened(text: string, length: number): string {
  const characters = Array.from(visibleLine(text));
  return characters.length <= length
    ? characters.join("")
    : `${characters
        .slice(0, length - 1)
        .join("")
        .trimEnd()}…`;
}

function bar(across: { readonly left: number; readonly width: number }, share: number, box: Box, fill: string): string {
  if (share <= 0) return "";
  const length = share * box.height;
  return element("rect", { x: across.left, y: box.top + box.height - length, width: across.width, height: length, fill });
}

function grid(ticks: readonly Mark[], top: number, box: Box): string {
  return ticks
    .map(({ value, label: text }) => {
      const y = yOf(value, top, box);
      return line(box.left, y, box.left + box.width, y, { stroke: colours.rule }) + leftTick(text, y, box, "value");
    })
    .join("");
}

function yOf(value: number, top: number, box: Box): number {
  return box.top + box.height * (1 - value / top);
}

/** Ticks at whole numbers: clips do not come in halves. */
function wholeTicks(most: number): readonly Mark[] {
  return ticksBetween(0, most, 5)
    .filter(({ value }) => Math.abs(value - Math.round(value)) < 1e-6)
    .map(({ value }) => ({ value, label: shortNumber(Math.round(value)) }));
}

/** A count in four characters or so: 12k, 1.5M. */
function shortNumber(value: number): string {
  const [unit, name] = value >= 1e9 ? [1e9, "G"] : value >= 1e6 ? [1e6, "M"] : value >= 1e4 ? [1e3, "k"] : [1, ""];
  return `${formatNumber(value / unit)}${name}`;
}

/** Round are 1, 2 and 5 times a power of ten. */
const logarithmicEdges: EdgeLabels = {
  isRound: (edge) => /^(?:0\.)?0*[125]0*$/u.test(String(edge)),
  labelOf: (edge) => (edge < 1 ? String(edge) : shortNumber(edge)),
};

const linearEdges: EdgeLabels = { isRound: (edge) => edge % 4 === 0, labelOf: (edge) => String(edge).replace("-", "−") };

/** Every so many-th mark, so that labels keep apart. */
function spaced<T extends { readonly at: number }>(marks: readonly T[], slot: number): readonly T[] {
  const kept: T[] = [];
  for (const mark of marks) if (kept.length === 0 || (mark.at - kept.at(-1)!.at) * slot >= 27) kept.push(mark);
  return kept;
}

function bottomTick(text: string, x: number, box: Box): string {
  const y = box.top + box.height;
  return line(x, y, x, y + 4, { stroke: colours.faint }) + label(text, x, y + 17, { "text-anchor": "middle", class: "tick" });
}

function axisTitle(text: string, box: Box): string {
  return label(text, box.left + box.width / 2, box.top + box.height + 38, { "text-anchor": "middle" });
}

function nothing(text: string, box: Box): string {
  return label(text, box.left + box.width / 2, box.top + box.height / 2 + 4, { "text-anchor": "middle", fill: colours.faint });
}
