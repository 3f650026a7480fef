import { CodesError } from "../../core/index.ts";
import { isCode } from "../grid/check-codes.ts";
import { checkCount } from "../grid/check-count.ts";
import { roundHalfEven } from "../grid/round-half-even.ts";
import { gridOf } from "../grid/token-grid.ts";
import type { TokenGrid, TokenType } from "../grid/token-grid.ts";
import type { BarkTokenOptions } from "./bark-coarse.ts";
import { bark } from "./bark-codes.ts";

/** Tokens in a row: a tensor of one clip, or a list. */
export type SemanticTokens = ArrayLike<number | bigint> | { readonly data: ArrayLike<number | bigint> };

/** What Bark's text model reads besides the text. */
export interface BarkTextInputOptions<Type extends TokenType> extends BarkTokenOptions<Type> {
  /** The semantic tokens that went before, such as a history prompt's `semanticPrompt`; the last 256 are used. @default none */
  readonly history?: SemanticTokens | undefined;
}

/**
 * What Bark's text model reads before it generates semantic tokens: text, history, and the token that asks for them.
 *
 * ```
 * 256 × (id + 10048), then 129595   |   256 × history, then 10000   |   129599
 * ```
 * suno's code and its checkpoints take all 513; transformers adds the embeddings of the first 256 to those of the second.
 * @param textIds Of the multilingual BERT tokenizer, without its special tokens; those beyond 256 are left out, as in the reference.
 * @returns `[1, 513]`.
 * @throws CodesError CODES_OUT_OF_RANGE for a history that is none; RangeError for ids that are none.
 * Source: suno-ai/bark `bark/generation.py` (035d08e), `generate_text_semantic`.
 */
export function barkTextInput<Type extends TokenType = "int64">(
  textIds: ArrayLike<number | bigint>,
  options: BarkTextInputOptions<Type> = {},
): TokenGrid<Type> {
  const { history = [], type = "int64" as Type } = options;
  const { promptLength, textOffset, textPadToken, semanticInferToken } = bark;
  const input = new Int32Array(2 * promptLength + 1).fill(textPadToken, 0, promptLength);
  for (const [index, id] of Array.from(textIds, Number).slice(0, promptLength).entries()) {
    checkCount(`text id ${index}`, id, 0, textPadToken - textOffset - 1);
    input[index] = id + textOffset;
  }
  input.set(barkSemanticHistory(history, { type: "int32" }).data, promptLength);
  input[2 * promptLength] = semanticInferToken;
  return gridOf(type, [1, input.length], input);
}

/**
 * The semantic history as the text model takes it: the last 256 tokens, with 10000 after them where there are fewer.
 * @returns `[1, 256]`.
 * @throws CodesError CODES_OUT_OF_RANGE for a value that is no semantic token.
 * Source: suno-ai/bark `bark/generation.py` (035d08e), `generate_text_semantic`; transformers' `BarkSemanticModel.generate`.
 */
export function barkSemanticHistory<Type extends TokenType = "int64">(
  semanticTokens: SemanticTokens,
  options: BarkTokenOptions<Type> = {},
): TokenGrid<Type> {
  const { type = "int64" as Type } = options;
  const { promptLength, numSemanticTokens } = bark;
  const history = new Int32Array(promptLength).fill(numSemanticTokens);
  history.set(tokensFrom(semanticTokens, "semantic", 0, numSemanticTokens).slice(-promptLength));
  return gridOf(type, [1, promptLength], history);
}

/** What Bark's coarse model reads besides semantic tokens. */
export interface BarkCoarseWindowOptions<Type extends TokenType> extends BarkTokenOptions<Type> {
  /** What `trimBarkHistory` gives. @default none */
  readonly history?: { readonly semanticTokens: SemanticTokens; readonly coarseTokens: SemanticTokens } | undefined;
  /** Coarse tokens that the model looks back on, 60…630; the same as for `trimBarkHistory`. @default 630 */
  readonly maxCoarseHistory?: number | undefined;
}

/**
 * What Bark's coarse model reads at the start of each window, after which it generates up to 60 tokens, of the two codebooks in turn.
 *
 * ```
 * 256 × semantic tokens around the time at hand, then 12048   |   12050   |   the last 630 coarse tokens
 * ```
 * Call it after every 60 tokens until there are `barkCoarseSteps(semanticTokens.length)`.
 * @param semanticTokens All of the clip's.
 * @param coarseTokens Those generated so far, without the history.
 * @returns `[1, 257 + n]`, n at most 630.
 * @throws CodesError CODES_OUT_OF_RANGE for tokens of another kind, RangeError for a `maxCoarseHistory` out of range.
 * Source: suno-ai/bark `bark/generation.py` (035d08e), `generate_coarse`.
 */
export function barkCoarseWindow<Type extends TokenType = "int64">(
  semanticTokens: SemanticTokens,
  coarseTokens: SemanticTokens,
  options: BarkCoarseWindowOptions<Type> = {},
): TokenGrid<Type> {
  const { history = { semanticTokens: [], coarseTokens: [] }, maxCoarseHistory = bark.maxCoarseHistory, type = "int64" as Type } = options;
  const { promptLength, numSemanticTokens, codebookSize, numCoarseCodebooks, coarseSemanticPadToken, coarseInferToken } = bark;
  checkCount("maxCoarseHistory", maxCoarseHistory, 60, bark.maxCoarseHistory);
  const semantic = (tokens: SemanticTokens): number[] => tokensFrom(tokens, "semantic", 0, numSemanticTokens);
  const coarse = (tokens: SemanticTokens): number[] =>
    tokensFrom(tokens, "coarse", numSemanticTokens, numSemanticTokens + numCoarseCodebooks * codebookSize);
  const past = semantic(history.semanticTokens);
  const generated = coarse(coarseTokens);
  // The reference's float, not the exact quotient.
  const coarsePerSemantic = (75 / 49.9) * numCoarseCodebooks;
  const now = past.length + roundHalfEven(generated.length / coarsePerSemantic);
  const first = Math.max(0, now - Math.floor(maxCoarseHistory / coarsePerSemantic));
  const seen = [...past, ...semantic(semanticTokens)].slice(first, first + promptLength);
  const context = [...coarse(history.coarseTokens), ...generated].slice(-maxCoarseHistory);
  const window = new Int32Array(promptLength + 1 + context.length).fill(coarseSemanticPadToken, 0, promptLength);
  window.set(seen);
  window[promptLength] = coarseInferToken;
  window.set(context, promptLength + 1);
  return gridOf(type, [1, window.length], window);
}

/** Tokens from `start` to `end` (exclusive), as numbers. */
function tokensFrom(tokens: SemanticTokens, kind: "semantic" | "coarse", start: number, end: number): number[] {
  const values = Array.from("data" in tokens ? tokens.data : tokens);
  const wrong = values.findIndex((token) => !isCode(token, end) || token < start);
  if (wrong < 0) return values.map(Number);
  throw new CodesError(
    "CODES_OUT_OF_RANGE",
    `found ${String(values[wrong])} at position ${wrong}; ${kind} tokens are integers from ${start} to ${end - 1}`,
  );
}
