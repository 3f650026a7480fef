import type { GraphBuilder, Value } from "./graph-builder.ts";
import type { Tensors } from "./tensors.ts";

/**
 * Group norm with a single group over channels and time of `[batch, channels, 1, length]`, then a gain and offset per channel.
 * Source: torch `GroupNorm(1, channels)`, whose epsilon is 1e-5.
 */
export function groupNorm(builder: GraphBuilder, tensors: Tensors, x: Value, name: string, channels: number): Value {
  const flat = builder.node("Reshape", [x, builder.integers([0, 1, -1])]);
  const one = builder.weight(`${name}.one`, [1], Float32Array.of(1));
  const zero = builder.weight(`${name}.zero`, [1], Float32Array.of(0));
  const normed = builder.node("InstanceNormalization", [flat, one, zero], { epsilon: { float: 1e-5 } });
  const y = builder.node("Reshape", [normed, builder.integers([0, channels, 1, -1])]);
  const gain = builder.weight(`${name}.gain`, [channels, 1, 1], tensors.get(`${name}.norm.weight`)!);
  const offset = builder.weight(`${name}.offset`, [channels, 1, 1], tensors.get(`${name}.norm.bias`)!);
  return builder.node("Add", [builder.node("Mul", [y, gain]), offset]);
}
