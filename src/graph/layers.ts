import type { CodecConfig } from "../checkpoint/index.ts";

/**
 * The network described once, as data: what each layer computes and which tensors it reads. The graphs, the context that
 * they need and the list of tensors to check all come from this description.
 */
export type Layer = ConvLayer | ConvTransposeLayer | ResidualLayer | LstmLayer | EluLayer;

export interface ConvLayer {
  readonly kind: "conv";
  /** Checkpoint prefix: `<name>.conv.weight` and `<name>.conv.bias`, and `<name>.norm.*` where there is a norm. */
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /**
   * Samples added on either side. A strided convolution adds on the right what is missing to a whole output step besides.
   * Source: transformers 5.17 `EncodecConv1d.forward`.
   */
  readonly padding: { readonly left: number; readonly right: number; readonly mode: CodecConfig["padMode"] };
  readonly hasNorm: boolean;
}

/** Transposed convolution whose kernel is twice its stride, as everywhere in SEANet. */
export interface ConvTransposeLayer {
  readonly kind: "convTranspose";
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: number;
  /** Samples cut on either side; together one stride. Source: transformers 5.17 `EncodecConvTranspose1d.forward`. */
  readonly trim: { readonly left: number; readonly right: number };
  readonly hasNorm: boolean;
}

/** `shortcut(x) + branch(x)`; without a shortcut, `x + branch(x)`. */
export interface ResidualLayer {
  readonly kind: "residual";
  readonly branch: readonly Layer[];
  readonly shortcut: ConvLayer | null;
}

/** Stacked forward LSTM over frames, plus its input. */
export interface LstmLayer {
  readonly kind: "lstm";
  readonly name: string;
  readonly size: number;
  readonly numLayers: number;
}

export interface EluLayer {
  readonly kind: "elu";
}

/** The two halves of the codec, each in three parts: what comes before the LSTM, the LSTM, and what comes after. */
export interface Network {
  readonly encoder: NetworkHalf;
  readonly decoder: NetworkHalf;
}

export interface NetworkHalf {
  readonly before: readonly Layer[];
  /** Null for networks trained without LSTM. */
  readonly lstm: LstmLayer | null;
  readonly after: readonly Layer[];
  /** Channels that enter and leave the LSTM. */
  readonly width: number;
}

/** The layers of a checkpoint's SEANet encoder and decoder. Source: transformers 5.17 `EncodecEncoder`, `EncodecDecoder`. */
export function describeNetwork(config: CodecConfig): Network {
  const width = config.numFilters * 2 ** config.upsamplingRatios.length;
  return { encoder: describeEncoder(config, width), decoder: describeDecoder(config, width) };
}

function describeEncoder(config: CodecConfig, width: number): NetworkHalf {
  const names = layerNames("encoder");
  let channels = config.numFilters;
  const before: Layer[] = [conv(config, names(), config.audioChannels, channels, { kernel: config.kernelSize })];
  for (const ratio of config.upsamplingRatios.toReversed()) {
    before.push(...residualUnits(config, names, channels), elu(names));
    before.push(conv(config, names(), channels, 2 * channels, { kernel: 2 * ratio, stride: ratio }));
    channels *= 2;
  }
  const lstm = describeLstm(config, names, width);
  const after = [elu(names), conv(config, names(), channels, config.hiddenSize, { kernel: config.lastKernelSize })];
  return { before, lstm, after, width };
}

function describeDecoder(config: CodecConfig, width: number): NetworkHalf {
  const names = layerNames("decoder");
  let channels = width;
  const before = [conv(config, names(), config.hiddenSize, channels, { kernel: config.kernelSize })];
  const lstm = describeLstm(config, names, width);
  const after: Layer[] = [];
  for (const ratio of config.upsamplingRatios) {
    after.push(elu(names), convTranspose(config, names(), channels, channels / 2, ratio));
    channels /= 2;
    after.push(...residualUnits(config, names, channels));
  }
  after.push(elu(names), conv(config, names(), channels, config.audioChannels, { kernel: config.lastKernelSize }));
  return { before, lstm, after, width };
}

/** Layers are named by their position in the reference's `nn.Sequential`, activations included. */
function layerNames(half: "encoder" | "decoder"): () => string {
  let index = 0;
  return () => `${half}.layers.${index++}`;
}

function elu(names: () => string): EluLayer {
  names();
  return { kind: "elu" };
}

function residualUnits(config: CodecConfig, names: () => string, channels: number): ResidualLayer[] {
  const hidden = Math.trunc(channels / config.compress);
  return Array.from({ length: config.numResidualLayers }, (_, index) => {
    const name = names();
    const dilation = config.dilationGrowthRate ** index;
    return {
      kind: "residual",
      branch: [
        { kind: "elu" },
        conv(config, `${name}.block.1`, channels, hidden, { kernel: config.residualKernelSize, dilation }),
        { kind: "elu" },
        conv(config, `${name}.block.3`, hidden, channels, { kernel: 1 }),
      ],
      shortcut: config.useConvShortcut ? conv(config, `${name}.shortcut`, channels, channels, { kernel: 1 }) : null,
    };
  });
}

function describeLstm(config: CodecConfig, names: () => string, size: number): LstmLayer | null {
  if (config.numLstmLayers === 0) return null;
  return { kind: "lstm", name: `${names()}.lstm`, size, numLayers: config.numLstmLayers };
}

function conv(
  config: CodecConfig,
  name: string,
  inChannels: number,
  outChannels: number,
  { kernel, stride = 1, dilation = 1 }: { kernel: number; stride?: number; dilation?: number },
): ConvLayer {
  const total = (kernel - 1) * dilation + 1 - stride;
  const right = config.useCausalConv ? 0 : Math.floor(total / 2);
  const padding = { left: total - right, right, mode: config.padMode };
  const hasNorm = config.normType === "time_group_norm";
  return { kind: "conv", name, inChannels, outChannels, kernel, stride, dilation, padding, hasNorm };
}

function convTranspose(config: CodecConfig, name: string, inChannels: number, outChannels: number, stride: number): ConvTransposeLayer {
  const right = config.useCausalConv ? Math.ceil(stride * config.trimRightRatio) : Math.floor(stride / 2);
  const trim = { left: stride - right, right };
  return { kind: "convTranspose", name, inChannels, outChannels, stride, trim, hasNorm: config.normType === "time_group_norm" };
}
