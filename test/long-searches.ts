/** Whether this is `npm run test:soak`, where laws are tried as often as they say, and not a tenth of it as in `npm test`. */
const isLong = process.env["LONG_SEARCHES"] === "true";

/** How much the long searches try; `SOAK_RUNS` asks for another number. */
export const soakRuns: number = Number(process.env["SOAK_RUNS"] ?? 1_000_000);

/** So many runs of a law in the long searches; a tenth of them in `npm test`. */
export function runsOf(count: number): number {
  return isLong ? count : Math.ceil(count / 10);
}
