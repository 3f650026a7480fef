import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatSafetensors } from "../src/checkpoint/index.ts";
import type { CodecConfig } from "../src/checkpoint/index.ts";
import { parseTransformersConfig } from "../src/checkpoint/composite-config.ts";
import { describeNetwork, requiredTensors } from "../src/graph/index.ts";

/** The four official configurations at full size, under transformers' names, and the bandwidth to measure them at. */
export const fullSizeModels = {
  "16khz": {
    bandwidth: 2.2,
    config: {
      sampling_rate: 16_000,
      codebook_size: 2048,
      num_filters: 64,
      target_bandwidths: [2.2],
      use_causal_conv: false,
      use_conv_shortcut: false,
    },
  },
  "24khz": {
    bandwidth: 6,
    config: { sampling_rate: 24_000, target_bandwidths: [1.5, 3, 6, 12, 24] },
  },
  "32khz": {
    bandwidth: 2.2,
    config: {
      sampling_rate: 32_000,
      codebook_size: 2048,
      num_filters: 64,
      upsampling_ratios: [8, 5, 4, 4],
      target_bandwidths: [2.2],
      use_causal_conv: false,
      use_conv_shortcut: false,
    },
  },
  "48khz": {
    bandwidth: 6,
    config: {
      sampling_rate: 48_000,
      audio_channels: 2,
      target_bandwidths: [3, 6, 12, 24],
      use_causal_conv: false,
      norm_type: "time_group_norm",
      normalize: true,
      chunk_length_s: 1,
      overlap: 0.01,
    },
  },
} as const;

export type FullSizeModel = keyof typeof fullSizeModels;

/**
 * Writes a full-size checkpoint with random weights that transformers loads too: `config.json` and `model.safetensors`
 * with the tensors of the official files, weight norm as `weight_g` and `weight_v` and what only training needs included.
 */
export async function writeFullSizeModel(name: FullSizeModel, folder: string): Promise<void> {
  const json = JSON.stringify({ model_type: "encodec", ...fullSizeModels[name].config });
  const { config } = parseTransformersConfig(json, name);
  await mkdir(folder, { recursive: true });
  // transformers wants floating-point bandwidths, and JavaScript writes 3.0 as 3.
  await writeFile(
    join(folder, "config.json"),
    json.replace(/(?<="target_bandwidths":\[)[^\]]*/u, (list) => list.replace(/\b\d+(?=,|$)/gu, "$&.0").replace(/(\.\d+)\.0/gu, "$1")),
  );
  await writeFile(join(folder, "model.safetensors"), formatSafetensors(randomTensors(config), new Map([["format", "pt"]])));
}

function randomTensors(config: CodecConfig): Map<string, { dtype: "F32"; shape: readonly number[]; bytes: Uint8Array }> {
  const random = uniform(1);
  const tensors = new Map<string, { dtype: "F32"; shape: readonly number[]; bytes: Uint8Array }>();
  const add = (name: string, shape: readonly number[], values: Float32Array): void => {
    tensors.set(name, { dtype: "F32", shape, bytes: new Uint8Array(values.buffer) });
  };
  for (const { name, shape } of requiredTensors(describeNetwork(config), config)) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const fanIn = size / shape[0]!;
    const bound = name.endsWith(".embed") ? 1 : shape.length === 1 ? 0.1 : Math.sqrt(3 / fanIn);
    const values = Float32Array.from({ length: size }, () => bound * random());
    const isNormed = config.normType === "weight_norm" && name.endsWith("conv.weight");
    if (name.endsWith("norm.weight")) add(name, shape, values.fill(1));
    else if (isNormed) {
      add(`${name}_v`, shape, values);
      add(`${name}_g`, [shape[0]!, 1, 1], rowNorms(values, shape[0]!));
    } else add(name, shape, values);
    if (name.endsWith(".embed")) {
      add(`${name}_avg`, shape, values);
      add(name.replace(/embed$/u, "cluster_size"), [shape[0]!], new Float32Array(shape[0]!).fill(1));
      add(name.replace(/embed$/u, "inited"), [1], Float32Array.of(1));
    }
  }
  return tensors;
}

function rowNorms(values: Float32Array, rows: number): Float32Array {
  const width = values.length / rows;
  return Float32Array.from({ length: rows }, (_, row) => Math.hypot(...values.subarray(row * width, (row + 1) * width)));
}

/** Repeatable random numbers in −1…1 (xorshift32). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}
