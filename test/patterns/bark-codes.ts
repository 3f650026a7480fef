/** Codes as the reference was given them: `(7 t² + 389 t + 211 q + seed) mod 1024`. */
export function barkCodes(numCodebooks: number, numFrames: number, seed: number = 0): { data: Int32Array; dims: number[] } {
  const data = Int32Array.from({ length: numCodebooks * numFrames }, (_, index) => {
    const t = index % numFrames;
    return (7 * t * t + 389 * t + 211 * Math.floor(index / numFrames) + seed) % 1024;
  });
  return { data, dims: [numCodebooks, numFrames] };
}
