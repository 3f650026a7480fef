import type { GraphBuilder, Value } from "./graph-builder.ts";
import type { LstmLayer } from "./layers.ts";
import type { Tensors } from "./tensors.ts";

/** PyTorch stacks the gates as input, forget, cell, output; ONNX as input, output, forget, cell. */
const gateOrder = [0, 3, 1, 2];

/** Stacked forward LSTM over `[frames, batch, size]`, plus its input. Source: transformers 5.17 `EncodecLSTM`. */
export function lstm(builder: GraphBuilder, tensors: Tensors, x: Value, layer: LstmLayer): Value {
  const { name, size, numLayers } = layer;
  const numDirections = 1;
  let hidden = x;
  for (let index = 0; index < numLayers; index++) {
    const part = (kind: string): Float32Array => reorderGates(tensors.get(`${name}.${kind}_l${index}`)!);
    const input = builder.weight(`${name}.${index}.W`, [numDirections, 4 * size, size], part("weight_ih"));
    const recurrent = builder.weight(`${name}.${index}.R`, [numDirections, 4 * size, size], part("weight_hh"));
    const biases = new Float32Array(8 * size);
    biases.set(part("bias_ih"));
    biases.set(part("bias_hh"), 4 * size);
    const bias = builder.weight(`${name}.${index}.B`, [numDirections, 8 * size], biases);
    const y = builder.node("LSTM", [hidden, input, recurrent, bias], { hidden_size: size });
    hidden = builder.node("Squeeze", [y, builder.integers([1])]);
  }
  return builder.node("Add", [hidden, x]);
}

function reorderGates(stacked: Float32Array): Float32Array {
  const gate = stacked.length / gateOrder.length;
  const reordered = new Float32Array(stacked.length);
  for (const [to, from] of gateOrder.entries()) reordered.set(stacked.subarray(from * gate, (from + 1) * gate), to * gate);
  return reordered;
}
