import { gatherWeights } from "../../src/checkpoint/assemble.ts";
import { isPickledDict } from "../../src/checkpoint/torch/pickle-globals.ts";
import { openTorchZip } from "../../src/checkpoint/torch/torch-zip.ts";
import { bytesSource } from "../../src/core/index.ts";
import { f32 } from "../checkpoint/fixtures.ts";

/** Tensors of a network, as few and as small as they can be. */
export const tensors = new Map([
  ["encoder.layers.0.conv.weight_g", f32([1, 1], [2])],
  ["encoder.layers.0.conv.weight_v", f32([1, 2], [3, 4])],
]);

/** Opens a torch file and reads all of its tensors, those of the network as the network does. */
export async function readTorchFile(bytes: Uint8Array): Promise<void> {
  const file = await openTorchZip(bytesSource(bytes, "fuzz"));
  const stored = file.tensorsIn(isPickledDict(file.root) && file.root.has("best_state") ? file.root.get("best_state") : file.root);
  const weights = gatherWeights([stored], "");
  for (const name of weights.shapes.keys()) await weights.read(name);
  for (const name of stored.tensors.keys()) await stored.readBytes(name);
}
