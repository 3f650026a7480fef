import { startsLikeSafetensors } from "../checkpoint/index.ts";
import { CodesError } from "../core/index.ts";

/** The kinds of files that codes can be stored in; each is also the extension of such files. */
export const codesFormats = ["safetensors", "npz", "npy", "json"] as const;

/** How codes are stored. `npy` holds the bare codes, the others everything that `AudioCodes` does. */
export type CodesFormat = (typeof codesFormats)[number];

/**
 * The format that a file's extension names, in upper or lower case.
 * @throws CodesError with code CODES_UNSUPPORTED if the extension names none.
 */
export function codesFormatOf(path: string): CodesFormat {
  const extension = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase();
  const format = codesFormats.find((known) => known === extension);
  if (format === undefined) {
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `${path} does not name a format for codes; end it in ${codesFormats.map((known) => `.${known}`).join(", ")}`,
    );
  }
  return format;
}

/** Recognises the format of a file by its first bytes, also of those that are only read, of `torch.save`; `undefined` where they are none of these. */
export function recogniseCodesFormat(bytes: Uint8Array): CodesFormat | "torch" | undefined {
  // Safetensors first: a header of 123 bytes makes the file start with {, as JSON does.
  if (startsLikeSafetensors(bytes)) return "safetensors";
  if (startsWith(bytes, "\x93NUMPY")) return "npy";
  // The first file of the archive, whose name follows its header of 30 bytes, is the pickle.
  if (startsWith(bytes, "PK\x03\x04") && /^[^/]+\/data\.pkl/u.test(String.fromCharCode(...bytes.subarray(30, 30 + 255)))) return "torch";
  if (startsWith(bytes, "PK\x03\x04") || startsWith(bytes, "PK\x05\x06")) return "npz";
  return /^\s*[{[]/.test(String.fromCharCode(...bytes.subarray(0, 64))) ? "json" : undefined;
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return Array.from(magic).every((character, index) => bytes[index] === character.charCodeAt(0));
}
