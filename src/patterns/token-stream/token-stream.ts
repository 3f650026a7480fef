import { CodesError, joinArrays } from "../../core/index.ts";
import type { TensorLike } from "../../core/index.ts";
import { checkCount } from "../grid/check-count.ts";
import { tokenArrays } from "../grid/token-grid.ts";
import type { TokenArrays, TokenGrid } from "../grid/token-grid.ts";

/** `flat`: tokens and nothing else, as nanoGPT reads them. `megatron`: the same with an index beside it, as Megatron-LM reads it. */
export type TokenStreamFormat = "flat" | "megatron";

/** How documents become one stream of tokens. */
export type TokenStream = (
  | { readonly format: "flat"; readonly type: "uint16" | "uint32" }
  | { readonly format: "megatron"; readonly type: "uint16" | "int32" }
) &
  TokenStreamVocabulary;

/** The numbers that tokens of a stream may be. */
export interface TokenStreamVocabulary {
  /** Tokens are 0…vocabularySize − 1, `eosToken` among them. */
  readonly vocabularySize: number;
  /** Ends every document, and is nowhere else. */
  readonly eosToken: number;
}

/** Integer types of tokens on disk, little-endian. */
export type TokenStreamType = TokenStream["type"];

/** Tokens as they are stored. */
export type StoredTokens = TokenArrays[TokenStreamType];

/**
 * Tokens of one document `[S]`, of any integer type; or a grid of `[S]`, `[B, S]` or `[B, 1, S]`, whose rows are
 * documents of their own.
 */
export type DocumentTokens = ArrayLike<number | bigint> | TensorLike | TokenGrid;

/** Documents of one length as the stream holds them. */
export interface DocumentBytes {
  readonly bytes: Uint8Array;
  readonly numDocuments: number;
  /** Tokens in each document, the one that ends it included. */
  readonly documentLength: number;
}

const largestVocabularies: Readonly<Record<TokenStreamFormat, number>> = { flat: 2 ** 32, megatron: 2 ** 31 };

/** Tokens in a document, the one that ends it included: Megatron keeps lengths as int32. */
const maxDocumentLength = 2 ** 31 - 1;

/** Bytes that one token takes. */
export function bytesPerToken(type: TokenStreamType): number {
  return tokenArrays[type].BYTES_PER_ELEMENT;
}

/**
 * Describes a stream whose type is the one that the format's trainers take a vocabulary of this size to have:
 * flat `uint16` for a `vocabularySize` below 65536, otherwise `uint32`; Megatron `uint16` below 65500, otherwise `int32`.
 * @throws RangeError for a vocabulary that no type holds, or an `eosToken` outside of it.
 * Source: Megatron-LM `megatron/core/datasets/indexed_dataset.py` (00caa53), `DType.optimal_dtype`; nanoGPT
 * `data/openwebtext/prepare.py` (3adf61e).
 */
export function tokenStream(format: TokenStreamFormat, { vocabularySize, eosToken }: TokenStreamVocabulary): TokenStream {
  if (!Object.hasOwn(largestVocabularies, format)) {
    throw new RangeError(`unknown format ${JSON.stringify(format)}; expected "flat" or "megatron"`);
  }
  checkCount("vocabularySize", vocabularySize, 1, largestVocabularies[format]);
  if (!Number.isInteger(eosToken) || eosToken < 0 || eosToken >= vocabularySize) {
    throw new RangeError(`eosToken must be a token of the vocabulary, 0 to ${vocabularySize - 1}; received ${eosToken}`);
  }
  const vocabulary = { vocabularySize, eosToken };
  return format === "flat"
    ? { format, type: vocabularySize < 65_536 ? "uint16" : "uint32", ...vocabulary }
    : { format, type: vocabularySize < 65_500 ? "uint16" : "int32", ...vocabulary };
}

/**
 * The bytes of documents, each followed by `eosToken`. An empty document is its `eosToken` alone.
 * @throws CodesError with code CODES_OUT_OF_RANGE for a token outside the vocabulary, and CODES_MISMATCH for one that is
 * `eosToken`, which would cut the document in two, or for a grid that is not made of documents.
 */
export function formatDocuments(tokens: DocumentTokens, stream: TokenStream): DocumentBytes {
  const { data, numDocuments, numTokens } = viewDocuments(tokens);
  const { vocabularySize, eosToken } = stream;
  const documentLength = numTokens + 1;
  if (documentLength > maxDocumentLength) {
    throw new RangeError(`a document of ${numTokens} tokens is too long; expected at most ${maxDocumentLength - 1}`);
  }
  const array = new tokenArrays[stream.type](numDocuments * documentLength);
  let at = 0;
  for (let document = 0; document < numDocuments; document++) {
    for (let position = 0; position < numTokens; position++) {
      const token = toNumber(data[document * numTokens + position]);
      if (!(token >= 0 && token < vocabularySize) || token === eosToken || !Number.isInteger(token)) {
        const where = numDocuments === 1 ? `position ${position}` : `position ${position} of row ${document}`;
        throw refused(data[document * numTokens + position], where, stream);
      }
      array[at++] = token;
    }
    array[at++] = eosToken;
  }
  return { bytes: new Uint8Array(array.buffer), numDocuments, documentLength };
}

/**
 * Reads a piece of a stream. The result does not share memory with `bytes`.
 * @throws CodesError with code CODES_FORMAT for a part of a token, or CODES_OUT_OF_RANGE for one outside the vocabulary.
 */
export function parseTokens(bytes: Uint8Array, { type, vocabularySize }: TokenStream): StoredTokens {
  const size = bytesPerToken(type);
  if (bytes.length % size !== 0) {
    throw new CodesError("CODES_FORMAT", `${bytes.length} bytes are not a whole number of ${type} tokens; the stream may be cut short`);
  }
  const tokens = new tokenArrays[type](new Uint8Array(bytes).buffer);
  for (let position = 0; position < tokens.length; position++) {
    const token = tokens[position]!;
    if (token < 0 || token >= vocabularySize) {
      throw new CodesError("CODES_OUT_OF_RANGE", `a stream has token ${token}; expected 0 to ${vocabularySize - 1}`);
    }
  }
  return tokens;
}

/** Pieces of a stream as one, in an array of its own. */
export function joinTokens(parts: readonly StoredTokens[], { type }: TokenStream): StoredTokens {
  return joinArrays<StoredTokens>(parts, tokenArrays[type]);
}

interface Documents {
  /** `[numDocuments, numTokens]`, row-major. */
  readonly data: ArrayLike<number | bigint>;
  readonly numDocuments: number;
  readonly numTokens: number;
}

function viewDocuments(tokens: DocumentTokens): Documents {
  if (typeof tokens !== "object" || tokens === null)
    throw new TypeError(`expected an array or a grid of tokens; received ${typeof tokens}`);
  if (!("dims" in tokens)) {
    if (!Number.isSafeInteger(tokens.length))
      throw new TypeError("expected an array or a grid of tokens; received an object without length");
    return { data: tokens, numDocuments: 1, numTokens: tokens.length };
  }
  const { data, dims } = tokens;
  const isDocuments = dims.length === 1 || dims.length === 2 || (dims.length === 3 && dims[1] === 1);
  if (!isDocuments || !dims.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new CodesError(
      "CODES_MISMATCH",
      `a grid of shape [${dims.join(", ")}] is not documents; expected [S], [B, S] or [B, 1, S]: flatten the codebooks into one row first`,
    );
  }
  const numTokens = dims.at(-1)!;
  const numDocuments = dims.length === 1 ? 1 : dims[0]!;
  if (data.length !== numDocuments * numTokens) {
    throw new CodesError(
      "CODES_MISMATCH",
      `a grid of shape [${dims.join(", ")}] needs ${numDocuments * numTokens} tokens; found ${data.length}`,
    );
  }
  return { data, numDocuments, numTokens };
}

/** NaN for what is not a number, text that looks like one included. */
function toNumber(value: number | bigint | undefined): number {
  return typeof value === "number" ? value : typeof value === "bigint" ? Number(value) : Number.NaN;
}

function refused(value: unknown, where: string, { vocabularySize, eosToken }: TokenStream): CodesError {
  const found = `token ${typeof value === "string" ? JSON.stringify(value) : String(value)} at ${where}`;
  return toNumber(value as number) === eosToken
    ? new CodesError("CODES_MISMATCH", `${found} is eosToken, which is put after every document and may not be within one; leave it out`)
    : new CodesError("CODES_OUT_OF_RANGE", `${found} is not in the vocabulary; expected an integer from 0 to ${vocabularySize - 1}`);
}
