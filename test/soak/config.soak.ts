import { parseTransformersConfig } from "../../src/checkpoint/composite-config.ts";
import { openShards } from "../../src/checkpoint/shards.ts";
import { bytesSource } from "../../src/core/index.ts";
import { f32, folderOf, goldenConfig, safetensorsOf } from "../checkpoint/fixtures.ts";
import { fuzz } from "./fuzz.ts";
import { useConfig } from "./use-config.ts";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const codec = { model_type: "encodec", ...goldenConfig("mini-48khz") };

fuzz({
  name: "config.json",
  seeds: [
    json(codec),
    json({ model_type: "musicgen", audio_encoder: { model_type: "encodec", num_filters: 4 }, decoder: { audio_channels: 2 } }),
    json({ model_type: "bark", codec_config: { overlap: 0.5, chunk_length_s: 1 } }),
  ],
  dictionary: [
    '"chunk_length_s":',
    '"overlap":',
    '"upsampling_ratios":[',
    '"target_bandwidths":[',
    "0.99999",
    "1e-9",
    "null",
    "3600",
    "[[[[",
  ],
  parse: (bytes) => useConfig(parseTransformersConfig(text(bytes), "fuzz").config),
});

const shard = safetensorsOf({ a: f32([1], [1]), b: f32([1], [2]) });

fuzz({
  name: "shard indices",
  seeds: [json({ metadata: { total_size: 8 }, weight_map: { a: "x.safetensors", b: "x.safetensors" } })],
  dictionary: ["weight_map", "../", "/etc", "..", "y.bin", '"__proto__":'],
  parse: (bytes) => openShards(folderOf({ "x.safetensors": shard }), bytesSource(bytes, "fuzz"), ""),
});
