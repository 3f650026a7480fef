import { elementBytes, formatArray } from "../../storage/index.ts";
import type { JsonObject } from "../folder/json-value.ts";
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
