import { catalogue } from "./catalogue-entries.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";
import { findCheckpoint } from "./catalogue.ts";

/** Models that always contain the same codec, by their `model_type`. Source: suno/bark-small `config.json`, `codec_config`. */
const containedIn: ReadonlyMap<unknown, string> = new Map([["bark", "facebook/encodec_24khz"]]);

/** Parts of a configuration that can describe a codec. */
const parts = ["audio_encoder", "codec_config", "codec_model"] as const;

/**
 * The catalogued codecs that a model contains, as far as its configuration shows: Bark's always, others by the
 * `_name_or_path` that transformers leaves in the configuration of the part.
 * @param config Contents of config.json, parsed; anything else shows nothing.
 */
export function containedCodecs(config: unknown, entries: readonly CatalogueEntry[] = catalogue): readonly CatalogueEntry[] {
  const fields = fieldsOf(config);
  const named = parts.map((part) => fieldsOf(fields[part])["_name_or_path"]);
  const ids = [containedIn.get(fields["model_type"]), ...named].filter((id) => typeof id === "string");
  const found = ids.map((id) => findCheckpoint(id, entries)).filter((entry) => entry !== undefined);
  return [...new Set(found)];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
