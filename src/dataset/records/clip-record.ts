import { CodesError, maxJsonLength } from "../../core/index.ts";
import type { Turns } from "../../core/index.ts";
import { elementBytes, formatArray, JsonReader, maxSegments, takeCodes, takeFields, takeScales } from "../../storage/index.ts";
import type { NumberGrid } from "../../storage/index.ts";
import type { JsonObject } from "../folder/json-value.ts";
import { maxDatasetDepth } from "../folder/read-json-file.ts";
import { clipFieldsOf, storedShape } from "./clip-fields.ts";
import { codecFieldsOf } from "./codec-fields.ts";
import type { TypedColumn } from "./column-types.ts";
import type { EncodedClip } from "./encoded-clip.ts";

/** Fields that are no whole numbers by nature. */
const decimals = /"(?:start|end|duration|peak|rms|bandwidth)":-?\d+(?=[,}])/gu;

/**
 * All that is known of a clip but its codes, as JSON: the fields of the clip, and those of its codec under `codec`.
 * Seconds, levels, rates and columns of type `double` have a decimal point even where they are whole, since readers in Python take the type
 * of a field from the first clips.
 * @param types Of the columns, as far as they are known.
 */
export function formatClipRecord(clip: EncodedClip, types: readonly TypedColumn[] = []): string {
  const { columns, ...fields } = clipFieldsOf(clip);
  const codec = withDecimals(JSON.stringify(codecFieldsOf(clip.codes)));
  return `${withDecimals(JSON.stringify(fields)).slice(0, -1)},"columns":${formatColumns(columns, types)},"codec":${codec}}`;
}

/** Most bytes of a record: 2 MiB, and the scales of as many segments as a clip may have. */
export const maxRecordBytes: number = 2 ** 25;

/** A record as it was read: its fields, with scales as numbers, and codes where it has them. */
export interface ClipRecord {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly codes: NumberGrid<Uint16Array> | undefined;
}

/**
 * Reads a record of a clip, of whatever format. Codes and scales are read number by number.
 * @param name For messages.
 * @throws CodesError for what is no JSON object, or has more than 2 MiB beside its codes and scales.
 */
export function* parseClipRecord(bytes: Uint8Array, name: string): Turns<ClipRecord> {
  const reader = new JsonReader(bytes, name);
  reader.expect("{");
  const { codes, scales, ...others } = yield* takeFields(
    reader,
    name,
    { codes: takeCodes, scales: takeScales },
    { maxBytes: maxJsonLength, maxDepth: maxDatasetDepth },
  );
  if (scales === undefined || scales === null) return { codes, fields: { ...others, scales } };
  if (scales.shape.length !== 1 || scales.data.length > maxSegments)
    throw new CodesError(
      "CODES_FORMAT",
      `${name} has scales of shape [${scales.shape.join(", ")}]; expected one for each of up to ${maxSegments} segments`,
    );
  return { codes, fields: { ...others, scales: Array.from(scales.data) } };
}

/** The codes of a clip as a `.npy` file: uint16, `[K, T]`, or `[numSegments, K, T]` for a codec that works in segments. */
export function formatClipNpy({ codes }: EncodedClip): Uint8Array {
  return formatArray("<u2", storedShape(codes), elementBytes(codes.data));
}

function formatColumns(columns: JsonObject, types: readonly TypedColumn[]): string {
  const doubles = new Set(types.filter(({ type }) => type === "double").map(({ name }) => name));
  const fields = Object.entries(columns).map(([name, value]) => {
    const text = JSON.stringify(value);
    return `${JSON.stringify(name)}:${doubles.has(name) && /^-?\d+$/u.test(text) ? `${text}.0` : text}`;
  });
  return `{${fields.join(",")}}`;
}

/** JSON of fields whose seconds, levels and rates have a decimal point, also where they are whole. */
export function withDecimals(json: string): string {
  return json.replaceAll(decimals, "$&.0");
}
