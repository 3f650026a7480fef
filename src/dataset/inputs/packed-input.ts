/*
 * Inputs in which nothing can be found without unpacking what stands before it. They are unpacked once, into a tar beside the plan, and read from that.
 */

/** Whether an input is one that is unpacked, by its name. */
export function isPackedInput(path: string): boolean {
  return isParquet(path) || /\.(?:tar\.gz|tgz)$/iu.test(path);
}

/** Whether it is a Parquet file, by its name. */
export function isParquet(path: string): boolean {
  return /\.parquet$/iu.test(path);
}

/** Where an input that is unpacked lies among those of its plan. */
export function unpackedName(input: number): string {
  return `${input}.tar`;
}
