/** Ten bins for each factor of ten (preferred numbers R10 of ISO 3), 0.1 s to 100,000 s. */
export const durationEdges: readonly number[] = [-1, 0, 1, 2, 3, 4]
  .flatMap((power) => ["1", "1.25", "1.6", "2", "2.5", "3.15", "4", "5", "6.3", "8"].map((digits) => Number(`${digits}e${power}`)))
  .concat(100_000);

/** Bins of 2 dB, −80 to 0 dB of full scale (RMS). */
export const loudnessEdges: readonly number[] = Array.from({ length: 41 }, (_, index) => -80 + 2 * index);

/** The bin of a value. */
export function binOf(edges: readonly number[], value: number): number {
  const bin = edges.findIndex((edge) => value < edge);
  return bin < 0 ? edges.length : bin;
}
