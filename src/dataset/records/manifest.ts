import { z } from "zod";
import type { Turns } from "../../core/index.ts";
import { clipFieldsOf, clipSchema } from "./clip-fields.ts";
import type { ClipFields } from "./clip-fields.ts";
import { manifestName } from "./dataset-info.ts";
import { outputFormats } from "./finished-shard.ts";
import type { ClipPlace, OutputFormat } from "./finished-shard.ts";
import { parseClipRecord, withDecimals } from "./clip-record.ts";
import type { EncodedClip } from "./encoded-clip.ts";

/** A line of `manifest.jsonl`: a clip, and where it is in each format. */
export type ManifestEntry = ClipFields & { readonly places: Places };

/** Where a clip is, by format. */
export type Places = { readonly [format in OutputFormat]?: ClipPlace | undefined };

const place = z.object({ file: z.string(), index: z.int().min(0) });
const placesSchema = z.object({ places: z.partialRecord(z.enum(outputFormats), place) });

/** A clip as a line of `parts/000012.manifest.jsonl`, with its line break. */
export function formatManifestLine(clip: EncodedClip, places: Places): string {
  const inOrder = outputFormats.flatMap((format) => (places[format] === undefined ? [] : [[format, places[format]] as const]));
  const { columns, ...fields } = clipFieldsOf(clip);
  return `${withDecimals(JSON.stringify(fields)).slice(0, -1)},${JSON.stringify({ columns, places: Object.fromEntries(inOrder) }).slice(1)}\n`;
}

/** @throws ZodError, CodesError if it is no such line. */
export function* parseManifestLine(line: Uint8Array): Turns<ManifestEntry> {
  const { fields } = yield* parseClipRecord(line, manifestName);
  return { ...clipSchema.parse(fields), ...placesSchema.parse(fields) };
}
