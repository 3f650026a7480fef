import type { GraphBuilder, Value } from "./graph-builder.ts";
import type { LstmLayer } from "./layers.ts";
import type { Tensors } from "./tensors.ts";

/** What an LSTM remembers: `[numLayers, batch, size]` each. */
export interface LstmState {
  readonly hidden: Value;
  readonly cell: Value;
}

/**
 * Stacked forward LSTM over `[frames, batch, size]`, plus its input, going on from a state.
 * Source: transformers 5.17 `EncodecLSTM`.
 */
export function lstm(
  builder: GraphBuilder,
  tensors: Tensors,
  x: Value,
  layer: LstmLayer,
  before: LstmState,
): { readonly output: Value; readonly after: LstmState } {
  const { name, size, numLayers } = layer;
  const numDirections = 1;
  const states: LstmState[] = [];
  let signal = x;
  for (let index = 0; index < numLayers; index++) {
    const part = (kind: string): Float32Array => reorderGates(tensors.get(`${name}.${kind}_l${index}`)!);
    const input = builder.weight(`${name}.${index}.W`, [numDirections, 4 * size, size], part("weight_ih"));
    const recurrent = builder.weight(`${name}.${index}.R`, [numDirections, 4 * size, size], part("weight_hh"));
    const biases = new Float32Array(8 * size);
    biases.set(part("bias_ih"));
    biases.set(part("bias_hh"), 4 * size);
    const bias = builder.weight(`${name}.${index}.B`, [numDirections, 8 * size], biases);
    const ofLayer = (state: Value): Value =>
      builder.node("Slice", [state, builder.integers([index]), builder.integers([index + 1]), builder.integers([0])]);
    const noLengths = "";
    const [y, hidden, cell] = builder.nodes(
      "LSTM",
      [signal, input, recurrent, bias, noLengths, ofLayer(before.hidden), ofLayer(before.cell)],
      3,
      { hidden_size: size },
    );
    states.push({ hidden: hidden!, cell: cell! });
    signal = builder.node("Squeeze", [y!, builder.integers([1])]);
  }
  const stack = (key: keyof LstmState): Value =>
    builder.node(
      "Concat",
      states.map((state) => state[key]),
      { axis: 0 },
    );
  return { output: builder.node("Add", [signal, x]), after: { hidden: stack("hidden"), cell: stack("cell") } };
}

/** PyTorch stacks the gates as input, forget, cell, output; ONNX as input, output, forget, cell. Reorders them in place. */
function reorderGates(stacked: Float32Array): Float32Array {
  const gate = stacked.length / 4;
  const output = stacked.slice(3 * gate);
  stacked.copyWithin(2 * gate, gate, 3 * gate);
  stacked.set(output, gate);
  return stacked;
}
