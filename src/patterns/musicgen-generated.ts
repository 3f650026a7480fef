import { CodesError } from "../core/index.ts";
import type { TensorLike } from "../core/index.ts";
import { applyDelayPatternMask, defaultPadToken, delayPatternMask, viewRows } from "./musicgen.ts";
import type { DelayPatternOptions } from "./musicgen.ts";
import { numDelaysOf } from "./musicgen-lengths.ts";
import type { MusicgenShape } from "./musicgen-lengths.ts";
import { filledGrid, tabulateGrid } from "./token-grid.ts";
import type { TokenGrid, TokenType } from "./token-grid.ts";

export interface GeneratedOptions<Type extends TokenType = TokenType> extends MusicgenShape {
  /** The mask that generation began with; needed after a prompt that generation did not keep to by itself. @default that without a prompt */
  readonly patternMask?: TensorLike | undefined;
  /** L that generation was asked for, where there is no mask. @default the columns that there are */
  readonly maxLength?: number | undefined;
  /** @default 2048 */
  readonly padToken?: number | undefined;
  /** @default "int32" */
  readonly type?: Type | undefined;
}

/**
 * The codes in what MusicGen generated, without the delays; `AudioCodes.fromTensor` takes those of one clip.
 *
 * transformers: the decoder's sequences. transformers.js, whose `generate` gives audio: the ids that its streamer is given, or those of
 * `PreTrainedModel.prototype.generate.call(model, …)`; with fewer than 2C − 1 columns they need `delayShort`.
 * @param outputIds `[B·K, L]`, with whatever was sampled in cells that hold no code.
 * @returns `[B, K, T]` with T = `framesOf` L. In stereo, `deinterleaveStereo` splits it.
 * @throws CodesError if a cell that needs a code has none, which would shift all codes after it, or if generation stopped early.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), end of `generate`; transformers.js (4.3) `_apply_and_filter_by_delay_pattern_mask`.
 */
export function fromGenerated<Type extends TokenType = "int32">(
  outputIds: TensorLike,
  options: GeneratedOptions<Type>,
): TokenGrid<Type> {
  const { numCodebooks, padToken = defaultPadToken, type = "int32" as Type } = options;
  numDelaysOf(options);
  const { numRows, numColumns } = viewRows(outputIds, numCodebooks);
  const maxLength = options.maxLength ?? numColumns;
  const patternMask = options.patternMask ?? withoutPrompt(numRows, { ...options, maxLength });
  const ids = applyDelayPatternMask(outputIds, patternMask).data;
  const mask = viewRows(patternMask, numCodebooks);
  const codes: number[][] = [];
  for (let row = 0; row < numRows; row++) {
    const rowCodes: number[] = [];
    const columnsWithout: number[] = [];
    for (let column = 0; column < numColumns; column++) {
      if (Number(mask.data[row * mask.numColumns + column]) === padToken) continue;
      const code = Number(ids[row * numColumns + column]);
      // Undelayed sequences start with a column that their mask does not show.
      if (column === 0 && code === padToken) continue;
      if (code === padToken || code < 0) columnsWithout.push(column);
      else rowCodes.push(code);
    }
    if (columnsWithout.length > 0) throw withoutCode(row, columnsWithout, numCodebooks, padToken);
    codes.push(rowCodes);
  }
  const numFrames = codes[0]!.length;
  const uneven = codes.findIndex((row) => row.length !== numFrames);
  if (uneven !== -1) {
    throw new CodesError(
      "CODES_MISMATCH",
      `row ${uneven} (${nameRow(uneven, numCodebooks)}) has ${codes[uneven]!.length} codes and row 0 has ${numFrames}: ` +
        (numColumns < mask.numColumns
          ? `the ids end at column ${numColumns} of ${mask.numColumns}; generate up to maxLength`
          : "the pattern mask has special tokens among the prompt's codes; leave those frames out of the prompt"),
    );
  }
  return tabulateGrid(type, [numRows / numCodebooks, numCodebooks, numFrames], (row, frame) => codes[row]![frame]!);
}

function withoutPrompt(numRows: number, options: DelayPatternOptions): TensorLike {
  const { padToken = defaultPadToken } = options;
  return delayPatternMask(filledGrid("int64", [numRows, 1], padToken), { ...options, type: "int64" }).patternMask;
}

function withoutCode(row: number, columns: readonly number[], numCodebooks: number, padToken: number): CodesError {
  const listed = columns.slice(0, 8).join(", ") + (columns.length > 8 ? ` and ${columns.length - 8} more` : "");
  return new CodesError(
    "CODES_OUT_OF_RANGE",
    `row ${row} (${nameRow(row, numCodebooks)}) has no code at column${columns.length === 1 ? "" : "s"} ${listed}, where one belongs; ` +
      `keep the model from generating ${padToken}, and let it finish`,
  );
}

function nameRow(row: number, numCodebooks: number): string {
  return `clip ${Math.floor(row / numCodebooks)}, codebook ${row % numCodebooks}`;
}
