import { formatSafetensors, openSafetensors } from "../checkpoint/index.ts";
import type { TensorData } from "../checkpoint/index.ts";
import { bytesSource, CheckpointError, CodesError, inTurns, maxJsonLength, parseJson, printableJson } from "../core/index.ts";
import { badFile, collectFields, detailsFrom, fieldsOf, scalesIn } from "./codes-fields.ts";
import type { CodesDetails } from "./codes-fields.ts";
import { recogniseCodesFormat } from "./codes-format.ts";
import { elementBytes } from "./elements.ts";
import type { ArrayBytes } from "./elements.ts";
import { formatArray, openArray } from "./npy.ts";
import { openTensor, readField, sequenceTag } from "./codes-safetensors.ts";

/** How sequences are stored: with everything that leads back to the codes, or as a bare array. */
export const sequenceFormats = ["safetensors", "npy"] as const;

/** A form that sequences are stored in: `sequenceFormats` has all. */
export type SequenceFormat = (typeof sequenceFormats)[number];

/** What leads from the tokens of a sequence back to codes. */
export interface SequenceOrigin {
  /** The pattern as JSON; what it means is not this room's matter. */
  readonly pattern: unknown;
  readonly specialToken: number;
  readonly padToken: number;
  readonly eosToken: number | null;
  readonly keepOnlyValidSteps: boolean;
  readonly codes: CodesDetails;
}

/** A sequence as files hold it. */
export interface StoredSequence {
  /** `[numSegments, K, S]`; bare arrays also `[K, S]`. */
  readonly tokens: ArrayBytes;
  /** Null for bare arrays. */
  readonly origin: SequenceOrigin | null;
}

const formatVersion = 1;

/** Longest pattern in a file: what a header may have, and room for the fields. */
const maxPatternLength = maxJsonLength - 2 ** 18;

/**
 * A sequence as safetensors: `tokens` U16 or I32 `[numSegments, K, S]`, `scales` where the codes have them, and in `__metadata__` the fields of
 * codes files with `pattern` (JSON), `special_token`, `pad_token`, and where they apply `eos_token` and `valid_steps_only`.
 * @param tokens Row-major, of the shape `dims`.
 * @throws CodesError with code CODES_UNSUPPORTED for a pattern of more than 1.75 MiB of JSON, which only custom ones can be.
 */
export function formatSequenceSafetensors(
  tokens: { readonly data: Uint16Array | Int32Array; readonly dims: readonly number[] },
  { pattern, specialToken, padToken, eosToken, keepOnlyValidSteps, codes }: SequenceOrigin,
): Uint8Array {
  const json = JSON.stringify(pattern);
  if (json.length > maxPatternLength) {
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `the pattern takes ${json.length} characters of JSON; a sequence file holds at most ${maxPatternLength}`,
    );
  }
  const dtype = tokens.data instanceof Uint16Array ? "U16" : "I32";
  const tensors = new Map<string, TensorData>([["tokens", { dtype, shape: tokens.dims, bytes: elementBytes(tokens.data) }]]);
  if (codes.scales !== null) tensors.set("scales", { dtype: "F32", shape: [codes.scales.length], bytes: elementBytes(codes.scales) });
  const fields = {
    ...fieldsOf(codes),
    format: sequenceTag,
    version: formatVersion,
    pattern: json,
    special_token: specialToken,
    pad_token: padToken,
    ...(eosToken === null ? {} : { eos_token: eosToken }),
    ...(keepOnlyValidSteps ? { valid_steps_only: true } : {}),
  };
  return formatSafetensors(tensors, new Map(Object.entries(fields).map(([field, value]) => [field, String(value)])));
}

/** The tokens alone, `<u2` or `<i4`: `[K, S]`, or `[numSegments, K, S]` where there are several segments. */
export function formatSequenceNpy(tokens: { readonly data: Uint16Array | Int32Array; readonly dims: readonly number[] }): Uint8Array {
  const { data, dims } = tokens;
  return formatArray(data instanceof Uint16Array ? "<u2" : "<i4", dims[0] === 1 ? dims.slice(1) : dims, elementBytes(data));
}

/**
 * Reads a sequence, or a bare `.npy` array, which may be one.
 * @param name Of the file, for messages.
 * @throws CodesError with code CODES_UNSUPPORTED for a file that holds other things, such as codes; CODES_FORMAT for a damaged one.
 */
export async function parseStoredSequence(bytes: Uint8Array, name: string): Promise<StoredSequence> {
  const format = recogniseCodesFormat(bytes);
  if (format === "safetensors") return await parseSequenceSafetensors(bytes, name);
  if (format !== "npy") throw notSequence(name);
  const tokens = openArray(bytes, name);
  if (tokens.type.startsWith("f")) throw badFile(name, "holds no integers; expected an array of tokens [K, S]");
  return { tokens, origin: null };
}

async function parseSequenceSafetensors(bytes: Uint8Array, name: string): Promise<StoredSequence> {
  try {
    const file = await openSafetensors(bytesSource(bytes, name));
    const { metadata } = file;
    if (metadata.get("format") !== sequenceTag || !file.tensors.has("tokens")) throw notSequence(name);
    if (metadata.get("version") !== String(formatVersion)) {
      throw badFile(
        name,
        `has version ${printableJson(metadata.get("version"))} of the format; this release reads version ${formatVersion}: update encodec-tokenizer`,
      );
    }
    const scales = file.tensors.has("scales") ? await inTurns(scalesIn(await openTensor(file, "scales"), name)) : null;
    const fields = collectFields(name, (field) => readField(metadata, field));
    const origin = {
      pattern: parsePattern(metadata.get("pattern"), name),
      specialToken: readToken(metadata, "special_token", name),
      padToken: readToken(metadata, "pad_token", name),
      eosToken: metadata.has("eos_token") ? readToken(metadata, "eos_token", name) : null,
      keepOnlyValidSteps: metadata.get("valid_steps_only") === "true",
      codes: detailsFrom(fields, scales, { name, context: undefined }),
    };
    const tokens = await openTensor(file, "tokens");
    if (tokens.type.startsWith("f")) throw badFile(name, `holds tokens of type ${tokens.type}; tokens are integers`);
    return { tokens, origin };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CodesError("CODES_FORMAT", error.message, { cause: error });
  }
}

function parsePattern(json: string | undefined, name: string): unknown {
  try {
    return parseJson(json ?? "");
  } catch (cause) {
    throw badFile(name, "has no JSON as pattern", { cause });
  }
}

function readToken(metadata: ReadonlyMap<string, string>, field: string, name: string): number {
  const text = metadata.get(field) ?? "";
  const token = Number(text);
  if (!/^-?\d{1,10}$/.test(text) || token !== (token | 0)) throw badFile(name, `has no integer of 32 bits as ${field}`);
  return token;
}

function notSequence(name: string): CodesError {
  return new CodesError(
    "CODES_UNSUPPORTED",
    `${name} is not a sequence file; expected one that encodec-tokenizer patterns apply writes, or a .npy array of tokens`,
  );
}
