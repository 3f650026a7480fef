import type { GraphBuilder, Value } from "./graph-builder.ts";
import { groupNorm } from "./group-norm.ts";
import type { ConvLayer } from "./layers.ts";
import { pad } from "./padding.ts";
import type { Tensors } from "./tensors.ts";

/**
 * One convolution over `[batch, channels, 1, length]`.
 *
 * It is written as a 2-D convolution of height 1, because ONNX Runtime has its fast blocked kernels for 2-D only.
 * Zero padding of unstrided convolutions is left to the convolution itself.
 * @param minLength The least length that `x` can have.
 */
export function conv(builder: GraphBuilder, tensors: Tensors, x: Value, layer: ConvLayer, minLength: number): Value {
  const { name, inChannels, outChannels, kernel, stride, dilation, padding } = layer;
  const padsItself = padding.mode === "constant" && stride === 1;
  const weight = builder.weight(`${name}.weight`, [outChannels, inChannels, 1, kernel], tensors.get(`${name}.conv.weight`)!);
  const bias = builder.weight(`${name}.bias`, [outChannels], tensors.get(`${name}.conv.bias`)!);
  const y = builder.node("Conv", [padsItself ? x : pad(builder, x, layer, minLength), weight, bias], {
    kernel_shape: [1, kernel],
    strides: [1, stride],
    dilations: [1, dilation],
    pads: padsItself ? [0, padding.left, 0, padding.right] : [0, 0, 0, 0],
  });
  return layer.hasNorm ? groupNorm(builder, tensors, y, name, outChannels) : y;
}
