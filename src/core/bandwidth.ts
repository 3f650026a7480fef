/** Bits that one code takes: `ceil(log2(codebookSize))`. */
export function bitsPerCodeOf(codebookSize: number): number {
  return Math.ceil(Math.log2(codebookSize));
}

/**
 * Bandwidth of codes in kbps: codebooks in use × bits per code × frames per second.
 * @param codes.frameRate In hertz.
 */
export function bandwidthOf(codes: { readonly numCodebooks: number; readonly codebookSize: number; readonly frameRate: number }): number {
  return (codes.numCodebooks * bitsPerCodeOf(codes.codebookSize) * codes.frameRate) / 1000;
}
