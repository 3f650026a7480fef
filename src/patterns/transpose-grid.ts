import { tabulateGrid } from "./tabulate-grid.ts";
import { viewGrid } from "./token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "./token-grid.ts";

/**
 * Swaps rows and columns: codes `[B, K, T]` as time-major models and files take them, `[B, T, K]` (Dia, VALL-E, SoundStorm), and back.
 * @param grid `[K, T]` or `[B, K, T]`.
 */
export function transposeGrid<Type extends TokenType = "int32">(
  grid: CodesInput,
  { type = "int32" as Type }: { readonly type?: Type | undefined } = {},
): TokenGrid<Type> {
  const { data, batchSize, numRows, numColumns } = viewGrid(grid);
  return tabulateGrid(type, [batchSize, numColumns, numRows], (row, column) => {
    const item = Math.floor(row / numColumns);
    return data[(item * numRows + column) * numColumns + (row % numColumns)]!;
  });
}
