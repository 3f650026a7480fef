import { formatTable } from "./report.ts";

/** Characters of the longest bar. */
const longestBar = 20;

/**
 * A histogram as a table with bars, from the first row that is not empty to the last.
 * @param unit Of the edges.
 * @param counts One more than the edges: `counts[i]` is of values in [edges[i − 1], edges[i]).
 * @param isShown Which edges divide rows; what lies between others is added up.
 */
export function histogramTable(
  unit: string,
  edges: readonly number[],
  counts: readonly number[],
  isShown: (edge: number) => boolean,
): readonly string[] {
  const bounds = edges.filter(isShown);
  const sums = Array.from({ length: bounds.length + 1 }, () => 0);
  for (const [bin, count] of counts.entries()) sums[bounds.filter((bound) => bin > 0 && bound <= edges[bin - 1]!).length]! += count;
  const most = Math.max(...sums);
  if (most === 0) return ["not measured"];
  const rows = sums.map((sum, index) => [
    rangeText(bounds[index - 1], bounds[index]),
    sum.toLocaleString("en"),
    sum === 0 ? "" : "█".repeat(Math.max(1, Math.round((longestBar * sum) / most))),
  ]);
  return formatTable(
    [unit, "clips", ""],
    rows.slice(
      sums.findIndex((sum) => sum > 0),
      sums.findLastIndex((sum) => sum > 0) + 1,
    ),
    [""],
  );
}

function rangeText(from: number | undefined, to: number | undefined): string {
  if (from === undefined) return `below ${numberText(to!)}`;
  return to === undefined ? `from ${numberText(from)}` : `${numberText(from)} to ${numberText(to)}`;
}

function numberText(value: number): string {
  return value.toLocaleString("en").replace("-", "−");
}
