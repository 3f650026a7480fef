import type { AudioCodes } from "../core/index.ts";
import { formatPng } from "./png.ts";
import { viridis } from "./viridis.ts";

/** More columns than this no screen shows; longer clips show every so many-th frame. */
const maxColumns = 2000;

const paletteSize = 256;

/** Codes as a picture: a row for each codebook, the first on top, and a column for each frame. */
export interface CodeGrid {
  readonly png: Uint8Array;
  readonly columns: number;
  /** What the picture is wide, in seconds: whole frames, so it may end after the clip does. */
  readonly seconds: number;
}

/** Draws codes by value: 0 is the darkest colour, codebookSize − 1 the lightest. */
export function drawCodeGrid(codes: AudioCodes): CodeGrid {
  const { numCodebooks, numFrames, hopLength, codebookSize } = codes;
  const clipFrames = Math.ceil(codes.numSamples / hopLength);
  const columns = Math.min(maxColumns, clipFrames);
  const pixels = new Uint8Array(numCodebooks * columns);
  for (let column = 0; column < columns; column++) {
    const { segment, frame } = frameAt(codes, ((column + 0.5) / columns) * clipFrames * hopLength);
    for (let k = 0; k < numCodebooks; k++) {
      const code = codes.data[(segment * numCodebooks + k) * numFrames + frame]!;
      pixels[k * columns + column] = Math.floor((code / codebookSize) * paletteSize);
    }
  }
  const palette = Array.from({ length: paletteSize }, (_, index) => viridis(index / (paletteSize - 1)));
  return { png: formatPng(pixels, columns, numCodebooks, palette), columns, seconds: (clipFrames * hopLength) / codes.sampleRate };
}

/** The frame that a sample lies in; where segments overlap, that of the later one. */
function frameAt(codes: AudioCodes, sample: number): { readonly segment: number; readonly frame: number } {
  const { stride } = codes.segment ?? { stride: Infinity };
  const segment = Math.min(codes.numSegments - 1, Math.floor(sample / stride));
  const start = segment === 0 ? 0 : segment * stride;
  const frame = Math.floor((sample - start) / codes.hopLength);
  return { segment, frame: Math.min(frame, codes.segmentFrames(segment) - 1) };
}
