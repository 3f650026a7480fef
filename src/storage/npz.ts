import { zipSync } from "fflate";
import type { Zippable } from "fflate";
import type { AudioCodesData } from "../core/index.ts";
import { badFile, collectFields, fieldNames, fieldsOf } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";
import { elementBytes } from "./elements.ts";
import { formatArray, formatText, parseArray } from "./npy.ts";
import { readZip } from "./zip.ts";

/** Entries of the archive that are read; others are left alone. */
const knownEntries: ReadonlySet<string> = new Set(["codes", "scales", ...fieldNames].map((field) => `${field}.npy`));

/** The same codes give the same bytes: entries carry the zip format's first day, not today. */
const zipEpoch = new Date(1980, 0, 1);

/**
 * Codes as numpy's archive: `codes` uint16 `[numSegments, K, T]`, `scales` float32 `[numSegments]` where there are scales,
 * and one array without dimensions for each field, so that `np.load(path)["sample_rate"]` is a number.
 */
export function formatNpz(codes: AudioCodesData): Uint8Array {
  const entries: Zippable = { "codes.npy": formatArray("<u2", codes.shape, elementBytes(codes.data)) };
  if (codes.scales !== null) entries["scales.npy"] = formatArray("<f4", [codes.scales.length], elementBytes(codes.scales));
  for (const [field, value] of Object.entries(fieldsOf(codes))) entries[`${field}.npy`] = formatField(value);
  return zipSync(entries, { mtime: zipEpoch });
}

/** Reads an archive of `formatNpz`, or of `np.savez` and `np.savez_compressed` with the same names. */
export function parseNpz(bytes: Uint8Array, { name }: Reading): StoredCodes {
  const entries = readZip(bytes, name, (entry) => knownEntries.has(entry));
  const read = (field: string) => {
    const file = entries.get(`${field}.npy`);
    return file === undefined ? undefined : parseArray(file, `${name}: ${field}`);
  };
  const codes = read("codes");
  if (codes === undefined || typeof codes === "string") throw badFile(name, 'has no array "codes"');
  const scales = read("scales") ?? null;
  if (typeof scales === "string") throw badFile(name, 'has text as "scales"');
  const fields = collectFields(name, (field) => {
    const value = read(field);
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
