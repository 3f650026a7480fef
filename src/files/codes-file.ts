import { basename } from "node:path";
import { CodesError } from "../core/index.ts";
import type { AudioCodes, AudioCodesContext, AudioCodesData } from "../core/index.ts";
import { codesFormatOf, formatCodes, parseCodes } from "../storage/index.ts";
import { readWholeFile } from "./read-file.ts";
import { toPath } from "./to-path.ts";
import { writeFileAtomically } from "./write-file.ts";
import type { WriteFileOptions } from "./write-file.ts";

/** What else is known of a file of codes. */
export interface ReadCodesOptions {
  /**
   * The codec, for files that do not name it: `.npy`, and arrays that were written from Python.
   * An `AudioTokenizer` or other `AudioCodes` fits; a function is called only for such files.
   */
  readonly context?: AudioCodesContext | (() => AudioCodesContext | Promise<AudioCodesContext>) | undefined;
  /** Ends the reading, also of a pipe whose writer is silent. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes codes as the format that the path's extension names: `.safetensors`, `.npz`, `.npy` or `.json`.
 * The file is written as a whole or not at all.
 * @param path A path or a `file:` URL; the folder must exist.
 * @throws CodesError with code CODES_UNSUPPORTED if the extension names no format, or the format cannot hold these codes.
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` or `FILE_UNWRITABLE`.
 */
export async function writeCodes(path: string | URL, codes: AudioCodesData, options: WriteFileOptions = {}): Promise<void> {
  const target = toPath(path);
  await writeFileAtomically(target, formatCodes(codes, codesFormatOf(target)), options);
}

/**
 * Reads codes from a file, or from the bytes of one. The format is recognised by the contents, whatever the name.
 * @param source A path, a `file:` URL, or the bytes of such a file.
 * @throws CodesError if it is no codes file, is cut short or damaged, or does not name its codec and no context does.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`, and the signal's reason.
 */
export async function readCodes(source: string | URL | Uint8Array, { context, signal }: ReadCodesOptions = {}): Promise<AudioCodes> {
  const { bytes, ...named } = await contentsOf(source, signal);
  if (typeof context !== "function") return parseCodes(bytes, context === undefined ? named : { ...named, context });
  try {
    return await parseCodes(bytes, named);
  } catch (error) {
    if (!(error instanceof CodesError)) throw error;
    return parseCodes(bytes, { ...named, context: await context() });
  }
}

/** Bytes with what messages call them, and the signal. */
async function contentsOf(
  source: string | URL | Uint8Array,
  signal: AbortSignal | undefined,
): Promise<{ readonly bytes: Uint8Array; readonly name?: string; readonly signal: AbortSignal | undefined }> {
  if (source instanceof Uint8Array) return { bytes: source, signal };
  const path = toPath(source);
  return { bytes: await readWholeFile(path, signal), name: basename(path), signal };
}
