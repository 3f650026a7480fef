import { CheckpointError } from "../core/index.ts";
import { assembleCheckpoint, gatherWeights } from "./assemble.ts";
import { isAudiocraftPackage, openAudiocraft } from "./audiocraft.ts";
import type { CheckpointFile, CheckpointFiles, CheckpointFolder } from "./checkpoint-files.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { recogniseCodec } from "./config/official-codecs.ts";
import { openTransformersFile, openTransformersFolder, transformersWeightNames } from "./huggingface.ts";
import { openWeightFile, stateDictOf } from "./weight-file.ts";
import type { WeightFile } from "./weight-file.ts";

type Close = () => Promise<void>;

/** Weight files that a folder may hold without being named as transformers names them. */
const weightFileName = /\.(?:safetensors|bin|th)$/;

/** The name under which audiocraft publishes a codec, first choice among several files. */
const audiocraftCodecName = "compression_state_dict.bin";

/** Most file names that an error lists. */
const maxListed = 20;

/**
 * Opens a codec's checkpoint in any layout that it is published in: what the files are is told from their contents.
 *
 * - a folder as transformers has it: `config.json` with `model.safetensors` or `pytorch_model.bin`, sharded or not, of a
 *   codec or of MusicGen or Bark with the codec inside;
 * - a single weight file with a `config.json` beside it, or without one where it is a published codec;
 * - the `.th` files of facebookresearch/encodec, and `compression_state_dict.bin` of audiocraft.
 *
 * Only headers are read here; tensors are read, converted and freed of weight norm when asked for. The checkpoint owns
 * `files` from here on: closing it closes them, and so does failing to open it.
 * @throws CheckpointError with one of these codes:
 * - CHECKPOINT_NOT_FOUND: a file that should be there is not;
 * - CHECKPOINT_FORMAT: a file is damaged, or of a kind that is not read;
 * - CHECKPOINT_CONFIG: the configuration is impossible, unknown or missing;
 * - CHECKPOINT_TENSOR: tensors contradict each other;
 * - CHECKPOINT_UNSAFE: a pickle wants more than tensors;
 * - CHECKPOINT_POINTER: there are no weights, only the name of another repository.
 */
export async function openCheckpoint(files: CheckpointFiles): Promise<Checkpoint> {
  const close: Close = async () => files.close?.();
  try {
    return await (files.kind === "folder" ? openFolder(files, close) : openSingle(files, close));
  } catch (error) {
    await close();
    throw error;
  }
}

async function openFolder(folder: CheckpointFolder, close: Close): Promise<Checkpoint> {
  const names = await folder.list();
  const config = names.includes("config.json") ? await folder.open("config.json") : undefined;
  if (config !== undefined && transformersWeightNames.some((name) => names.includes(name))) {
    return openTransformersFolder(folder, config, close);
  }
  const candidates = names.filter((name) => weightFileName.test(name));
  const name = candidates.includes(audiocraftCodecName) ? audiocraftCodecName : candidates[0];
  const isClear = name === audiocraftCodecName || candidates.length === 1;
  const source = name !== undefined && isClear ? await folder.open(name) : undefined;
  if (source === undefined) throw notACheckpoint(folder.name, names, candidates.length);
  return openSingle({ kind: "file", source, beside: folder }, close);
}

async function openSingle({ source, beside }: CheckpointFile, close: Close): Promise<Checkpoint> {
  const file = await openWeightFile(source);
  if (file.format === "torch" && isAudiocraftPackage(file.torch.root)) {
    return openAudiocraft(file, file.torch.root, close);
  }
  const stateDict = stateDictOf(file);
  // The names of facebookresearch/encodec; a config.json beside such a file would belong to something else.
  const isOriginal = stateDict.tensors.has("encoder.model.0.conv.conv.bias");
  const config = isOriginal ? undefined : await beside?.open("config.json");
  return config === undefined ? openRecognised(file, isOriginal, close) : openTransformersFile(file, config, close);
}

/** Opens weights without a configuration, by the published codec that they are an instance of. */
function openRecognised(file: WeightFile, isOriginal: boolean, close: Close): Checkpoint {
  const { format, source } = file;
  const weights = gatherWeights([stateDictOf(file)], "");
  const config = recogniseCodec(weights.shapes, source.name, isOriginal);
  const layout = isOriginal ? "encodec" : "huggingface";
  return assembleCheckpoint(config, weights, { layout, format, files: [source.name], bytes: source.size }, close);
}

function notACheckpoint(folder: string, names: readonly string[], numCandidates: number): CheckpointError {
  const problem =
    numCandidates > 1 ? `has ${numCandidates} weight files and no config.json that says which; name one of them` : "is not a checkpoint";
  const rest = names.length > maxListed ? ` and ${names.length - maxListed} more` : "";
  const found = names.length === 0 ? "it is empty" : `found ${names.slice(0, maxListed).join(", ")}${rest}`;
  return new CheckpointError(
    "CHECKPOINT_NOT_FOUND",
    `${folder} ${problem}: expected config.json with ${transformersWeightNames.join(" or ")}, ` +
      `or one .th file of encodec, or ${audiocraftCodecName} of audiocraft; ${found}`,
  );
}
