import { CodesError } from "../../core/index.ts";
import { numbersOf, tabulateGrid, viewGrid } from "./token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "./token-grid.ts";

/**
 * Joins the codes of two channels, each coded as mono, row by row: q0 left, q0 right, q1 left, q1 right, …
 * The codes of a mono clip twice give what stereo MusicGen makes of it.
 * @param left `[K, T]` or `[B, K, T]`.
 * @param right Of the same shape.
 * @returns `[B, 2K, T]`.
 * @throws CodesError if the shapes differ.
 * Source: audiocraft `models/encodec.py` (896ec7c), `InterleaveStereoCompressionModel`; transformers `models/musicgen/modeling_musicgen.py` (5.17).
 */
export function interleaveStereo<Type extends TokenType = "int32">(
  left: CodesInput,
  right: CodesInput,
  { type = "int32" as Type }: { readonly type?: Type | undefined } = {},
): TokenGrid<Type> {
  const channels = [viewGrid(left), viewGrid(right)] as const;
  const [{ batchSize, numRows, numColumns }] = channels;
  const shapes = channels.map((view) => [view.batchSize, view.numRows, view.numColumns].join(", "));
  if (shapes[0] !== shapes[1]) {
    throw new CodesError(
      "CODES_MISMATCH",
      `left [${shapes[0]}] and right [${shapes[1]}] differ in shape; encode both channels at the same length and bandwidth`,
    );
  }
  const codes = channels.map(({ data }) => numbersOf(data)) as [ArrayLike<number>, ArrayLike<number>];
  return tabulateGrid(
    type,
    [batchSize, 2 * numRows, numColumns],
    (row, frame) => codes[row % 2]![Math.floor(row / 2) * numColumns + frame]!,
  );
}

/**
 * Splits codes of stereo MusicGen into those of each channel: the inverse of `interleaveStereo`.
 * @param codes `[2K, T]` or `[B, 2K, T]`.
 * @returns `[B, K, T]` each.
 * @throws CodesError if the number of rows is odd.
 */
export function deinterleaveStereo<Type extends TokenType = "int32">(
  codes: CodesInput,
  { type = "int32" as Type }: { readonly type?: Type | undefined } = {},
): { readonly left: TokenGrid<Type>; readonly right: TokenGrid<Type> } {
  const { data, batchSize, numRows, numColumns } = viewGrid(codes);
  if (numRows % 2 !== 0) {
    throw new CodesError("CODES_MISMATCH", `expected an even number of rows, left and right in turn; found ${numRows}`);
  }
  const tokens = numbersOf(data);
  const channel = (offset: 0 | 1): TokenGrid<Type> =>
    tabulateGrid(type, [batchSize, numRows / 2, numColumns], (row, frame) => tokens[(2 * row + offset) * numColumns + frame]!);
  return { left: channel(0), right: channel(1) };
}
