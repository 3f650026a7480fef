import { checkToken, filledGrid } from "./token-grid.ts";
import type { TokenGrid, TokenType } from "./token-grid.ts";

/**
 * A grid of the values that a function gives for each row and column; `dims` but the last are counted through as rows.
 * @throws RangeError if a value is not an integer that `type` can hold.
 */
export function tabulateGrid<Type extends TokenType>(
  type: Type,
  dims: readonly number[],
  valueAt: (row: number, column: number) => number | bigint,
): TokenGrid<Type> {
  const grid = filledGrid(type, dims);
  const numColumns = dims.at(-1)!;
  const isBigInt = type === "int64";
  for (let index = 0, row = 0; index < grid.data.length; row++) {
    for (let column = 0; column < numColumns; column++, index++) {
      const value = Number(valueAt(row, column));
      checkToken(value, type);
      grid.data[index] = (isBigInt ? BigInt(value) : value) as never;
    }
  }
  return grid;
}
