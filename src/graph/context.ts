import type { Layer } from "./layers.ts";

/**
 * How far layers look beyond the stretch of time that they are asked for. A stretch that is computed with that much of its
 * surroundings on both sides comes out as it would from the whole.
 */
export interface Context {
  readonly left: number;
  readonly right: number;
}

/**
 * Context of a run of layers, in steps of their input; null if a norm looks at everything.
 *
 * It is counted from the last layer to the first. A convolution reaches over what its padding stands for at the ends; a
 * block of transposed outputs depends on two neighbouring inputs.
 */
export function contextOf(layers: readonly Layer[], behind: Context = { left: 0, right: 0 }): Context | null {
  return layers.toReversed().reduce<Context | null>((context, layer) => context && contextBefore(layer, context), behind);
}

function contextBefore(layer: Layer, { left, right }: Context): Context | null {
  switch (layer.kind) {
    case "elu":
      return { left, right };
    case "conv":
      if (layer.hasNorm) return null;
      return { left: left * layer.stride + layer.padding.left, right: right * layer.stride + layer.padding.right };
    case "convTranspose": {
      const { stride, trim, hasNorm } = layer;
      if (hasNorm) return null;
      return { left: 1 + Math.ceil((left - trim.left) / stride), right: 1 + Math.floor((right + trim.left - 1) / stride) };
    }
    case "residual": {
      const branch = contextOf(layer.branch, { left, right });
      const shortcut = contextOf(layer.shortcut === null ? [] : [layer.shortcut], { left, right });
      if (branch === null || shortcut === null) return null;
      return { left: Math.max(branch.left, shortcut.left), right: Math.max(branch.right, shortcut.right) };
    }
    case "lstm":
      return null;
  }
}

/**
 * Outputs of a run of layers that are settled once `numInputs` inputs are known and more may follow: later inputs cannot
 * change them. 0 where a norm looks at everything.
 *
 * The very start asks for more than further on: padding by reflection shows a layer its first inputs beyond the
 * edge, as many as are padded, so nothing is settled before they are there.
 */
export function settledOutputs(layers: readonly Layer[], numInputs: number): number {
  return layers.reduce(settledAfter, numInputs);
}

function settledAfter(numInputs: number, layer: Layer): number {
  switch (layer.kind) {
    case "elu":
      return numInputs;
    case "conv": {
      const { kernel, stride, dilation, padding, hasNorm } = layer;
      if (hasNorm || (padding.mode === "reflect" && numInputs <= padding.left)) return 0;
      return Math.max(0, Math.floor((numInputs - 1 + padding.left - (kernel - 1) * dilation) / stride) + 1);
    }
    case "convTranspose":
      return layer.hasNorm ? 0 : Math.max(0, numInputs * layer.stride - layer.trim.left);
    case "residual": {
      const shortcut = layer.shortcut === null ? numInputs : settledAfter(numInputs, layer.shortcut);
      return Math.min(settledOutputs(layer.branch, numInputs), shortcut);
    }
    case "lstm":
      return numInputs;
  }
}
