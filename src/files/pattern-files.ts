import { basename, extname } from "node:path";
import { CodesError, maxJsonLength, parseJson } from "../core/index.ts";
import { formatSequence, parseSequence, patternProvider } from "../patterns/index.ts";
import type { ParseSequenceOptions, PatternSpec, TokenSequence } from "../patterns/index.ts";
import { sequenceFormats } from "../storage/index.ts";
import type { SequenceFormat } from "../storage/index.ts";
import { readWholeFile } from "./read-file.ts";
import { writeFileAtomically } from "./write-file.ts";
import type { WriteFileOptions } from "./write-file.ts";

/**
 * Writes a sequence as the path's extension says: `.safetensors` with all that leads back to the codes, or `.npy` with the bare tokens.
 * @throws CodesError with code CODES_UNSUPPORTED if the extension names neither.
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` or `FILE_UNWRITABLE`.
 */
export async function writeSequence(path: string, sequence: TokenSequence, options: WriteFileOptions = {}): Promise<void> {
  await writeFileAtomically(path, formatSequence(sequence, sequenceFormatOf(path)), options);
}

/**
 * Reads a sequence from a file, or from the bytes of one (see `parseSequence`).
 * @throws CodesError if it is no sequence, or a bare array without the options that it needs.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`.
 */
export async function readSequence(source: string | Uint8Array, options: Omit<ParseSequenceOptions, "name"> = {}): Promise<TokenSequence> {
  if (source instanceof Uint8Array) return parseSequence(source, options);
  return parseSequence(await readWholeFile(source), { ...options, name: basename(source) });
}

/**
 * The format that a path's extension names.
 * @throws CodesError with code CODES_UNSUPPORTED if it names none.
 */
export function sequenceFormatOf(path: string): SequenceFormat {
  const extension = extname(path).slice(1).toLowerCase();
  const format = sequenceFormats.find((known) => known === extension);
  if (format === undefined) {
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `${path} does not name a format for sequences; end it in ${sequenceFormats.map((known) => `.${known}`).join(" or ")}`,
    );
  }
  return format;
}

/**
 * Writes a pattern file: its spec as JSON, a step of a custom layout per line.
 * @throws RangeError if it is not a pattern, or its parts do not fit together.
 * @throws CodesError with code CODES_UNSUPPORTED for a custom layout that takes more than 2 MiB: five minutes of 8 codebooks
 * at 75 frames per second.
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` or `FILE_UNWRITABLE`.
 */
export async function writePattern(path: string, spec: PatternSpec, options: WriteFileOptions = {}): Promise<void> {
  const bytes = new TextEncoder().encode(formatPattern(patternProvider(spec).spec));
  if (bytes.length > maxJsonLength) {
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `the layout takes ${bytes.length} bytes; a pattern file holds at most ${maxJsonLength}: choose shorter clips`,
    );
  }
  await writeFileAtomically(path, bytes, options);
}

function formatPattern(spec: PatternSpec): string {
  if (spec.kind !== "custom") return `${JSON.stringify(spec, null, 2)}\n`;
  const { layout, ...others } = spec;
  const steps = layout.map((step) => `    ${JSON.stringify(step)}`).join(",\n");
  return `${JSON.stringify(others, null, 2).slice(0, -2)},\n  "layout": [\n${steps}\n  ]\n}\n`;
}

/**
 * Reads a pattern file.
 * @throws CodesError with code CODES_FORMAT if it is not JSON, has more than 2 MiB, is not a pattern, or the pattern's parts do not fit together.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`.
 */
export async function readPattern(path: string): Promise<PatternSpec> {
  const bytes = await readWholeFile(path, undefined, maxJsonLength);
  return parsePattern(bytes, path);
}

/** The pattern of a file. @throws CodesError as `readPattern` does. */
export function parsePattern(bytes: Uint8Array, path: string): PatternSpec {
  // A pipe has no size before it is read.
  if (bytes.length > maxJsonLength)
    throw new CodesError("CODES_FORMAT", `${path} has ${bytes.length} bytes; a pattern has at most ${maxJsonLength}`);
  try {
    return patternProvider(parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as PatternSpec).spec;
  } catch (cause) {
    const reason = cause instanceof RangeError ? cause.message : "it is not JSON";
    throw new CodesError("CODES_FORMAT", `${path} is not a pattern file: ${reason}`, { cause });
  }
}
