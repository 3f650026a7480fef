import { atOnce, CheckpointError, printableJson } from "../core/index.ts";
import type { CheckpointInfo } from "./checkpoint.ts";
import type { CodecConfig } from "./config/codec-config.ts";
import { parseEncodecConfig } from "./config/config.ts";
import { isJsonObject, parseStrictJson } from "./tensors/strict-json.ts";

/** A codec described by a transformers `config.json`, by itself or inside a larger model. */
export interface DescribedCodec {
  readonly config: CodecConfig;
  readonly layout: Extract<CheckpointInfo["layout"], "huggingface" | "musicgen" | "bark">;
  /** What the names of the codec's tensors start with in the weight files. */
  readonly prefix: string;
}

/**
 * Reads a transformers `config.json`: that of a codec, of MusicGen (codec under `audio_encoder`) or of Bark (`codec_config`).
 * MusicGen with a stereo decoder over a mono codec sets `interleaveStereo`: codebook k of left and right are its 2k and 2k + 1.
 * @throws CheckpointError with code CHECKPOINT_CONFIG if it describes another model or impossible values.
 */
export function parseTransformersConfig(text: string, file: string): DescribedCodec {
  const fields = atOnce(parseStrictJson(text, file));
  if (!isJsonObject(fields)) throw new CheckpointError("CHECKPOINT_CONFIG", `${file} does not hold a JSON object`);
  const modelType = fields["model_type"];

  if (fields["audio_encoder"] !== undefined) {
    const config = parsePart(fields, "audio_encoder", file);
    const decoder = fields["decoder"];
    const isStereo = isJsonObject(decoder) && decoder["audio_channels"] === 2;
    const interleaveStereo = isStereo && config.audioChannels === 1;
    return { config: { ...config, interleaveStereo }, layout: "musicgen", prefix: "audio_encoder." };
  }
  if (fields["codec_config"] !== undefined) {
    return { config: parsePart(fields, "codec_config", file), layout: "bark", prefix: "codec_model." };
  }
  // Files from before transformers 4.31 have no model_type; an encodec without one is told by its own fields.
  if (modelType === "encodec" || (modelType === undefined && looksLikeEncodec(fields))) {
    return { config: parseEncodecConfig(fields, file), layout: "huggingface", prefix: "" };
  }
  throw new CheckpointError(
    "CHECKPOINT_CONFIG",
    `${file} describes ${nameOf(modelType)}; expected an encodec, or a musicgen or bark with an encodec inside`,
  );
}

function parsePart(fields: Readonly<Record<string, unknown>>, key: string, file: string): CodecConfig {
  const part = fields[key];
  const modelType = isJsonObject(part) ? part["model_type"] : undefined;
  if (modelType !== undefined && modelType !== "encodec") {
    throw new CheckpointError("CHECKPOINT_CONFIG", `${file}: ${key} describes ${nameOf(modelType)}; expected an encodec`);
  }
  return parseEncodecConfig(part, `${file}: ${key}`);
}

function looksLikeEncodec(fields: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(fields, "target_bandwidths");
}

function nameOf(modelType: unknown): string {
  return typeof modelType === "string" ? `a model of type ${printableJson(modelType)}` : "a model without model_type";
}
