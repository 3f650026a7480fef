import { CheckpointError, printable } from "../core/index.ts";
import { assembleCheckpoint, gatherWeights } from "./assemble.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { parseAudiocraftConfig } from "./config/audiocraft-config.ts";
import { isPickledDict } from "./torch/pickle-globals.ts";
import type { PickledDict, PickleValue } from "./torch/pickle-values.ts";
import type { WeightFile } from "./weight-file.ts";

/** Whether the saved object is one of audiocraft's packages rather than a plain state dict. */
export function isAudiocraftPackage(root: PickleValue): root is PickledDict {
  return isPickledDict(root) && (root.has("best_state") || root.has("xp.cfg") || root.has("pretrained"));
}

/**
 * Opens audiocraft's `compression_state_dict.bin`: a dict with the weights under `best_state` and the configuration as
 * YAML text under `xp.cfg`.
 * @throws CheckpointError with code CHECKPOINT_POINTER if it only names another repository, as those of stereo MusicGen do;
 * other codes if the configuration or the weights are not sound.
 * Source: audiocraft `utils/export.py` (`export_encodec`, `export_pretrained_compression_model`).
 */
export async function openAudiocraft(
  file: Extract<WeightFile, { readonly format: "torch" }>,
  root: PickledDict,
  close: () => Promise<void>,
): Promise<Checkpoint> {
  const { source, torch } = file;
  const pretrained = root.get("pretrained");
  if (pretrained !== undefined) throw pointsElsewhere(source.name, pretrained);
  const configText = root.get("xp.cfg");
  if (typeof configText !== "string") {
    throw new CheckpointError(
      "CHECKPOINT_CONFIG",
      `${source.name} has no YAML text under xp.cfg; export it with audiocraft.utils.export.export_encodec`,
    );
  }
  const config = parseAudiocraftConfig(configText, `${source.name}: xp.cfg`);
  const weights = gatherWeights([torch.tensorsIn(root.get("best_state"))], "");
  return assembleCheckpoint(config, weights, { layout: "audiocraft", format: "torch", files: [source.name], bytes: source.size }, close);
}

function pointsElsewhere(file: string, pretrained: PickleValue): CheckpointError {
  const target = typeof pretrained === "string" ? printable(pretrained) : "another model";
  return new CheckpointError("CHECKPOINT_POINTER", `${file} holds no weights, only a pointer to ${target}; load ${target} instead`);
}
