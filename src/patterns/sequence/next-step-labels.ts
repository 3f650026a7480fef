import { numbersOf, tabulateGrid } from "../grid/token-grid.ts";
import type { TokenGrid, TokenType } from "../grid/token-grid.ts";
import type { PatternSequence } from "../layout/pattern.ts";

/** The label that losses skip, in PyTorch and transformers alike. */
export const ignoredLabel = -100;

/** What a model learns besides codes. */
export interface NextStepLabelsOptions<Type extends TokenType = TokenType> {
  /** Learnt too, where it first stands after a row's last code: `layout.tokens.eos` of the model. @default none */
  readonly eosToken?: number | undefined;
  /** Type of the labels. @default "int64" */
  readonly type?: Type | undefined;
}

/**
 * A sequence as a model that predicts the next step is trained on it: what it reads, and what it is to answer.
 *
 * ```
 * sequence        inputs        labels                   S = special token, E = eos, P = pad, . = −100
 * S a0 a1  E  P   S a0 a1  E    a0 a1  E  .
 * S  S b0 b1  E   S  S b0 b1     . b0 b1  E
 * ```
 * A model that shifts labels itself (LLaMA of transformers) reads the whole sequence and takes as many labels: put a −100 before these.
 * @param sequence `[B, K, S]`, of `buildSequence` or `buildModelSequence`.
 * @returns `inputs` and `labels`, both `[B, K, S − 1]`; −100 where the next step has no code.
 * @throws RangeError if the type cannot hold −100 or a token.
 * Source: transformers `models/dia/processing_dia.py` (5.17), where labels of pad and bos are −100.
 */
export function nextStepLabels<Type extends TokenType = "int64">(
  sequence: PatternSequence,
  { eosToken, type = "int64" as Type }: NextStepLabelsOptions<Type> = {},
): { readonly inputs: TokenGrid<Type>; readonly labels: TokenGrid<Type> } {
  const [batchSize, numCodebooks, numSteps] = sequence.dims as [number, number, number];
  const tokens = numbersOf(sequence.data);
  const ends = new Int32Array(batchSize * numCodebooks).map((_, row) => {
    const start = row * numSteps;
    const lastCode = sequence.mask.subarray(start, start + numSteps).lastIndexOf(1);
    let step = lastCode + 1;
    while (step < numSteps && tokens[start + step] !== eosToken) step++;
    return step;
  });
  const dims = [batchSize, numCodebooks, Math.max(0, numSteps - 1)];
  return {
    inputs: tabulateGrid(type, dims, (row, step) => tokens[row * numSteps + step]!),
    labels: tabulateGrid(type, dims, (row, step) => {
      const next = row * numSteps + step + 1;
      return sequence.mask[next] === 1 || step + 1 === ends[row] ? tokens[next]! : ignoredLabel;
    }),
  };
}
