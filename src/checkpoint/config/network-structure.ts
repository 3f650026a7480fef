/** What the shapes of an EnCodec's tensors tell about it. */
export interface NetworkStructure {
  readonly audioChannels: number;
  readonly numFilters: number;
  readonly upsamplingRatios: readonly number[];
  readonly hiddenSize: number;
  readonly codebookSize: number;
  readonly codebookDim: number;
  readonly numQuantizers: number;
  readonly numResidualLayers: number;
  readonly kernelSize: number;
  readonly lastKernelSize: number;
  readonly residualKernelSize: number;
  readonly compress: number;
  readonly numLstmLayers: number;
  /** Whether convolutions are followed by a group norm. */
  readonly hasNorm: boolean;
  readonly hasConvShortcut: boolean;
}

/**
 * Walks along the encoder's layers and reads the sizes off its tensors.
 *
 * ```text
 * layer 0   conv                        [numFilters, audioChannels, kernelSize]
 * then, for every ratio:
 *           residual unit, one or more
 *           ELU                         (no tensors)
 *           conv with stride            [2 · channels, channels, 2 · ratio]
 * then      LSTM, ELU, conv             [hiddenSize, channels, lastKernelSize]
 * ```
 *
 * @param shapes Shapes by canonical name.
 * @returns `undefined` if the layers are not in this order.
 * Source: transformers 5.17 `EncodecEncoder`.
 */
export function readStructure(shapes: ReadonlyMap<string, readonly number[]>): NetworkStructure | undefined {
  const convAt = (layer: string): readonly number[] | undefined => {
    const shape = shapes.get(`encoder.layers.${layer}.conv.weight`);
    return shape?.length === 3 ? shape : undefined;
  };
  const first = convAt("0");
  const inResidual = convAt("1.block.1");
  const codebook = shapes.get("quantizer.layers.0.codebook.embed");
  if (first === undefined || inResidual === undefined || codebook?.length !== 2) return undefined;

  const downsamplingRatios: number[] = [];
  let numResidualLayers = 0;
  let layer = 1;
  while (convAt(`${layer}.block.1`) !== undefined) {
    const firstResidual = layer;
    while (convAt(`${layer}.block.1`) !== undefined) layer++;
    numResidualLayers = layer - firstResidual;
    const downsampling = convAt(`${layer + 1}`);
    if (downsampling === undefined) return undefined;
    downsamplingRatios.push(downsampling[2]! / 2);
    layer += 2;
  }
  const numLstmLayers = countWhile((n) => shapes.has(`encoder.layers.${layer}.lstm.weight_ih_l${n}`));
  const last = convAt(`${layer + 2}`);
  if (numLstmLayers === 0 || last === undefined) return undefined;

  return {
    audioChannels: first[1]!,
    numFilters: first[0]!,
    upsamplingRatios: downsamplingRatios.toReversed(),
    hiddenSize: last[0]!,
    codebookSize: codebook[0]!,
    codebookDim: codebook[1]!,
    numQuantizers: countWhile((n) => shapes.has(`quantizer.layers.${n}.codebook.embed`)),
    numResidualLayers,
    kernelSize: first[2]!,
    lastKernelSize: last[2]!,
    residualKernelSize: inResidual[2]!,
    compress: inResidual[1]! / inResidual[0]!,
    numLstmLayers,
    hasNorm: shapes.has("encoder.layers.0.norm.weight"),
    hasConvShortcut: shapes.has("encoder.layers.1.shortcut.conv.weight"),
  };
}

function countWhile(holds: (n: number) => boolean): number {
  let count = 0;
  while (holds(count)) count++;
  return count;
}
