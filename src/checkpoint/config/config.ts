import { z } from "zod";
import { bitsPerCodeOf, CheckpointError, printableJson } from "../../core/index.ts";
import { isJsonObject } from "../tensors/strict-json.ts";
import { frameRateOf, hopLengthOf, segmentingOf } from "./codec-config.ts";
import type { CodecConfig } from "./codec-config.ts";

/** Most codebooks that a configuration may ask for; the official codecs have 32 at most. */
const maxQuantizers = 256;

/** Widest layer, in channels, that `num_filters` and the number of ratios may lead to; 1024 in the official codecs. */
const maxChannels = 65_536;

const maxHopLength = 65_536;

/** Furthest that a residual unit may look, in steps: its kernel times its largest dilation. */
const maxReceptiveField = 65_536;

/** Most frames for a second of audio; 150 in the official codecs. Each costs a step of the LSTM and a code of every codebook. */
const maxFrameRate = 1500;

/** Furthest that a frame may depend on audio before or behind it, in seconds; under 0.1 in the official codecs. It is computed again for every window. */
const maxContext = 10;

/**
 * Most numbers that the widest layer may hold at a time, half a gigabyte of them: of a segment, or else of a hundred frames with what they
 * depend on. 4 million in the official codecs.
 */
const maxNumbers = 2 ** 27;

/** Frames that are computed at a time where audio is coded in one piece. */
const framesAtATime = 100;

/** Segments of the 48 kHz codec last 1 s. Shorter ones cost more than their audio is worth; each is in memory as a whole. */
const minSegment = 0.1;
const maxSegment = 30;

/** Largest fraction of a segment that the next may cover again, so that no sample is coded more than four times; 0.01 in the 48 kHz codec. */
const maxOverlap = 0.75;

const overlapRange = "null or a number from 0 to below 1";

/** Fields whose error message is what is allowed, so that every complaint can say "is …; expected …". */
function wholeNumber(least: number, most: number): z.ZodInt {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
}

function realNumber(least: number, most: number, error: string): z.ZodNumber {
  return z.number({ error }).min(least, { error }).max(most, { error });
}

function listOf<Item extends z.ZodType>(item: Item, most: number): z.ZodArray<Item> {
  const error = `a list of 1 to ${most} numbers`;
  return z.array(item, { error }).min(1, { error }).max(most, { error });
}

function yesOrNo(): z.ZodBoolean {
  return z.boolean({ error: "true or false" });
}

function oneOf<const Choice extends string>(...choices: readonly Choice[]): z.ZodEnum<{ [key in Choice]: key }> {
  return z.enum(choices, { error: choices.join(" or ") });
}

/**
 * The fields of transformers' `EncodecConfig`, with its defaults for those that a file leaves out.
 * Limits are ours: far beyond every published codec, and near enough to keep a hostile file from asking for the moon. What several
 * fields ask for together has limits of its own, in `checkConsistency`.
 * Source: transformers 5.17 `configuration_encodec.py`.
 */
const encodecSchema = z.object({
  sampling_rate: wholeNumber(1000, 768_000).default(24_000),
  audio_channels: wholeNumber(1, 2).default(1),
  num_filters: wholeNumber(1, 4096).default(32),
  upsampling_ratios: listOf(wholeNumber(1, 64), 8).default([8, 5, 4, 2]),
  hidden_size: wholeNumber(1, 16_384).default(128),
  codebook_size: wholeNumber(2, 65_536).default(1024),
  codebook_dim: wholeNumber(1, 16_384).nullable().default(null),
  num_residual_layers: wholeNumber(0, 16).default(1),
  kernel_size: wholeNumber(1, 255).default(7),
  last_kernel_size: wholeNumber(1, 255).default(7),
  residual_kernel_size: wholeNumber(1, 255).default(3),
  dilation_growth_rate: wholeNumber(1, 16).default(2),
  compress: wholeNumber(1, 4096).default(2),
  num_lstm_layers: wholeNumber(0, 16).default(2),
  trim_right_ratio: realNumber(0, 1, "a number from 0 to 1").default(1),
  use_causal_conv: yesOrNo().default(true),
  use_conv_shortcut: yesOrNo().default(true),
  norm_type: oneOf("weight_norm", "time_group_norm").default("weight_norm"),
  pad_mode: oneOf("reflect", "constant", "replicate").default("reflect"),
  normalize: yesOrNo().default(false),
  chunk_length_s: realNumber(0.001, 3600, "null or a number of seconds from 0.001 to 3600").nullable().default(null),
  overlap: z.number({ error: overlapRange }).min(0, { error: overlapRange }).lt(1, { error: overlapRange }).nullable().default(null),
  target_bandwidths: listOf(realNumber(0.01, 100_000, "a number of kbps from 0.01 to 100000"), 64).default([1.5, 3, 6, 12, 24]),
});

/**
 * Checks the fields of an `EncodecConfig` and gives them our names.
 * @param fields Parsed `config.json` of a codec, or the part of a larger model's that describes its codec.
 * @param file Name for error messages.
 * @throws CheckpointError with code CHECKPOINT_CONFIG naming the key, the value found and what is allowed.
 */
export function parseEncodecConfig(fields: unknown, file: string): CodecConfig {
  if (!isJsonObject(fields)) throw new CheckpointError("CHECKPOINT_CONFIG", `${file} does not hold a JSON object`);
  refuseOldDialect(fields, file);
  const result = encodecSchema.safeParse(fields);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const [key, index] = issue.path as [string, number?];
    const found = index === undefined ? fields[key] : (fields[key] as readonly unknown[])[index];
    throw impossible(file, index === undefined ? key : `${key}[${index}]`, found, issue.message);
  }
  const parsed = result.data;
  const config: CodecConfig = {
    samplingRate: parsed.sampling_rate,
    audioChannels: parsed.audio_channels,
    numFilters: parsed.num_filters,
    upsamplingRatios: parsed.upsampling_ratios,
    hiddenSize: parsed.hidden_size,
    codebookSize: parsed.codebook_size,
    codebookDim: parsed.codebook_dim ?? parsed.hidden_size,
    numResidualLayers: parsed.num_residual_layers,
    kernelSize: parsed.kernel_size,
    lastKernelSize: parsed.last_kernel_size,
    residualKernelSize: parsed.residual_kernel_size,
    dilationGrowthRate: parsed.dilation_growth_rate,
    compress: parsed.compress,
    numLstmLayers: parsed.num_lstm_layers,
    trimRightRatio: parsed.trim_right_ratio,
    useCausalConv: parsed.use_causal_conv,
    useConvShortcut: parsed.use_conv_shortcut,
    normType: parsed.norm_type,
    padMode: parsed.pad_mode,
    normalize: parsed.normalize,
    chunkLengthS: parsed.chunk_length_s,
    overlap: parsed.overlap,
    targetBandwidths: parsed.target_bandwidths,
    interleaveStereo: false,
  };
  checkConsistency(config, file);
  return config;
}

/** Early revisions of facebook/encodec_24khz spell some keys otherwise, so that defaults would stand in for them unnoticed. */
function refuseOldDialect(fields: Readonly<Record<string, unknown>>, file: string): void {
  const old = ["ratios", "dimension", "n_filters"].filter((key) => Object.hasOwn(fields, key));
  if (old.length === 0 || Object.hasOwn(fields, "upsampling_ratios")) return;
  throw new CheckpointError(
    "CHECKPOINT_CONFIG",
    `${file} has the keys ${old.join(", ")} of an early revision of this repository, before transformers settled on ` +
      `upsampling_ratios, hidden_size and num_filters; download the current revision`,
  );
}

/** Checks what no single field can tell. */
function checkConsistency(config: CodecConfig, file: string): void {
  const { numFilters, compress, hiddenSize, codebookDim, upsamplingRatios } = config;
  if (codebookDim !== hiddenSize) {
    throw impossible(file, "codebook_dim", codebookDim, `${hiddenSize}, the hidden_size: EnCodec has no projection between the two`);
  }
  if (numFilters % compress !== 0) {
    throw impossible(file, "compress", compress, `a divisor of num_filters, which is ${numFilters}`);
  }
  if (numFilters * 2 ** upsamplingRatios.length > maxChannels) {
    throw impossible(
      file,
      "num_filters",
      numFilters,
      `at most ${maxChannels} channels after doubling at each of ${upsamplingRatios.length} ratios`,
    );
  }
  const hopLength = hopLengthOf(config);
  if (hopLength > Math.min(maxHopLength, config.samplingRate)) {
    throw impossible(
      file,
      "upsampling_ratios",
      upsamplingRatios,
      `ratios whose product is at most a second and at most ${maxHopLength} samples, not ${hopLength}`,
    );
  }
  const frameRate = frameRateOf(config);
  if (frameRate > maxFrameRate) {
    throw impossible(
      file,
      "upsampling_ratios",
      upsamplingRatios,
      `ratios that lead to at most ${maxFrameRate} frames per second, not ${frameRate} at ${config.samplingRate} Hz`,
    );
  }
  const dilation = config.dilationGrowthRate ** Math.max(0, config.numResidualLayers - 1);
  if (dilation * config.residualKernelSize > maxReceptiveField) {
    throw impossible(
      file,
      "dilation_growth_rate",
      config.dilationGrowthRate,
      `a residual unit that spans at most ${maxReceptiveField} steps, not a dilation of ${dilation}`,
    );
  }
  const context = contextIn(config);
  if (context > maxContext * config.samplingRate) {
    throw impossible(
      file,
      "num_residual_layers",
      config.numResidualLayers,
      `kernels, dilations and ratios by which a frame depends on at most ${maxContext} s of audio around it, ` +
        `not on ${(context / config.samplingRate).toFixed(1)} s`,
    );
  }
  if (!config.useCausalConv && config.trimRightRatio !== 1) {
    throw impossible(file, "trim_right_ratio", config.trimRightRatio, "1 where use_causal_conv is false, as in the reference");
  }
  if (config.useCausalConv && config.normType === "time_group_norm") {
    throw impossible(file, "norm_type", config.normType, "weight_norm where use_causal_conv is true: a norm over time looks ahead");
  }
  checkSegments(config, file);
  const segment = segmentingOf(config);
  const numbers = widestOf(config) * (segment === null ? framesAtATime * hopLength + 2 * context : segment.length);
  if (numbers > maxNumbers) {
    throw impossible(
      file,
      "num_filters",
      numFilters,
      `filters, ratios and segments by which the widest layer holds at most ${maxNumbers} numbers at a time, not ${numbers}`,
    );
  }
  checkBandwidths(config, file);
}

/** Samples that the encoder's convolutions reach over, one after the other. */
function contextIn(config: CodecConfig): number {
  const { kernelSize, lastKernelSize, residualKernelSize, dilationGrowthRate, numResidualLayers, upsamplingRatios } = config;
  const dilations = Array.from({ length: numResidualLayers }, (_, layer) => dilationGrowthRate ** layer);
  const residualReach = dilations.reduce((reach, dilation) => reach + (residualKernelSize - 1) * dilation, 0);
  let samples = kernelSize - 1;
  let stride = 1;
  for (const ratio of upsamplingRatios.toReversed()) {
    samples += stride * (residualReach + 2 * ratio - 1);
    stride *= ratio;
  }
  return samples + stride * (lastKernelSize - 1);
}

/** Channels of the widest layer, for each sample of audio: they double while the ratios divide the samples. */
function widestOf({ numFilters, upsamplingRatios }: CodecConfig): number {
  let width = numFilters;
  let widest = width;
  for (const ratio of upsamplingRatios.toReversed()) {
    width *= 2 / ratio;
    widest = Math.max(widest, width);
  }
  return widest;
}

function checkSegments(config: CodecConfig, file: string): void {
  const { chunkLengthS, overlap, samplingRate } = config;
  if (chunkLengthS === null) return;
  if (overlap === null) {
    throw impossible(file, "overlap", overlap, "a number from 0 to below 1 where chunk_length_s is given");
  }
  if (overlap > maxOverlap) {
    throw impossible(file, "overlap", overlap, `at most ${maxOverlap}, by which every sample is coded four times`);
  }
  if (chunkLengthS > maxSegment) {
    throw impossible(file, "chunk_length_s", chunkLengthS, `at most ${maxSegment} s, since a segment is in memory as a whole`);
  }
  if (Math.trunc(chunkLengthS * samplingRate) < hopLengthOf(config)) {
    throw impossible(file, "chunk_length_s", chunkLengthS, `at least one frame of ${hopLengthOf(config)} samples`);
  }
  if (chunkLengthS < minSegment) {
    throw impossible(file, "chunk_length_s", chunkLengthS, `at least ${minSegment} s, since every segment costs time of its own`);
  }
}

function checkBandwidths(config: CodecConfig, file: string): void {
  const bandwidths = config.targetBandwidths;
  if (bandwidths.some((bandwidth, i) => i > 0 && bandwidth <= bandwidths[i - 1]!)) {
    throw impossible(file, "target_bandwidths", bandwidths, "kbps in ascending order, each once");
  }
  const bitsPerSecond = frameRateOf(config) * bitsPerCodeOf(config.codebookSize);
  const numQuantizers = Math.floor((1000 * bandwidths.at(-1)!) / bitsPerSecond);
  if (numQuantizers < 1) {
    throw impossible(file, "target_bandwidths", bandwidths, `at least ${bitsPerSecond / 1000} kbps, which is one codebook`);
  }
  if (numQuantizers > maxQuantizers) {
    throw impossible(file, "target_bandwidths", bandwidths, `at most ${maxQuantizers} codebooks of ${bitsPerSecond / 1000} kbps`);
  }
}

function impossible(file: string, key: string, found: unknown, allowed: string): CheckpointError {
  return new CheckpointError("CHECKPOINT_CONFIG", `${file}: ${key} is ${printableJson(found)}; expected ${allowed}`);
}
