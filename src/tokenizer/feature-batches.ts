/** LSTM input or output of one piece of audio, row-major `[frames, width]`. */
export interface Features {
  readonly data: Float32Array;
  readonly frames: number;
}

/** Beyond this many rows the LSTM gains nothing more per row. */
const maxRows = 16;
/** Bounds the memory of one batch: about five minutes of audio at 75 frames per second. */
const maxPaddedFrames = 24_000;

/**
 * Groups pieces for the LSTM: similar lengths together, so that little is padded.
 * @param frames Length of each piece in frames.
 * @returns Indices into `frames`, each once; a group's longest piece comes first.
 */
export function groupByLength(frames: readonly number[]): number[][] {
  const order = frames.map((_, index) => index).toSorted((a, b) => frames[b]! - frames[a]!);
  const groups: number[][] = [];
  for (const index of order) {
    const group = groups.at(-1);
    const fits = group !== undefined && group.length < maxRows && (group.length + 1) * frames[group[0]!]! <= maxPaddedFrames;
    if (fits) group.push(index);
    else groups.push([index]);
  }
  return groups;
}

/** Lays features of any lengths into one `[batch, longest, width]` tensor, zeros behind the shorter ones. */
export function stackFeatures(features: readonly Features[], width: number): { data: Float32Array; dims: [number, number, number] } {
  const longest = Math.max(...features.map(({ frames }) => frames));
  const dims: [number, number, number] = [features.length, longest, width];
  if (features.length === 1) return { data: features[0]!.data, dims };
  const data = new Float32Array(features.length * longest * width);
  for (const [row, { data: piece }] of features.entries()) data.set(piece, row * longest * width);
  return { data, dims };
}

/** The inverse of `stackFeatures`: views of each piece's own frames. */
export function unstackFeatures(data: Float32Array, frames: readonly number[], width: number): Features[] {
  const longest = Math.max(...frames);
  return frames.map((count, row) => ({
    data: data.subarray(row * longest * width, (row * longest + count) * width),
    frames: count,
  }));
}
