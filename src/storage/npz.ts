import type { AudioCodesData } from "../core/index.ts";
import { formatArrayArchive, parseArrayArchive } from "./array-archive.ts";
import { badFile, collectFields, fieldNames, fieldsOf } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";
import { elementBytes } from "./elements.ts";
import { formatArray, formatText } from "./npy.ts";

/** Arrays of the archive that are read; others are left alone. */
const knownArrays: ReadonlySet<string> = new Set(["codes", "scales", ...fieldNames]);

/**
 * Codes as numpy's archive: `codes` uint16 `[numSegments, K, T]`, `scales` float32 `[numSegments]` where there are scales,
 * and one array without dimensions for each field, so that `np.load(path)["sample_rate"]` is a number.
 */
export function formatNpz(codes: AudioCodesData): Uint8Array {
  const arrays: Record<string, Uint8Array> = { codes: formatArray("<u2", codes.shape, elementBytes(codes.data)) };
  if (codes.scales !== null) arrays["scales"] = formatArray("<f4", [codes.scales.length], elementBytes(codes.scales));
  for (const [field, value] of Object.entries(fieldsOf(codes))) arrays[field] = formatField(value);
  return formatArrayArchive(arrays, { isCompressed: true });
}

/** Reads an archive of `formatNpz`, or of `np.savez` and `np.savez_compressed` with the same names. */
export function parseNpz(bytes: Uint8Array, { name }: Reading): StoredCodes {
  const arrays = parseArrayArchive(bytes, name, (array) => knownArrays.has(array));
  const codes = arrays.get("codes");
  if (codes === undefined || typeof codes === "string") throw badFile(name, 'has no array "codes"');
  const scales = arrays.get("scales") ?? null;
  if (typeof scales === "string") throw badFile(name, 'has text as "scales"');
  const fields = collectFields(name, (field) => {
    const value = arrays.get(field);
    return typeof value === "object" && value.data.length === 1 ? Number(value.data[0]) : value;
  });
  return { codes, scales, fields };
}

function formatField(value: number | string): Uint8Array {
  if (typeof value === "string") return formatText(value);
  const isInteger = Number.isSafeInteger(value);
  const data = isInteger ? BigInt64Array.of(BigInt(value)) : Float64Array.of(value);
  return formatArray(isInteger ? "<i8" : "<f8", [], elementBytes(data));
}
