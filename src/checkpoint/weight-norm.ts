import { CheckpointError } from "../core/index.ts";
import type { Turns } from "../core/index.ts";

/** Elements that are folded in some milliseconds. */
const elementsPerTurn = 2 ** 19;

/**
 * Folds weight normalisation over dimension 0 into a plain weight: `w[i] = g[i] · v[i] / ‖v[i]‖`, with the norm over
 * all other dimensions. Dimension 0 is the output channel of a convolution and the input channel of a transposed one.
 * Norms are summed in float64 and the result is rounded once. It takes the place of `direction`, so that no weight is
 * in memory twice.
 * @param magnitude `g`, one number per row of `direction`.
 * @param direction `v`, row-major `[numRows, …]`.
 * @param tensor Name of the folded tensor, for errors.
 * @throws CheckpointError if a row of `direction` has no direction (its norm is zero or not finite).
 * Source: Salimans and Kingma 2016, equation 2; PyTorch `torch._weight_norm` with `dim=0`.
 */
export function* foldWeightNorm(magnitude: Float32Array, direction: Float32Array, tensor: string): Turns<Float32Array> {
  const numRows = magnitude.length;
  let sinceTurn = 0;
  const rowLength = numRows === 0 ? 0 : direction.length / numRows;
  for (let row = 0; row < numRows; row++) {
    if ((sinceTurn += rowLength) > elementsPerTurn) {
      yield;
      sinceTurn = rowLength;
    }
    const begin = row * rowLength;
    const end = begin + rowLength;
    let squares = 0;
    for (let i = begin; i < end; i++) squares += direction[i]! * direction[i]!;
    const norm = Math.sqrt(squares);
    if (!(norm > 0 && norm < Infinity)) {
      throw new CheckpointError(
        "CHECKPOINT_TENSOR",
        `${tensor}: row ${row} of its weight-norm direction has norm ${norm}, so it cannot be normalised`,
        { tensor },
      );
    }
    const factor = magnitude[row]! / norm;
    for (let i = begin; i < end; i++) direction[i]! *= factor;
  }
  return direction;
}
