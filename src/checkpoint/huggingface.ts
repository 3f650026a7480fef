import type { ByteSource } from "../core/index.ts";
import { CheckpointError } from "../core/index.ts";
import { assembleCheckpoint, gatherWeights } from "./assemble.ts";
import type { CheckpointFolder } from "./checkpoint-files.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { parseTransformersConfig } from "./composite-config.ts";
import { readText } from "./read-text.ts";
import { openShards } from "./shards.ts";
import { openWeightFile, stateDictOf } from "./weight-file.ts";
import type { WeightFile } from "./weight-file.ts";

/** Where transformers puts weights, first choice first. */
export const transformersWeightNames: readonly string[] = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
];

/** Longest `config.json` that is read, in bytes; that of MusicGen, with all its parts, has 8 kB. */
const maxConfigLength = 2 ** 20;

/**
 * Opens a folder with a transformers `config.json`: a codec of its own, or one inside MusicGen or Bark.
 * @throws CheckpointError if the configuration, a shard index or a weight file is not sound, or no weights are there.
 */
export async function openTransformersFolder(
  folder: CheckpointFolder,
  configSource: ByteSource,
  close: () => Promise<void>,
): Promise<Checkpoint> {
  const described = parseTransformersConfig(await readText(configSource, maxConfigLength), configSource.name);
  for (const name of transformersWeightNames) {
    const source = await folder.open(name);
    if (source === undefined) continue;
    const files = name.endsWith(".index.json") ? await openShards(folder, source, described.prefix) : [await openWeightFile(source)];
    return assembleTransformers(described, configSource, files, close);
  }
  throw new CheckpointError(
    "CHECKPOINT_NOT_FOUND",
    `${folder.name} has a config.json but no weights; expected one of ${transformersWeightNames.join(", ")}`,
  );
}

/** Opens a single weight file by the transformers `config.json` that lies beside it. */
export async function openTransformersFile(file: WeightFile, configSource: ByteSource, close: () => Promise<void>): Promise<Checkpoint> {
  const described = parseTransformersConfig(await readText(configSource, maxConfigLength), configSource.name);
  return assembleTransformers(described, configSource, [file], close);
}

function assembleTransformers(
  { config, layout, prefix }: ReturnType<typeof parseTransformersConfig>,
  configSource: ByteSource,
  files: readonly WeightFile[],
  close: () => Promise<void>,
): Checkpoint {
  const sources = [configSource, ...files.map((file) => file.source)];
  const weights = gatherWeights(files.map(stateDictOf), prefix);
  if (weights.shapes.size === 0) {
    const where = prefix === "" ? "" : ` whose names start with ${prefix}`;
    throw new CheckpointError("CHECKPOINT_TENSOR", `${sources[1]!.name} holds no tensors of an EnCodec network${where}`);
  }
  const origin = {
    layout,
    format: files[0]!.format,
    files: sources.map((source) => source.name),
    bytes: sources.reduce((sum, source) => sum + source.size, 0),
  };
  return assembleCheckpoint(config, weights, origin, close);
}
