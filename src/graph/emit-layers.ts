import { conv } from "./conv.ts";
import { convTranspose } from "./conv-transpose.ts";
import { elu } from "./elu.ts";
import type { GraphBuilder, Value } from "./graph-builder.ts";
import type { Layer } from "./layers.ts";
import type { Tensors } from "./tensors.ts";

/** A signal `[batch, channels, 1, length]` inside a graph. */
export interface Signal {
  readonly value: Value;
  /** The least length that it can have, for any input to the graph. */
  readonly minLength: number;
}

/** Emits layers one after the other for signals that are there from beginning to end. LSTM layers have graphs of their own. */
export function emitLayers(builder: GraphBuilder, tensors: Tensors, layers: readonly Layer[], x: Signal): Signal {
  return layers.reduce((signal, layer) => emitLayer(builder, tensors, layer, signal), x);
}

function emitLayer(builder: GraphBuilder, tensors: Tensors, layer: Layer, x: Signal): Signal {
  switch (layer.kind) {
    case "elu":
      return { ...x, value: elu(builder, x.value) };
    case "conv":
      return {
        value: conv(builder, tensors, x.value, layer, x.minLength),
        minLength: Math.ceil(x.minLength / layer.stride),
      };
    case "convTranspose":
      return { value: convTranspose(builder, tensors, x.value, layer), minLength: x.minLength * layer.stride };
    case "residual": {
      const branch = emitLayers(builder, tensors, layer.branch, x);
      const shortcut = layer.shortcut === null ? x : emitLayer(builder, tensors, layer.shortcut, x);
      return { ...x, value: builder.node("Add", [shortcut.value, branch.value]) };
    }
    case "lstm":
      throw new TypeError("an LSTM layer cannot be emitted among convolutions");
  }
}
