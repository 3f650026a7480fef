import { basename } from "node:path";
import type { AudioCodes, AudioCodesContext, AudioCodesData } from "../core/index.ts";
import { codesFormatOf, formatCodes, parseCodes } from "../storage/index.ts";
import { readWholeFile } from "./read-file.ts";
import { writeFileAtomically } from "./write-file.ts";
import type { WriteFileOptions } from "./write-file.ts";

export interface ReadCodesOptions {
  /**
   * The codec, for files that do not name it: `.npy`, and arrays that were written from Python.
   * An `AudioTokenizer` or other `AudioCodes` fits.
   */
  readonly context?: AudioCodesContext;
}

/**
 * Writes codes as the format that the path's extension names: `.safetensors`, `.npz`, `.npy` or `.json`.
 * The file is written as a whole or not at all.
 * @throws CodesError with code CODES_UNSUPPORTED if the extension names no format, or the format cannot hold these codes.
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` or `FILE_UNWRITABLE`.
 */
export async function writeCodes(path: string, codes: AudioCodesData, options: WriteFileOptions = {}): Promise<void> {
  await writeFileAtomically(path, formatCodes(codes, codesFormatOf(path)), options);
}

/**
 * Reads codes from a file, or from the bytes of one. The format is recognised by the contents, whatever the name.
 * @throws CodesError if it is no codes file, is cut short or damaged, or does not name its codec and no context does.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`.
 */
export async function readCodes(source: string | Uint8Array, options: ReadCodesOptions = {}): Promise<AudioCodes> {
  if (source instanceof Uint8Array) return parseCodes(source, options);
  return parseCodes(await readWholeFile(source), { ...options, name: basename(source) });
}
