import { visibleLine } from "../../core/index.ts";

/** A line of a report, or several under one label. */
export type ReportRow = readonly [label: string, value: string | readonly string[]];

/**
 * Lays out a report: a heading, then groups of rows with the values in one column. Each value is one line, whatever is in it.
 *
 * ```text
 * speech.wav
 *
 *   model    tiny
 *   codes    8 codebooks × 720 frames
 * ```
 */
export function formatReport(heading: string, groups: readonly (readonly ReportRow[])[]): string {
  const labelWidth = Math.max(...groups.flat().map(([label]) => label.length));
  const blocks = groups.filter((rows) => rows.length > 0).map((rows) => rows.flatMap((row) => formatRow(row, labelWidth)).join("\n"));
  return `${[visibleLine(heading), ...blocks].join("\n\n")}\n`;
}

function formatRow([label, value]: ReportRow, labelWidth: number): readonly string[] {
  const lines = typeof value === "string" ? [value] : value;
  return lines.map((line, index) => `  ${(index === 0 ? label : "").padEnd(labelWidth)}   ${visibleLine(line)}`.trimEnd());
}

/** Lines of a table: a header, then rows; numbers to the right, and words, in the columns that are named, to the left. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  words: readonly string[] = [],
): readonly string[] {
  const cells = [header, ...rows.map((row) => row.map(visibleLine))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const cellText = (cell: string, column: number): string =>
    words.includes(header[column]!) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return cells.map((row) => row.map(cellText).join("   ").trimEnd());
}

/** Columns of words are not made narrower than this. */
const leastWidth = 14;

/**
 * A table that fits a width as far as it can: its widest columns of words are broken between words.
 * @param width Columns of the terminal; undefined where there is no terminal, and so no limit.
 */
export function foldTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  words: readonly string[],
  width: number | undefined,
): readonly string[] {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  let excess = widths.reduce((sum, each) => sum + each, 3 * (header.length - 1)) - (width ?? Infinity);
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths.filter((_, column) => words.includes(header[column]!))));
    const room = Math.max(leastWidth, widths[widest]! - excess);
    if (room >= widths[widest]!) break;
    excess -= widths[widest]! - room;
    widths[widest] = room;
  }
  const folded = rows.flatMap((row) => {
    const cells = row.map((cell, column) => (words.includes(header[column]!) ? wrapText(cell, widths[column]) : [cell]));
    return Array.from({ length: Math.max(...cells.map((lines) => lines.length)) }, (_, line) => cells.map((lines) => lines[line] ?? ""));
  });
  return formatTable(header, folded, words);
}

/** A text broken into lines of at most `width` characters between words; a longer word, such as an address, is left whole. */
export function wrapText(text: string, width: number = 90): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** What `--json` prints. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
