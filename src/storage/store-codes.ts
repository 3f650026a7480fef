import { AudioCodes, CodesError, inTurns } from "../core/index.ts";
import type { AudioCodesContext, AudioCodesData } from "../core/index.ts";
import { codesFrom, excessOf } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";
import { codesFormats, recogniseCodesFormat } from "./codes-format.ts";
import type { CodesFormat } from "./codes-format.ts";
import { formatJson, parseCodesJson } from "./json.ts";
import { formatNpy, parseNpy } from "./npy.ts";
import { formatNpz, parseNpz } from "./npz.ts";
import { formatCodesSafetensors, parseCodesSafetensors } from "./codes-safetensors.ts";
import { parseCodesTorch } from "./codes-torch.ts";

/** What else is known of stored codes. */
export interface ParseCodesOptions {
  /** The format of the bytes. @default recognised by the first bytes */
  readonly format?: CodesFormat | undefined;
  /**
   * The codec, for files that do not name it: `.npy`, and arrays written from Python without the fields of our own files.
   * An `AudioTokenizer` or other `AudioCodes` fits. Files that name their codec are read as they say.
   */
  readonly context?: AudioCodesContext | undefined;
  /** Name of the file, for messages. @default "codes" */
  readonly name?: string | undefined;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

const formatters: Readonly<Record<CodesFormat, (codes: AudioCodesData) => Uint8Array>> = {
  safetensors: formatCodesSafetensors,
  npz: formatNpz,
  npy: formatNpy,
  json: formatJson,
};

const parsers: Readonly<Record<CodesFormat | "torch", (bytes: Uint8Array, reading: Reading) => StoredCodes | Promise<StoredCodes>>> = {
  safetensors: parseCodesSafetensors,
  npz: (bytes, reading) => inTurns(parseNpz(bytes, reading), reading.signal),
  npy: parseNpy,
  torch: parseCodesTorch,
  json: (bytes, reading) => inTurns(parseCodesJson(bytes, reading), reading.signal),
};

/**
 * Codes as the bytes of a file. The same codes give the same bytes.
 * @throws CodesError with code CODES_UNSUPPORTED if the format is `npy` and scales or a shorter last segment would be lost, or if there is
 *   more of them than `parseCodes` reads; CODES_MISMATCH if the parts of a plain object do not fit together.
 */
export function formatCodes(codes: AudioCodesData, format: CodesFormat): Uint8Array {
  const formatter = formatters[format];
  if (formatter === undefined) throw new RangeError(`format must be one of ${codesFormats.join(", ")}; received ${String(format)}`);
  // Whatever is not an AudioCodes is checked by becoming one, so that no file is written that cannot be read.
  const clip = codes instanceof AudioCodes ? codes : new AudioCodes(codes);
  const excess = excessOf(clip.shape);
  if (excess !== undefined) throw new CodesError("CODES_UNSUPPORTED", `these codes have ${excess} fit a file`);
  return formatter(clip);
}

/**
 * Codes from the bytes of a file: the inverse of `formatCodes`.
 * Files of `torch.save` (`.pt`) are read, too: a tensor of codes, what transformers' `EncodecModel.encode` gives, or a dict with `audio_codes`. The length that these and
 * `npy` give is that of all frames in full. Other work goes on meanwhile, however long the clip is.
 * @throws CodesError if the bytes are no codes file, are cut short or damaged, do not name their codec and no context does, or hold more
 * than is read: 2^28 codes (31 hours of 32 codebooks at 75 frames per second), 512 codebooks, 2^20 segments, text of 4096 characters;
 * in `.npz` 128 MiB of unpacked codes, in `.json` 256 MiB of text. Else the signal's reason.
 */
export async function parseCodes(bytes: Uint8Array, options: ParseCodesOptions = {}): Promise<AudioCodes> {
  const { format = recogniseCodesFormat(bytes), context, name = "codes", signal } = options;
  if (format === undefined) {
    const start = bytes.byteLength === 0 ? "is empty" : "starts like none";
    throw new CodesError(
      "CODES_FORMAT",
      `${name} is not a file of codes: it ${start}; expected ${codesFormats.map((known) => `.${known}`).join(", ")}, or .pt of torch.save`,
    );
  }
  const reading = { name, context, signal };
  return inTurns(codesFrom(await parsers[format](bytes, reading), reading), signal);
}
