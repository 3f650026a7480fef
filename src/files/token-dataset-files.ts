import { z } from "zod";
import { CodesError, parseJson } from "../core/index.ts";
import { tokenStream } from "../patterns/index.ts";
import type { TokenStream } from "../patterns/index.ts";

/** A data set of tokens, as the JSON file beside it says. */
export type TokenDatasetInfo = TokenStream & {
  readonly numDocuments: number;
  /** Tokens in the `.bin`, those that end documents included. */
  readonly numTokens: number;
  /** Tokens of the longest document, the one that ends it not included. */
  readonly longestDocument: number;
  /** What the writer was given to say about codec, pattern, license and the like. */
  readonly metadata: Readonly<Record<string, unknown>>;
};

/** Names of a data set's files. */
export interface TokenDatasetPaths {
  readonly bin: string;
  readonly json: string;
  /** The index, which only the format `megatron` has. */
  readonly idx: string;
}

/**
 * The files of a data set, by the name that they share: `data/train`; with `.bin` at its end it means the same.
 * @throws RangeError if there is no name.
 */
export function tokenDatasetPaths(path: string): TokenDatasetPaths {
  if (typeof path !== "string") throw new TypeError(`expected the path of a data set; received ${typeof path}`);
  const prefix = path.replace(/\.bin$/u, "");
  if (/(?:^|[/\\])\.{0,2}$/u.test(prefix))
    throw new RangeError(`${JSON.stringify(path)} does not name a data set; expected a path such as data/train`);
  return { bin: `${prefix}.bin`, json: `${prefix}.json`, idx: `${prefix}.idx` };
}

const formatTag = "encodec-tokenizer/tokens";
const formatVersion = 1;

const count = z.int().min(0);

const schema = z.object({
  format: z.literal(formatTag),
  version: z.literal(formatVersion),
  stream_format: z.enum(["flat", "megatron"]),
  dtype: z.enum(["uint16", "uint32", "int32"]),
  byte_order: z.literal("little"),
  vocabulary_size: count,
  eos_token: count,
  num_documents: count,
  num_tokens: count,
  longest_document: count,
  metadata: z.record(z.string(), z.unknown()),
});

/** The bytes of the JSON file. */
export function formatTokenDatasetInfo(info: TokenDatasetInfo): Uint8Array {
  const fields: z.input<typeof schema> = {
    format: formatTag,
    version: formatVersion,
    stream_format: info.format,
    dtype: info.type,
    byte_order: "little",
    vocabulary_size: info.vocabularySize,
    eos_token: info.eosToken,
    num_documents: info.numDocuments,
    num_tokens: info.numTokens,
    longest_document: info.longestDocument,
    metadata: info.metadata,
  };
  return new TextEncoder().encode(`${JSON.stringify(fields, null, 2)}\n`);
}

/**
 * Reads the JSON file.
 * @param name Of the file, for messages.
 * @throws CodesError with code CODES_FORMAT if it is not one of ours, or of another version.
 */
export function parseTokenDatasetInfo(bytes: Uint8Array, name: string): TokenDatasetInfo {
  const { data: fields, error } = schema.safeParse(parseInfo(bytes, name));
  if (fields === undefined) {
    const issue = error.issues[0]!;
    throw badInfo(name, `${issue.path.length === 0 ? "" : `${issue.path.join(".")}: `}${issue.message}`, error);
  }
  const stream = streamOf(fields, name);
  if (stream.type !== fields.dtype)
    throw badInfo(name, `dtype: found ${fields.dtype}; a vocabulary of ${stream.vocabularySize} has ${stream.type}`);
  return {
    ...stream,
    numDocuments: fields.num_documents,
    numTokens: fields.num_tokens,
    longestDocument: fields.longest_document,
    metadata: fields.metadata,
  };
}

function streamOf({ stream_format, vocabulary_size, eos_token }: z.infer<typeof schema>, name: string): TokenStream {
  try {
    return tokenStream(stream_format, { vocabularySize: vocabulary_size, eosToken: eos_token });
  } catch (cause) {
    throw badInfo(name, (cause as Error).message, cause);
  }
}

function parseInfo(bytes: Uint8Array, name: string): unknown {
  try {
    return parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badInfo(name, "it is not JSON, and may be cut short", cause);
  }
}

function badInfo(name: string, message: string, cause?: unknown): CodesError {
  return new CodesError("CODES_FORMAT", `${name} does not describe a data set of tokens: ${message}`, { cause });
}
