/** Whether this is `npm run test:soak`, where tests look at everything, and not only at a part of it as in `npm test`. */
export const isLong: boolean = process.env["LONG_SEARCHES"] === "true";

/** How much the long searches try; `SOAK_RUNS` asks for another number. */
export const soakRuns: number = Number(process.env["SOAK_RUNS"] ?? 1_000_000);

/** Some of the items, evenly drawn from the first to the last; all of them in the long searches. */
export function someOf<T>(items: readonly T[], count: number): readonly T[] {
  if (isLong || items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!);
}
