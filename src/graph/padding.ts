import type { ConvLayer } from "./layers.ts";
import type { GraphBuilder, Value } from "./graph-builder.ts";

const onnxPadMode = { reflect: "reflect", constant: "constant", replicate: "edge" } as const;

/**
 * Pads `[batch, channels, 1, length]` as a convolution of the reference does: fixed amounts on both sides, and on the
 * right what is missing to a multiple of the stride.
 *
 * Reflection needs more samples than it adds. Shorter inputs are first extended by zeros, and what the zeros added is
 * cut off the end afterwards; an `If` keeps that path away from inputs of ordinary length.
 * Source: transformers 5.17 `EncodecConv1d._pad1d`, `_get_extra_padding_for_conv1d`.
 * @param minLength The least length that `x` can have here.
 */
export function pad(builder: GraphBuilder, x: Value, layer: ConvLayer, minLength: number): Value {
  const { left, right, mode } = layer.padding;
  const longest = Math.max(left, right + layer.stride - 1);
  if (longest === 0) return x;
  const length = builder.node("Shape", [x], { start: 3, end: 4 });
  const rightTotal = builder.node("Add", [
    builder.integers([right]),
    builder.node("Mod", [builder.node("Neg", [length]), builder.integers([layer.stride])]),
  ]);
  const pads = builder.node("Concat", [builder.integers([0, 0, 0, left, 0, 0, 0]), rightTotal], { axis: 0 });
  const padFully = (inner: GraphBuilder, input: Value): Value => inner.node("Pad", [input, pads], { mode: onnxPadMode[mode] });
  if (mode !== "reflect" || minLength > longest) return padFully(builder, x);

  const isShort = builder.node("Less", [builder.node("Squeeze", [length]), builder.integers(longest + 1)]);
  // ONNX Runtime takes dimensions of one name for equal and shares memory between them: this name is used once.
  const dims = ["batch", layer.inChannels, 1, `${x}/padded`];
  return builder.node("If", [isShort], {
    then_branch: builder.subgraph((branch) => {
      const needed = branch.node("Max", [branch.node("Add", [rightTotal, branch.integers([1])]), branch.integers([left + 1])]);
      const missing = branch.node("Max", [branch.node("Sub", [needed, length]), branch.integers([0])]);
      const zeros = branch.node("Concat", [branch.integers([0, 0, 0, 0, 0, 0, 0]), missing], { axis: 0 });
      const padded = padFully(branch, branch.node("Pad", [x, zeros], { mode: "constant" }));
      const end = branch.node("Sub", [branch.node("Shape", [padded], { start: 3, end: 4 }), missing]);
      branch.output(`${x}/short`, branch.node("Slice", [padded, branch.integers([0]), end, branch.integers([3])]), "float32", dims);
    }),
    else_branch: builder.subgraph((branch) => branch.output(`${x}/long`, padFully(branch, x), "float32", dims)),
  });
}
