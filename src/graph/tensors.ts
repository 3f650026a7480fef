import { numQuantizersOf } from "../checkpoint/index.ts";
import type { Checkpoint, CodecConfig } from "../checkpoint/index.ts";
import { CheckpointError } from "../core/index.ts";
import type { Layer, Network, NetworkHalf } from "./layers.ts";

/** A tensor that the network reads, by its checkpoint name. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Tensors of a graph under construction: float32, row-major, by checkpoint name. Each is used once, and may be rewritten for it. */
export type Tensors = ReadonlyMap<string, Float32Array>;

/** The tensors that a layer reads, with the shapes that it expects. */
export function tensorsOf(layer: Layer): TensorSpec[] {
  switch (layer.kind) {
    case "elu":
      return [];
    case "residual":
      return [...layer.branch, ...(layer.shortcut === null ? [] : [layer.shortcut])].flatMap(tensorsOf);
    case "lstm":
      return Array.from({ length: layer.numLayers }, (_, index) => lstmTensors(layer.name, index, layer.size)).flat();
    case "conv":
      return convTensors(layer, [layer.outChannels, layer.inChannels, layer.kernel]);
    case "convTranspose":
      return convTensors(layer, [layer.inChannels, layer.outChannels, 2 * layer.stride]);
  }
}

/** The stacked codebooks, `[codebookSize, codebookDim]` each. */
export function codebookTensors(config: CodecConfig): TensorSpec[] {
  return Array.from({ length: numQuantizersOf(config) }, (_, index) => ({
    name: `quantizer.layers.${index}.codebook.embed`,
    shape: [config.codebookSize, config.codebookDim],
  }));
}

/**
 * Checks that a checkpoint has every tensor of the network, in the right shape.
 * @throws CheckpointError naming the first tensor at fault, its expected and its found shape.
 */
export function checkTensors(checkpoint: Checkpoint, network: Network): void {
  const [first, ...others] = findTensorFaults(checkpoint, network);
  if (first === undefined) return;
  const found = checkpoint.shapes.get(first.name);
  const what =
    found === undefined ? "is missing" : `has shape [${found.join(", ")}] where the configuration asks for [${first.shape.join(", ")}]`;
  throw new CheckpointError(
    "CHECKPOINT_TENSOR",
    `tensor ${first.name} ${what}${found === undefined ? ` (expected shape [${first.shape.join(", ")}])` : ""}` +
      `${others.length === 0 ? "" : `, and ${others.length} more do not fit`}; ` +
      "the weights and the configuration do not belong together, or the file is incomplete",
    { tensor: first.name, expectedShape: first.shape, actualShape: found },
  );
}

/** Tensors of the network that a checkpoint lacks or has in another shape. */
export function findTensorFaults(checkpoint: Checkpoint, network: Network): TensorSpec[] {
  const specs = requiredTensors(network, checkpoint.config);
  return specs.filter(({ name, shape }) => checkpoint.shapes.get(name)?.join() !== shape.join());
}

/** Every tensor that a network reads. */
export function requiredTensors(network: Network, config: CodecConfig): TensorSpec[] {
  return [...halfTensors(network.encoder), ...codebookTensors(config), ...halfTensors(network.decoder)];
}

/** Reads the given tensors, one after the other. */
export async function readTensors(checkpoint: Checkpoint, specs: readonly TensorSpec[]): Promise<Tensors> {
  const tensors = new Map<string, Float32Array>();
  for (const { name } of specs) tensors.set(name, await checkpoint.read(name));
  return tensors;
}

function halfTensors(half: NetworkHalf): TensorSpec[] {
  return [...half.before, ...(half.lstm === null ? [] : [half.lstm]), ...half.after].flatMap(tensorsOf);
}

function convTensors(layer: Layer & { kind: "conv" | "convTranspose" }, shape: readonly number[]): TensorSpec[] {
  const { name, outChannels, hasNorm } = layer;
  const specs = [
    { name: `${name}.conv.weight`, shape },
    { name: `${name}.conv.bias`, shape: [outChannels] },
  ];
  if (hasNorm) specs.push({ name: `${name}.norm.weight`, shape: [outChannels] }, { name: `${name}.norm.bias`, shape: [outChannels] });
  return specs;
}

function lstmTensors(name: string, index: number, size: number): TensorSpec[] {
  return [
    { name: `${name}.weight_ih_l${index}`, shape: [4 * size, size] },
    { name: `${name}.weight_hh_l${index}`, shape: [4 * size, size] },
    { name: `${name}.bias_ih_l${index}`, shape: [4 * size] },
    { name: `${name}.bias_hh_l${index}`, shape: [4 * size] },
  ];
}
