/** A line of a report, or several under one label. */
export type Row = readonly [label: string, value: string | readonly string[]];

/**
 * Lays out a report: a heading, then groups of rows with the values in one column.
 *
 * ```text
 * speech.wav
 *
 *   model    tiny
 *   codes    8 codebooks × 720 frames
 * ```
 */
export function formatReport(heading: string, groups: readonly (readonly Row[])[]): string {
  const labelWidth = Math.max(...groups.flat().map(([label]) => label.length));
  const blocks = groups.filter((rows) => rows.length > 0).map((rows) => rows.flatMap((row) => formatRow(row, labelWidth)).join("\n"));
  return `${[heading, ...blocks].join("\n\n")}\n`;
}

function formatRow([label, value]: Row, labelWidth: number): readonly string[] {
  const lines = typeof value === "string" ? [value] : value;
  return lines.map((line, index) => `  ${(index === 0 ? label : "").padEnd(labelWidth)}   ${line}`.trimEnd());
}

/** Lines of a table: a header, then rows, numbers to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  return [header, ...rows].map((row) => row.map((cell, column) => cell.padStart(widths[column]!)).join("   "));
}
