import { CodesError } from "../../core/index.ts";
import type { TensorLike } from "../../core/index.ts";
import { gridOf, viewGrid } from "../grid/token-grid.ts";
import type { CodesInput, TokenGrid, TokenType } from "../grid/token-grid.ts";
import { bark, readBarkCodes } from "./bark-codes.ts";

/** The type of tokens for Bark. */
export interface BarkTokenOptions<Type extends TokenType> {
  /** Type of the tokens. @default "int64" for what models read, "int32" for codes */
  readonly type?: Type | undefined;
}

/** Codebooks of the coarse model. */
const K = bark.numCoarseCodebooks;

/**
 * The tokens of Bark's coarse model: the first two codebooks, frame by frame, each with a range of its own.
 *
 * ```
 * codes [2, T]   a0 a1 a2        tokens [2T]   a0 b0 a1 b1 a2 b2
 *                b0 b1 b2        a + 10000, b + 11024
 * ```
 * @param codes Of the 24 kHz EnCodec with two codebooks or more, of which the first two are used: `AudioCodes` or a tensor `[K, T]` or `[B, K, T]`.
 * @returns `[B, 2T]`, 10000…12047.
 * @throws CodesError if they are of another codec, or a value is no code.
 * Source: suno-ai/bark `bark/generation.py`, `_flatten_codebooks` and its use in `generate_coarse`.
 */
export function flattenBarkCoarse<Type extends TokenType = "int64">(
  codes: CodesInput,
  options: BarkTokenOptions<Type> = {},
): TokenGrid<Type> {
  const { type = "int64" as Type } = options;
  const { data, batchSize, numFrames } = readBarkCodes(codes, K);
  const tokens = new Uint16Array(data.length);
  for (let item = 0; item < batchSize; item++) {
    const start = item * K * numFrames;
    for (let q = 0; q < K; q++) {
      for (let t = 0; t < numFrames; t++) tokens[start + K * t + q] = data[start + q * numFrames + t]! + firstToken(q);
    }
  }
  return gridOf(type, [batchSize, K * numFrames], tokens);
}

/**
 * The codes of coarse tokens: the inverse of `flattenBarkCoarse`.
 * Every token must be one of its codebook's; suno's and transformers' own inverses do not look (the latter takes tokens modulo 1024),
 * so that a sequence that starts within a frame becomes codes of the wrong codebooks.
 * @param tokens `[S]` or `[B, S]`, S even.
 * @returns `[B, 2, S / 2]`, 0…1023.
 * @throws CodesError CODES_MISMATCH for an odd length, CODES_OUT_OF_RANGE for a token out of its codebook's range.
 * Source: suno-ai/bark `bark/generation.py`, end of `generate_coarse`; huggingface/transformers `models/bark/modeling_bark.py`, `BarkFineModel.generate`.
 */
export function unflattenBarkCoarse<Type extends TokenType = "int32">(
  tokens: TensorLike,
  options: BarkTokenOptions<Type> = {},
): TokenGrid<Type> {
  const { type = "int32" as Type } = options;
  const dims = tokens.dims.length === 1 ? [1, tokens.dims[0]!] : tokens.dims;
  if (dims.length !== 2)
    throw new CodesError("CODES_MISMATCH", `tokens of shape [${dims.join(", ")}] are not coarse tokens; expected [S] or [B, S]`);
  const { data, numRows: batchSize, numColumns: length } = viewGrid({ data: tokens.data, dims });
  if (length % K !== 0) {
    throw new CodesError(
      "CODES_MISMATCH",
      `${length} coarse tokens end within a frame; each frame is ${K}: drop the last token, or generate one more`,
    );
  }
  const numFrames = length / K;
  const codes = new Uint16Array(data.length);
  for (let index = 0; index < codes.length; index++) {
    const item = Math.floor(index / length);
    const position = index % length;
    const q = position % K;
    const code = Number(data[index]) - firstToken(q);
    if (!Number.isInteger(code) || code < 0 || code >= bark.codebookSize) throw notOfCodebook(q, Number(data[index]), position);
    codes[(item * K + q) * numFrames + (position - q) / K] = code;
  }
  return gridOf(type, [batchSize, K, numFrames], codes);
}

/** The token of code 0 of a codebook. */
function firstToken(q: number): number {
  return bark.numSemanticTokens + q * bark.codebookSize;
}

function notOfCodebook(q: number, token: number, position: number): CodesError {
  const codebook = Math.floor((token - bark.numSemanticTokens) / bark.codebookSize);
  const found =
    codebook >= 0 && codebook < K
      ? `is of codebook ${codebook}; the sequence may start within a frame`
      : token >= 0 && token < bark.numSemanticTokens
        ? "is a semantic token; pass only what follows the infer token"
        : token === bark.coarseInferToken || token === bark.coarseSemanticPadToken
          ? "is a special token; pass only what follows the infer token"
          : "is no coarse token";
  const range = `${firstToken(q)} to ${firstToken(q) + bark.codebookSize - 1}`;
  return new CodesError("CODES_OUT_OF_RANGE", `token ${token} at position ${position} ${found}; expected codebook ${q}, ${range}`);
}
