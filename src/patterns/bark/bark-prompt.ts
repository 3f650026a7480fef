import { AudioCodes, CodesError } from "../../core/index.ts";
import type { TensorLike } from "../../core/index.ts";
import { withName } from "../../storage/index.ts";
import { isCode } from "../grid/check-codes.ts";
import { gridOf } from "../grid/token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { flattenBarkCoarse } from "./bark-coarse.ts";
import type { BarkTokenOptions } from "./bark-coarse.ts";
import { bark, readBarkCodes } from "./bark-codes.ts";
import { barkHistoryLengths, barkSemanticLength, barkSemanticLengths } from "./bark-rates.ts";

/** The voice that Bark continues (`history_prompt`, transformers' `voice_preset`): one clip in the terms of each of its three models. */
export interface BarkHistoryPrompt {
  /** Semantic tokens `[N]`, 0…9999, about 49.9 per second. */
  readonly semanticPrompt: TokenGrid<"int32">;
  /** The first two codebooks `[2, T]`, 0…1023, 75 frames per second: codes, not the coarse model's tokens. */
  readonly coarsePrompt: TokenGrid<"int32">;
  /** All eight codebooks `[8, T]`, 0…1023; usually the coarse prompt and six codebooks more. */
  readonly finePrompt: TokenGrid<"int32">;
}

/** A history prompt that nobody has checked, in arrays of any integer type. */
export type BarkPromptArrays = { readonly [name in keyof BarkHistoryPrompt]: TensorLike };

/**
 * A history prompt from the codes of a clip and its semantic tokens.
 * @param codes Of the 24 kHz EnCodec at 6 kbps: `AudioCodes` or a tensor `[K, T]` or `[1, K, T]`. Of more than 8 codebooks the first 8 are used.
 * @param semanticTokens What was said in the clip, in Bark's own semantic tokens. They cannot be derived from codes: they come from Bark's text model,
 *   or from a tokenizer trained to imitate it. Their number is bound to that of the frames, see `barkSemanticLengths`.
 * @throws CodesError if the codes are of another codec or have too few codebooks, or the semantic tokens are out of range or too many or few.
 */
export function createBarkPrompt(codes: CodesInput, semanticTokens: ArrayLike<number | bigint>): BarkHistoryPrompt {
  const { data, batchSize, numFrames } = readBarkCodes(codes, bark.numFineCodebooks);
  if (batchSize !== 1) throw new CodesError("CODES_MISMATCH", `a history prompt is one clip; found a batch of ${batchSize}`);
  return checkBarkPrompt({
    semanticPrompt: { data: semanticTokens, dims: [semanticTokens.length] },
    coarsePrompt: { data: data.subarray(0, bark.numCoarseCodebooks * numFrames), dims: [bark.numCoarseCodebooks, numFrames] },
    finePrompt: { data, dims: [bark.numFineCodebooks, numFrames] },
  });
}

/**
 * Checks all that Bark asserts of a history prompt before it generates. Like Bark, it lets the fine prompt differ from the coarse one, in
 * length too: each model reads its own. Those made by `createBarkPrompt`, and those that come with Bark, have the same frames in both.
 * @returns The same prompt as int32.
 * @throws CodesError CODES_MISMATCH for wrong shapes or lengths that do not go together, CODES_OUT_OF_RANGE for values out of range.
 * Source: suno-ai/bark `bark/generation.py`, the assertions in `generate_text_semantic`, `generate_coarse` and `generate_fine`.
 */
export function checkBarkPrompt({ semanticPrompt, coarsePrompt, finePrompt }: BarkPromptArrays): BarkHistoryPrompt {
  for (const [name, part] of Object.entries({ semanticPrompt, coarsePrompt, finePrompt })) {
    if (typeof part !== "object" || part === null)
      throw new TypeError(`${name} is missing; a history prompt has semanticPrompt, coarsePrompt and finePrompt, all tensors`);
  }
  const semantic = checkSemantic(semanticPrompt);
  const coarse = checkPromptCodes(coarsePrompt, "coarse", bark.numCoarseCodebooks);
  const fine = checkPromptCodes(finePrompt, "fine", bark.numFineCodebooks);
  checkLengths(semantic.data.length, coarse.dims[1]!);
  return { semanticPrompt: semantic, coarsePrompt: coarse, finePrompt: fine };
}

/**
 * The clip of a history prompt, to be decoded or stored: its fine codes, 24 kHz at 6 kbps.
 * @throws CodesError as `checkBarkPrompt` does.
 */
export function codesFromBarkPrompt(prompt: BarkPromptArrays): AudioCodes {
  const { sampleRate, hopLength, codebookSize } = bark;
  return AudioCodes.fromTensor(checkBarkPrompt(prompt).finePrompt, { sampleRate, channels: 1, hopLength, codebookSize });
}

/** How much of a history prompt Bark's coarse model reads. */
export interface TrimBarkHistoryOptions<Type extends TokenType> extends BarkTokenOptions<Type> {
  /** Coarse tokens that the model may look back on, 60…630. @default 630 */
  readonly maxCoarseHistory?: number | undefined;
}

/**
 * The end of a history prompt as Bark's coarse model is given it; `barkHistoryLengths` says how much that is.
 * The lengths of the two need not go together, as for transformers. Where no semantic token can be used (a coarse prompt of one frame, or one semantic token) both
 * are empty here; the references then keep the whole semantic prompt and all but two coarse tokens, because `[-0:]` cuts nothing.
 * @returns Semantic tokens `[1, nS]` and coarse tokens `[1, nC]`, both possibly empty.
 * @throws CodesError for wrong shapes or values out of range.
 * Source: suno-ai/bark `bark/generation.py`, `generate_coarse`.
 */
export function trimBarkHistory<Type extends TokenType = "int64">(
  { semanticPrompt, coarsePrompt }: Pick<BarkPromptArrays, "semanticPrompt" | "coarsePrompt">,
  options: TrimBarkHistoryOptions<Type> = {},
): { readonly semanticTokens: TokenGrid<Type>; readonly coarseTokens: TokenGrid<Type> } {
  const { type = "int64" as Type, maxCoarseHistory } = options;
  const semantic = checkSemantic(semanticPrompt).data;
  const coarse = flattenBarkCoarse(checkPromptCodes(coarsePrompt, "coarse", bark.numCoarseCodebooks), { type: "int32" }).data;
  const { numSemantic, numCoarse } = barkHistoryLengths(semantic.length, coarse.length / bark.numCoarseCodebooks, maxCoarseHistory);
  const end = coarse.length - bark.numCoarseCodebooks;
  return {
    semanticTokens: gridOf(type, [1, numSemantic], semantic.subarray(semantic.length - numSemantic)),
    coarseTokens: gridOf(type, [1, numCoarse], coarse.subarray(end - numCoarse, end)),
  };
}

function checkSemantic({ data, dims }: TensorLike): TokenGrid<"int32"> {
  if (dims.length !== 1 || dims[0] !== data.length) {
    throw new CodesError("CODES_MISMATCH", `the semantic prompt has ${data.length} values of shape [${dims.join(", ")}]; expected [N]`);
  }
  if (data.length === 0) throw new CodesError("CODES_MISMATCH", "the semantic prompt is empty; Bark needs at least one token");
  const tokens = new Int32Array(data.length);
  for (let index = 0; index < tokens.length; index++) {
    if (!isCode(data[index], bark.numSemanticTokens)) {
      throw new CodesError(
        "CODES_OUT_OF_RANGE",
        `the semantic prompt holds ${data[index]} at position ${index}; semantic tokens are integers from 0 to ${bark.numSemanticTokens - 1}`,
      );
    }
    tokens[index] = Number(data[index]);
  }
  return { type: "int32", data: tokens, dims: [tokens.length] };
}

function checkPromptCodes(codes: TensorLike, name: string, numCodebooks: number): TokenGrid<"int32"> {
  const { dims } = codes;
  if (dims.length !== 2 || dims[0] !== numCodebooks || dims[1] === 0) {
    throw new CodesError("CODES_MISMATCH", `the ${name} prompt is of shape [${dims.join(", ")}]; expected [${numCodebooks}, T], T not 0`);
  }
  return withName(`the ${name} prompt`, () => gridOf("int32", dims, readBarkCodes(codes, numCodebooks).data));
}

function checkLengths(numSemantic: number, numFrames: number): void {
  const lengths = barkSemanticLengths(numFrames);
  if (lengths === null) {
    throw new CodesError(
      "CODES_MISMATCH",
      `no number of semantic tokens goes with ${numFrames} frames; use a clip of 15 frames (0.2 s) or more`,
    );
  }
  const { min, max } = lengths;
  if (numSemantic >= min && numSemantic <= max) return;
  const allowed = min === max ? `only ${min}` : `${min} to ${max}, best ${barkSemanticLength(numFrames)}`;
  throw new CodesError(
    "CODES_MISMATCH",
    `${numSemantic} semantic tokens do not go with ${numFrames} frames; Bark accepts ${allowed} (49.9 for 75 frames)`,
  );
}
