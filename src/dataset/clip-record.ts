import { elementBytes, formatArray } from "../storage/index.ts";
import { clipFieldsOf, storedShape } from "./clip-fields.ts";
import { codecFieldsOf } from "./codec-fields.ts";
import type { EncodedClip } from "./encoded-clip.ts";

/** Fields that are no whole numbers by nature. */
const decimals = /"(?:start|end|duration|peak|rms|bandwidth)":-?\d+(?=[,}])/gu;

/**
 * All that is known of a clip but its codes, as JSON: the fields of the clip, and those of its codec under `codec`.
 * Seconds, levels and rates have a decimal point even where they are whole, since readers in Python take the type of a field from the first clip.
 */
export function formatClipRecord(clip: EncodedClip): string {
  const { columns, ...fields } = clipFieldsOf(clip);
  const codec = withDecimals(JSON.stringify(codecFieldsOf(clip.codes)));
  return `${withDecimals(JSON.stringify(fields)).slice(0, -1)},"columns":${JSON.stringify(columns)},"codec":${codec}}`;
}

/** The codes of a clip as a `.npy` file: uint16, `[K, T]`, or `[numSegments, K, T]` for a codec that works in segments. */
export function formatClipNpy({ codes }: EncodedClip): Uint8Array {
  return formatArray("<u2", storedShape(codes), elementBytes(codes.data));
}

function withDecimals(json: string): string {
  return json.replaceAll(decimals, "$&.0");
}
