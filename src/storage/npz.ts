import { CodesError, printable } from "../core/index.ts";
import type { AudioCodesData, Turns } from "../core/index.ts";
import { formatArrayArchive } from "./array-archive.ts";
import { badFile, codesIn, collectFields, fieldNames, fieldsOf, maxCodebooks, maxTextLength, scalesIn } from "./codes-fields.ts";
import type { CodesFields, Reading, StoredCodes } from "./codes-fields.ts";
import { elementBytes } from "./elements.ts";
import { formatArray, formatText, maxNpyPrefix, openArray, parseArray } from "./npy.ts";
import { openZip } from "./zip.ts";

/**
 * Most bytes of the codes, unpacked: as uint16, 31 hours of 8 codebooks at 75 frames per second; as int64, 8 hours. A thousandth of that
 * may be enough of a file to ask for it, so that longer clips need another format, which is as large as what it holds.
 */
const maxUnpacked = 2 ** 27;

/** Most bytes of a field, unpacked: its text, four bytes for each character. */
const maxFieldBytes = maxNpyPrefix + 4 * maxTextLength;

/** The largest elements, in bytes; numpy's default for integers. */
const largestElement = 8;

/**
 * Codes as numpy's archive: `codes` uint16 `[numSegments, K, T]`, `scales` float32 `[numSegments]` where there are scales,
 * and one array without dimensions for each field, so that `np.load(path)["sample_rate"]` is a number.
 * @throws CodesError with code CODES_UNSUPPORTED for more codes than `parseNpz` reads.
 */
export function formatNpz(codes: AudioCodesData): Uint8Array {
  if (codes.data.byteLength > maxUnpacked - maxNpyPrefix) {
    throw new CodesError(
      "CODES_UNSUPPORTED",
      `.npz holds up to ${maxUnpacked} bytes of codes; these have ${codes.data.byteLength}: store them as .safetensors`,
    );
  }
  const arrays: Record<string, Uint8Array> = { codes: formatArray("<u2", codes.shape, elementBytes(codes.data)) };
  if (codes.scales !== null) arrays["scales"] = formatArray("<f4", [codes.scales.length], elementBytes(codes.scales));
  for (const [field, value] of Object.entries(fieldsOf(codes))) arrays[field] = formatField(value);
  return formatArrayArchive(arrays, { isCompressed: true });
}

/**
 * Reads an archive of `formatNpz`, or of `np.savez` and `np.savez_compressed` with the same names; other arrays are left alone.
 * Fields come first: what they say of the clip's length bounds what is unpacked for its codes, and the codes what is for their scales.
 */
export function* parseNpz(bytes: Uint8Array, { name }: Reading): Turns<StoredCodes> {
  const { names, has, unpack } = openZip(bytes, name);
  if (!has("codes.npy")) throw badFile(name, `has no array "codes", only ${shownNames(names)}; save it with np.savez(path, codes=codes)`);
  const values = new Map<string, unknown>();
  for (const field of fieldNames) {
    const npy = yield* unpack(`${field}.npy`, maxFieldBytes);
    if (npy !== undefined) values.set(field, parseField(npy, `${name}: ${field}`));
  }
  const fields = collectFields(name, (field) => values.get(field));
  return {
    fields,
    *read(codebookSize) {
      const npy = (yield* unpack("codes.npy", Math.min(maxUnpacked, maxNpyPrefix + mostCodeBytes(fields))))!;
      const codes = yield* codesIn(openArray(npy, `${name}: codes`), codebookSize, name);
      const scales = yield* unpack("scales.npy", maxNpyPrefix + largestElement * codes.shape[0]);
      return { ...codes, scales: scales === undefined ? null : yield* scalesIn(openArray(scales, `${name}: scales`), name) };
    },
  };
}

/** The first names of arrays, as numpy has them. */
function shownNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => printable(name.replace(/\.npy$/u, "")));
  return `${shown.join(", ") || "none"}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ""}`;
}

/** Bytes that a clip of the length that the fields say can take, whatever its codebooks and elements; infinite where they do not say it. */
function mostCodeBytes({
  num_samples: numSamples = Infinity,
  hop_length: hopLength = 1,
  segment_length: length = Infinity,
  segment_stride: stride = Infinity,
}: CodesFields): number {
  const numFrames = Math.ceil(Math.min(length, numSamples) / hopLength);
  const numSegments = Math.max(1, Math.ceil(numSamples / stride));
  const numBytes = largestElement * maxCodebooks * numFrames * numSegments;
  return Number.isNaN(numBytes) ? Infinity : Math.max(0, numBytes);
}

/** A number of an array with one element, text, or what is neither. */
function parseField(npy: Uint8Array, name: string): unknown {
  const value = parseArray(npy, name);
  return typeof value === "object" && value.data.length === 1 ? Number(value.data[0]) : value;
}

function formatField(value: number | string): Uint8Array {
  if (typeof value === "string") return formatText(value);
  const isInteger = Number.isSafeInteger(value);
  const data = isInteger ? BigInt64Array.of(BigInt(value)) : Float64Array.of(value);
  return formatArray(isInteger ? "<i8" : "<f8", [], elementBytes(data));
}
