import { open, stat } from "node:fs/promises";
import { CodesError, maxJsonLength, readRange } from "../core/index.ts";
import { bytesPerToken, joinTokens, parseMegatronIndex, parseTokens } from "../patterns/index.ts";
import type { MegatronIndex, StoredTokens } from "../patterns/index.ts";
import { readError, readWholeFile } from "./read-file.ts";
import { parseTokenDatasetInfo, tokenDatasetPaths } from "./token-dataset-files.ts";
import type { TokenDatasetInfo } from "./token-dataset-files.ts";

/** A data set on disk: what its JSON file says, and its documents, without the tokens that end them. */
export type TokenDataset = TokenDatasetInfo & AsyncIterable<StoredTokens>;

/** How flat token shards are read. */
export interface OpenTokenDatasetOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that are read at a time; a multiple of every token's size. */
const chunkLength = 1 << 20;

/**
 * Opens a data set that `TokenDatasetWriter` wrote. Each loop over it reads the `.bin` from its start, in pieces: memory
 * holds one and the document at hand, and for format `megatron` the index. Documents of `megatron` end where its index
 * says, those of `flat` at `eosToken`.
 * @param path As it was given to the writer: `data/train` or `data/train.bin`.
 * @throws CodesError with code CODES_FORMAT or CODES_OUT_OF_RANGE if the files are damaged or not of one data set; partly while looping.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`.
 */
export async function openTokenDataset(path: string, options: OpenTokenDatasetOptions = {}): Promise<TokenDataset> {
  const { signal } = options;
  const paths = tokenDatasetPaths(path);
  const info = parseTokenDatasetInfo(await readWholeFile(paths.json, signal, maxJsonLength), paths.json);
  const expected = info.numTokens * bytesPerToken(info.type);
  const { size } = await onFile(paths.bin, () => stat(paths.bin));
  if (size !== expected) {
    throw badDataset(paths.bin, `has ${size} bytes; ${paths.json} says ${info.numTokens} tokens of ${info.type}, which take ${expected}`);
  }
  const lengths = info.format === "megatron" ? documentLengths(await readIndex(paths.idx, info, signal)) : null;
  return { ...info, [Symbol.asyncIterator]: () => readDocuments(paths.bin, info, lengths, signal) };
}

async function readIndex(path: string, info: TokenDatasetInfo, signal: AbortSignal | undefined): Promise<MegatronIndex> {
  const index = parseMegatronIndex(await readWholeFile(path, signal));
  const numDocuments = index.documentIndices.length - 1;
  const numTokens = index.sequenceLengths.reduce((sum, length) => sum + length, 0);
  if (index.dtype !== info.type || numDocuments !== info.numDocuments || numTokens !== info.numTokens) {
    throw badDataset(
      path,
      `has ${numDocuments} documents with ${numTokens} tokens of ${index.dtype}; ` +
        `expected ${info.numDocuments} with ${info.numTokens} of ${info.type}, as the JSON file beside it says`,
    );
  }
  return index;
}

/** Tokens of each document, whose sequences lie one after the other. */
function documentLengths({ sequenceLengths, documentIndices }: MegatronIndex): Float64Array {
  const lengths = new Float64Array(documentIndices.length - 1);
  for (let document = 0; document < lengths.length; document++) {
    for (let sequence = documentIndices[document]!; sequence < documentIndices[document + 1]!; sequence++) {
      lengths[document]! += sequenceLengths[sequence]!;
    }
  }
  return lengths;
}

async function* readDocuments(
  path: string,
  info: TokenDatasetInfo,
  lengths: Float64Array | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredTokens, void, undefined> {
  const { eosToken, longestDocument } = info;
  let numDocuments = 0;
  /** The beginning of a document that goes on in the next piece. */
  let begun: StoredTokens[] = [];
  let begunLength = 0;
  for await (const tokens of readTokens(path, info, signal)) {
    let start = 0;
    while (start < tokens.length) {
      // Where the document ends, with its eosToken; possibly in a later piece.
      const end = lengths === null ? tokens.indexOf(eosToken, start) + 1 || Infinity : start + lengths[numDocuments]! - begunLength;
      const part = tokens.subarray(start, Math.min(end, tokens.length));
      begunLength += part.length;
      if (begunLength > longestDocument + 1) {
        throw badDataset(
          path,
          `has a document of more than ${longestDocument} tokens, which is said to be the longest (document ${numDocuments})`,
        );
      }
      begun.push(part);
      start += part.length;
      if (end > tokens.length) break;
      // An array of its own, so that a document that is kept does not keep the piece that it was read with.
      const document = joinTokens(begun, info);
      if (document.length === 0 || document.indexOf(eosToken) !== document.length - 1) {
        throw badDataset(path, `has a document that does not end where its first token ${eosToken} is (document ${numDocuments})`);
      }
      yield document.subarray(0, -1);
      numDocuments++;
      begun = [];
      begunLength = 0;
    }
  }
  if (begun.length > 0 || numDocuments !== info.numDocuments) {
    throw badDataset(
      path,
      `ends ${begun.length > 0 ? "within" : "after"} document ${numDocuments}; expected ${info.numDocuments} documents`,
    );
  }
}

async function* readTokens(
  path: string,
  info: TokenDatasetInfo,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredTokens, void, undefined> {
  const handle = await onFile(path, () => open(path, "r"));
  try {
    const length = info.numTokens * bytesPerToken(info.type);
    for (let position = 0; position < length; position += chunkLength) {
      signal?.throwIfAborted();
      const wanted = Math.min(chunkLength, length - position);
      const bytes = await onFile(path, () => readRange(handle, position, wanted));
      if (bytes.length < wanted) throw badDataset(path, "became shorter while it was read");
      yield parseTokens(bytes, info);
    }
  } finally {
    await handle.close();
  }
}

async function onFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw readError(path, error);
  }
}

function badDataset(path: string, what: string): CodesError {
  return new CodesError("CODES_FORMAT", `${path} ${what}; the data set is damaged, or its files are not of one data set`);
}
