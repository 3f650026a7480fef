import { patternCells } from "./pattern-cells.ts";
import type { CellContent, PatternCellsOptions } from "./pattern-cells.ts";
import type { Pattern } from "./pattern.ts";

/** How a pattern is shown as text. */
export interface PatternGridTextOptions extends PatternCellsOptions {
  /** Columns of text at most; wider grids go on in further blocks below. @default 100 */
  readonly width?: number | undefined;
  /** Colours each codebook with ANSI escapes. @default false */
  readonly isColoured?: boolean | undefined;
}

/** ANSI colours of codebooks, in turn: cyan, yellow, green, magenta, blue, red, of whatever shade the terminal gives them. */
const codebookColours = [36, 33, 32, 35, 34, 31] as const;

const faint = 2;

const symbols: Readonly<Record<Exclude<CellContent, "code">, string>> = { start: "S", special: "·", eos: "E", pad: "P" };

/**
 * A pattern as text: a row for each codebook, a column for each step, in each cell the frame whose code it holds.
 *
 * ```
 * step  0  1  2  3  4
 *   q0  S  0  1  2  ·        S  a step before all codes
 *   q1  S  ·  0  1  2        ·  no code; both hold the special token. E and P: eos and pad token, for models that have them
 * ```
 * @returns Lines that each end in a newline; between the blocks of a wrapped grid there is an empty line.
 */
export function formatPatternGrid(pattern: Pattern, options: PatternGridTextOptions = {}): string {
  const { width = 100, isColoured = false } = options;
  const { numCodebooks, numSteps, contents, timesteps } = patternCells(pattern, options);
  const labelWidth = Math.max("step".length, `q${numCodebooks - 1}`.length + 2);
  const cellWidth = 2 + `${Math.max(numSteps, pattern.timesteps) - 1}`.length;
  const stepsPerBlock = Math.max(1, Math.floor((width - labelWidth) / cellWidth));
  const paint = (text: string, colour: number): string => (isColoured ? `\u001B[${colour}m${text}\u001B[0m` : text);
  const blocks: string[] = [];
  for (let first = 0; first < numSteps; first += stepsPerBlock) {
    const steps = Array.from({ length: Math.min(stepsPerBlock, numSteps - first) }, (_, index) => first + index);
    const axis = paint("step".padStart(labelWidth) + steps.map((step) => `${step}`.padStart(cellWidth)).join(""), faint);
    const rows = Array.from({ length: numCodebooks }, (_, q) => {
      const colour = codebookColours[q % codebookColours.length]!;
      const row = steps.map((step) => {
        const cell = q * numSteps + step;
        const content = contents[cell]!;
        return content === "code"
          ? paint(`${timesteps[cell]}`.padStart(cellWidth), colour)
          : paint(symbols[content].padStart(cellWidth), faint);
      });
      return paint(`q${q}`.padStart(labelWidth), colour) + row.join("");
    });
    blocks.push(`${[axis, ...rows].join("\n")}\n`);
  }
  return blocks.join("\n");
}
