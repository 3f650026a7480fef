import { filledGrid } from "./token-grid.ts";
import type { TokenGrid, TokenType } from "./token-grid.ts";

/** A grid that holds these tokens, each of which must fit `type`; `tokens` are as many as `dims` say. */
export function gridOf<Type extends TokenType>(type: Type, dims: readonly number[], tokens: ArrayLike<number>): TokenGrid<Type> {
  const grid = filledGrid(type, dims);
  const { data } = grid;
  if (data instanceof BigInt64Array) for (let index = 0; index < tokens.length; index++) data[index] = BigInt(tokens[index]!);
  else data.set(tokens);
  return grid;
}
