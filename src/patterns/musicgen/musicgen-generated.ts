import { CodesError } from "../../core/index.ts";
import type { TensorLike } from "../../core/index.ts";
import { isCode } from "../grid/check-codes.ts";
import { filledGrid, numbersOf, tabulateGrid } from "../grid/token-grid.ts";
import type { TokenGrid, TokenType } from "../grid/token-grid.ts";
import { numDelaysOf } from "./musicgen-lengths.ts";
import type { MusicgenShape } from "./musicgen-lengths.ts";
import { defaultPadToken, musicgenDelayPatternMask, toBeGenerated, viewMask, viewRows } from "./musicgen.ts";
import type { MusicgenDelayPatternOptions } from "./musicgen.ts";

/** What is known of a sequence that MusicGen generated. */
export interface MusicgenGeneratedOptions<Type extends TokenType = TokenType> extends MusicgenShape {
  /** The mask that generation began with; needed after a prompt that generation did not keep to by itself. @default that without a prompt */
  readonly patternMask?: TensorLike | undefined;
  /** L that generation was asked for, where there is no mask. @default the columns that there are */
  readonly maxLength?: number | undefined;
  /** The id that stands in cells without a code. @default 2048 */
  readonly padToken?: number | undefined;
  /** Type of the codes. @default "int32" */
  readonly type?: Type | undefined;
}

/**
 * The codes in what MusicGen generated, without the delays; `AudioCodes.fromTensor` takes those of one clip.
 *
 * transformers: the decoder's sequences. transformers.js, whose `generate` gives audio: the ids that its streamer is given, or those of
 * `PreTrainedModel.prototype.generate.call(model, …)`; with fewer than 2C − 1 columns they need `delayShort`.
 * @param outputIds `[B·K, L]`, with whatever was sampled in cells that hold no code.
 * @returns `[B, K, T]` with T = `musicgenFramesOf` L. In stereo, `deinterleaveStereo` splits it.
 * @throws CodesError if a cell that needs a code has none, 0 to `padToken` − 1, which would shift all codes after it, or if generation stopped early.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), end of `generate`; transformers.js (4.3) `_apply_and_filter_by_delay_pattern_mask`.
 */
export function musicgenCodesFromGenerated<Type extends TokenType = "int32">(
  outputIds: TensorLike,
  options: MusicgenGeneratedOptions<Type>,
): TokenGrid<Type> {
  const { numCodebooks, padToken = defaultPadToken, type = "int32" as Type } = options;
  numDelaysOf(options);
  const { data, numRows, numColumns } = viewRows(outputIds, numCodebooks);
  const maxLength = options.maxLength ?? numColumns;
  const mask = viewMask(options.patternMask ?? withoutPrompt(numRows, { ...options, maxLength }), numRows, numColumns);
  const [ids, given] = [numbersOf(data), numbersOf(mask.data)];
  const codes = new Float64Array(numRows * numColumns);
  const lengths = new Uint32Array(numRows);
  for (let row = 0; row < numRows; row++) {
    const columnsWithout: number[] = [];
    let numFound = 0;
    for (let column = 0; column < numColumns; column++) {
      const token = given[row * mask.numColumns + column]!;
      if (token === padToken) continue;
      const code = token === toBeGenerated ? ids[row * numColumns + column]! : token;
      // Undelayed sequences start with a column that their mask does not show.
      if (column === 0 && code === padToken) continue;
      if (isCode(code, padToken)) codes[row * numColumns + numFound++] = code;
      else columnsWithout.push(column);
    }
    if (columnsWithout.length > 0) throw withoutCode(row, columnsWithout, numCodebooks, padToken);
    lengths[row] = numFound;
  }
  const numFrames = lengths[0]!;
  const uneven = lengths.findIndex((length) => length !== numFrames);
  if (uneven !== -1) {
    throw new CodesError(
      "CODES_MISMATCH",
      `row ${uneven} (${nameRow(uneven, numCodebooks)}) has ${lengths[uneven]} codes and row 0 has ${numFrames}: ` +
        (numColumns < mask.numColumns
          ? `the ids end at column ${numColumns} of ${mask.numColumns}; generate up to maxLength`
          : "the pattern mask has special tokens among the prompt's codes; leave those frames out of the prompt"),
    );
  }
  return tabulateGrid(type, [numRows / numCodebooks, numCodebooks, numFrames], (row, frame) => codes[row * numColumns + frame]!);
}

function withoutPrompt(numRows: number, options: MusicgenDelayPatternOptions): TensorLike {
  const { padToken = defaultPadToken } = options;
  return musicgenDelayPatternMask(filledGrid("int32", [numRows, 1], padToken), { ...options, type: "int32" }).patternMask;
}

function withoutCode(row: number, columns: readonly number[], numCodebooks: number, padToken: number): CodesError {
  const listed = columns.slice(0, 8).join(", ") + (columns.length > 8 ? ` and ${columns.length - 8} more` : "");
  return new CodesError(
    "CODES_OUT_OF_RANGE",
    `row ${row} (${nameRow(row, numCodebooks)}) has no code at column${columns.length === 1 ? "" : "s"} ${listed}, where one from 0 to ${padToken - 1} belongs; ` +
      "keep the model from generating anything else, and let it finish",
  );
}

function nameRow(row: number, numCodebooks: number): string {
  return `clip ${Math.floor(row / numCodebooks)}, codebook ${row % numCodebooks}`;
}
