import type { TensorLike } from "../../core/index.ts";
import { viewGrid } from "../grid/token-grid.ts";

/** The `Tensor` class of @huggingface/transformers, as far as logits need it. */
export type LogitsConstructor<T> = new (type: "float32", data: Float32Array, dims: number[]) => T;

/** What is read of logits: `[B·K, card]`, float32. */
export interface LogitsLike {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** Called by `generate` before each token is sampled; fits both a `LogitsProcessorList` of transformers.js and a plain array. */
export interface MusicgenLogitsProcessor<T> {
  (inputIds: readonly (readonly bigint[])[], logits: T): T;
  /** The same, as transformers.js calls it. */
  _call(inputIds: readonly (readonly bigint[])[], logits: T): T;
}

/**
 * A logits processor that makes `generate` of transformers.js keep to a delay pattern, which lets it continue an audio prompt:
 * cells with a token of their own (the prompt's last codes, the special tokens of both ends) get that token, all others are left to the model.
 *
 * ```ts
 * const { decoderInputIds: ids, patternMask } = musicgenDecoderInputIds(codes, { maxLength, delayShort: true });
 * const processors = new LogitsProcessorList();
 * processors.push(musicgenLogitsProcessor(patternMask, Tensor));
 * await model.generate({
 *   ...inputs,
 *   decoder_input_ids: new Tensor(ids.type, ids.data, ids.dims),
 *   max_length: maxLength,
 *   logits_processor: processors,
 * });
 * ```
 * What transformers.js 4.3 itself demands: a `guidance_scale` above 1, as MusicGen has by default (at 1 it repeats the text for every row of ids),
 * and a mono model, since its `prepare_inputs_for_generation` does not know the delays of stereo.
 * @param patternMask `[B·K, L]`, of `musicgenDecoderInputIds`.
 * @param Tensor The class to build: `import { Tensor } from "@huggingface/transformers"`. Models have no logit for the special token; it is added.
 * @throws RangeError if the mask is one without delays (transformers.js always delays), and, while generating, if ids or logits do not fit the mask.
 */
export function musicgenLogitsProcessor<T extends LogitsLike>(
  patternMask: TensorLike,
  Tensor: LogitsConstructor<T>,
): MusicgenLogitsProcessor<T> {
  const { data: mask, batchSize, numRows: rowsOfEach, numColumns } = viewGrid(patternMask);
  const numRows = batchSize * rowsOfEach;
  if (numColumns === 0 || Number(mask[0]) === -1) {
    throw new RangeError("this pattern mask has no delays, and transformers.js always delays; make it with delayShort: true");
  }
  const process = (inputIds: readonly (readonly bigint[])[], logits: T): T => {
    const column = inputIds[0]?.length ?? 0;
    if (inputIds.length !== numRows || column >= numColumns) {
      throw new RangeError(
        `the pattern mask [${numRows}, ${numColumns}] has no column ${column} for ${inputIds.length} rows; generate with max_length ${numColumns}`,
      );
    }
    const forced = Array.from({ length: numRows }, (_, row) => Number(mask[row * numColumns + column]));
    const fitted = widen(logits, numRows, Math.max(...forced) + 1, Tensor);
    const data = fitted.data as Float32Array;
    const card = data.length / numRows;
    for (const [row, token] of forced.entries()) {
      if (token < 0) continue;
      data.fill(-Infinity, row * card, (row + 1) * card);
      data[row * card + token] = 0;
    }
    return fitted;
  };
  return Object.assign(process, { _call: process });
}

/** The same logits with place for at least `card` tokens, none of which the model would choose. */
function widen<T extends LogitsLike>(logits: T, numRows: number, card: number, Tensor: LogitsConstructor<T>): T {
  const { data, dims } = logits;
  const given = dims.at(-1)!;
  if (!(data instanceof Float32Array) || dims[0] !== numRows || data.length !== numRows * given) {
    throw new RangeError(`expected float32 logits [${numRows}, card]; received [${dims.join(", ")}]`);
  }
  if (card <= given) return logits;
  const wide = new Float32Array(numRows * card).fill(-Infinity);
  for (let row = 0; row < numRows; row++) wide.set(data.subarray(row * given, (row + 1) * given), row * card);
  return new Tensor("float32", wide, [numRows, card]);
}
