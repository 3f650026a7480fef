import type { AudioCodes } from "../src/index.ts";
import type { Embedder, GoldenCase } from "./golden.ts";

/*
 * Codes must equal the reference's. Where a frame's codes differ, one of two things must explain the first difference
 * (the quantizers behind it follow another residual and do not count):
 * - a near-tie: (second best distance − best) / (|r|² + |e|²) is under 1e-4;
 * - the residual is so small that the rounding of the embedding decides: going from the reference's embedding to ours,
 *   a move that is itself within the tolerance for embeddings, is enough to cross the border between the two entries.
 *   (Digital silence comes to this after two or three quantizers.)
 */
const nearTie = 1e-4;

/** Frames whose codes differ without an explanation, as readable lines. */
export async function findUnexplained(
  codes: AudioCodes,
  expected: Int32Array,
  golden: GoldenCase,
  embedder: Embedder | null,
): Promise<string[]> {
  const [numSegments, numCodebooks, numFrames] = codes.shape;
  const margins = await golden.margins();
  const marginRows = margins.length / numSegments / numFrames;
  const lines: string[] = [];
  for (let segment = 0; segment < numSegments; segment++) {
    for (let frame = 0; frame < numFrames; frame++) {
      const at = (k: number): number => (segment * numCodebooks + k) * numFrames + frame;
      const k = Array.from({ length: numCodebooks }, (_, row) => row).find((row) => codes.data[at(row)] !== expected[at(row)]);
      if (k === undefined) continue;
      const margin = margins[(segment * marginRows + k) * numFrames + frame]!;
      if (margin < nearTie) continue;
      const previous = Array.from({ length: k }, (_, row) => expected[at(row)]!);
      const choice = { ours: codes.data[at(k)]!, theirs: expected[at(k)]! };
      if (embedder !== null && (await isWithinRounding(golden, embedder, frame, numFrames, previous, choice))) continue;
      lines.push(`segment ${segment}, frame ${frame}, quantizer ${k}: ${choice.ours} for ${choice.theirs}, margin ${margin}`);
    }
  }
  return lines;
}

/** Whether moving from the reference's embedding to ours crosses the border between the two entries at one frame. */
async function isWithinRounding(
  golden: GoldenCase,
  { embed, codebooks }: Embedder,
  frame: number,
  numFrames: number,
  previous: readonly number[],
  choice: { readonly ours: number; readonly theirs: number },
): Promise<boolean> {
  const column = (embeddings: Float32Array): number[] =>
    Array.from({ length: embeddings.length / numFrames }, (_, row) => embeddings[row * numFrames + frame]!);
  const theirs = column(await golden.embeddings());
  const ours = column(await embed(golden.waveform.channelData[0]!));
  const move = Math.hypot(...theirs.map((value, row) => value - ours[row]!));
  const entry = (k: number, code: number): Float32Array => codebooks[k]!.subarray(code * theirs.length, (code + 1) * theirs.length);
  const residual = previous.reduce((rest, code, k) => rest.map((value, row) => value - entry(k, code)[row]!), theirs);
  const [a, b] = [entry(previous.length, choice.theirs), entry(previous.length, choice.ours)];
  const distance = (point: Float32Array): number => residual.reduce((sum, value, row) => sum + (value - point[row]!) ** 2, 0);
  const toBorder = (distance(b) - distance(a)) / 2 / Math.hypot(...a.map((value, row) => value - b[row]!));
  return toBorder <= move;
}
