import { bitsPerCodeOf } from "../../core/index.ts";

/** What shapes an EnCodec network, under the names of transformers' `EncodecConfig` in camel case. */
export interface CodecConfig {
  /** Sample rate in hertz. */
  readonly samplingRate: number;
  readonly audioChannels: number;
  /** Width of the first convolution; doubles at every downsampling. */
  readonly numFilters: number;
  /** Strides of the decoder in order; the encoder uses them reversed. */
  readonly upsamplingRatios: readonly number[];
  readonly hiddenSize: number;
  readonly codebookSize: number;
  readonly codebookDim: number;
  readonly numResidualLayers: number;
  readonly kernelSize: number;
  readonly lastKernelSize: number;
  readonly residualKernelSize: number;
  readonly dilationGrowthRate: number;
  /** Residual branches are `channels / compress` wide inside. */
  readonly compress: number;
  readonly numLstmLayers: number;
  /** Share of a causal transposed convolution's padding that is cut on the right, 0…1. */
  readonly trimRightRatio: number;
  readonly useCausalConv: boolean;
  /** Whether residual blocks have a 1×1 convolution on their shortcut, or the identity. */
  readonly useConvShortcut: boolean;
  readonly normType: "weight_norm" | "time_group_norm";
  readonly padMode: "reflect" | "constant" | "replicate";
  /** Whether each segment is divided by its loudness (the scale) before encoding. */
  readonly normalize: boolean;
  /** Segment length in seconds, or null where audio is coded in one piece. */
  readonly chunkLengthS: number | null;
  /** Share of a segment that overlaps the next, 0…1, or null. */
  readonly overlap: number | null;
  /** Bandwidths in kbps, ascending. */
  readonly targetBandwidths: readonly number[];
  /** Whether left and right go through a mono codec one by one and their codebooks are interleaved (stereo MusicGen). */
  readonly interleaveStereo: boolean;
}

/** Samples per frame. */
export function hopLengthOf(config: CodecConfig): number {
  return config.upsamplingRatios.reduce((product, ratio) => product * ratio, 1);
}

/** Frames per second, rounded up as the reference does. */
export function frameRateOf(config: CodecConfig): number {
  return Math.ceil(config.samplingRate / hopLengthOf(config));
}

/**
 * Codebooks that fit into a bandwidth, at least one.
 * Source: transformers 5.17 `EncodecConfig.num_quantizers`, `EncodecResidualVectorQuantizer.get_num_quantizers_for_bandwidth`.
 * @param bandwidth In kbps.
 */
export function numCodebooksFor(config: CodecConfig, bandwidth: number): number {
  const bitsPerSecond = frameRateOf(config) * bitsPerCodeOf(config.codebookSize);
  return Math.max(1, Math.floor((1000 * bandwidth) / bitsPerSecond));
}

/** Codebooks in the checkpoint: those of its highest bandwidth. */
export function numQuantizersOf(config: CodecConfig): number {
  return numCodebooksFor(config, config.targetBandwidths.at(-1)!);
}

/** How audio is cut into segments that are coded on their own. */
export interface Segmenting {
  /** Samples per segment. */
  readonly length: number;
  /** Samples between the starts of neighbours. */
  readonly stride: number;
}

/** How a codec cuts audio, or null where it is coded in one piece. */
export function segmentingOf(config: CodecConfig): Segmenting | null {
  if (config.chunkLengthS === null) return null;
  const length = Math.trunc(config.chunkLengthS * config.samplingRate);
  const stride = Math.max(1, Math.trunc((1 - (config.overlap ?? 0)) * length));
  return { length, stride };
}
