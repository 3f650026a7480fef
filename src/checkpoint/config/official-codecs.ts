import { CheckpointError } from "../../core/index.ts";
import { numCodebooksFor } from "./codec-config.ts";
import type { CodecConfig } from "./codec-config.ts";
import { parseEncodecConfig } from "./config.ts";
import { readStructure } from "./network-structure.ts";
import type { NetworkStructure } from "./network-structure.ts";

/** What a published codec is recognised by, and what its tensors cannot tell about it. */
interface OfficialCodec {
  /** The codec's name, as files have it: `encodec_24khz-d7cc33bc.th`. */
  readonly name: string;
  readonly audioChannels: number;
  readonly hasNorm: boolean;
  readonly hasConvShortcut: boolean;
  readonly ratios: string;
  readonly codebookSize: number;
  /** Channels of the first convolution, which double with every ratio. */
  readonly numFilters: number;
  /** Sample rate in hertz. */
  readonly samplingRate: number;
  /** Bandwidths in kbps. */
  readonly bandwidths: readonly number[];
  /** What else differs from the defaults of `config.json`, under its names. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * The published codecs that differ from each other in their tensors alone. The 16 kHz codec is not among them: its
 * padding cannot be told from its tensors, and its checkpoint brings a configuration.
 * Source: facebookresearch/encodec `encodec/model.py` (`encodec_model_24khz`, `encodec_model_48khz`);
 * facebook/encodec_32khz d0c45384 `config.json`.
 */
const officialCodecs: readonly OfficialCodec[] = [
  {
    name: "encodec_24khz",
    audioChannels: 1,
    hasNorm: false,
    hasConvShortcut: true,
    ratios: "8,5,4,2",
    codebookSize: 1024,
    numFilters: 32,
    samplingRate: 24_000,
    bandwidths: [1.5, 3, 6, 12, 24],
    fields: { use_causal_conv: true },
  },
  {
    name: "encodec_48khz",
    audioChannels: 2,
    hasNorm: true,
    hasConvShortcut: true,
    ratios: "8,5,4,2",
    codebookSize: 1024,
    numFilters: 32,
    samplingRate: 48_000,
    bandwidths: [3, 6, 12, 24],
    fields: { use_causal_conv: false, normalize: true, chunk_length_s: 1, overlap: 0.01 },
  },
  {
    name: "encodec_32khz",
    audioChannels: 1,
    hasNorm: false,
    hasConvShortcut: false,
    ratios: "8,5,4,4",
    codebookSize: 2048,
    numFilters: 64,
    samplingRate: 32_000,
    bandwidths: [2.2],
    fields: { use_causal_conv: false },
  },
];

/** Sizes that all published codecs have. */
const publishedSizes: Partial<NetworkStructure> = {
  hiddenSize: 128,
  codebookDim: 128,
  numResidualLayers: 1,
  kernelSize: 7,
  lastKernelSize: 7,
  residualKernelSize: 3,
  compress: 2,
  numLstmLayers: 2,
};

/**
 * Works out the configuration of weights that come without one: sizes from the tensors, the rest from the published
 * codec that they are an instance of. Bandwidths that need more codebooks than are stored are left out.
 * @param shapes Shapes by canonical name.
 * @param file Name for error messages; `encodec_48khz-….th` must not contradict the tensors.
 * @param isOriginal Whether the weights are as facebookresearch/encodec stores them, which never have a configuration: then they may be of other sizes than the published
 * ones. Those that transformers stores usually have one, without which another codec of the same form would be taken for the published one.
 * @throws CheckpointError with code CHECKPOINT_CONFIG if the tensors are those of no published codec.
 */
export function recogniseCodec(shapes: ReadonlyMap<string, readonly number[]>, file: string, isOriginal: boolean): CodecConfig {
  const structure = readStructure(shapes);
  if (structure === undefined) {
    throw new CheckpointError(
      "CHECKPOINT_CONFIG",
      `${file} comes without a configuration, and its tensors are not those of a whole EnCodec network; ` +
        `put the config.json of its model beside it`,
    );
  }
  const official = officialCodecs.find((codec) => matches(codec, structure));
  if (official === undefined) {
    throw new CheckpointError(
      "CHECKPOINT_CONFIG",
      `${file} comes without a configuration, and its tensors (${describe(structure)}) are those of none of ` +
        `${officialCodecs.map((codec) => codec.name).join(", ")}; sampling rate, padding and ` +
        `causality cannot be told from them. Put the config.json of its model beside it`,
    );
  }
  const other = isOriginal ? undefined : otherSize(official, structure);
  if (other !== undefined) {
    throw new CheckpointError(
      "CHECKPOINT_CONFIG",
      `${file} comes without a configuration, and its tensors are like those of ${official.name}, but of another size: ${other}. ` +
        `Put the config.json of its model beside it`,
    );
  }
  const namedCodec = /encodec_(?:24|32|48)khz/.exec(file.replace(/^.*[\\/]/, ""))?.[0];
  if (namedCodec !== undefined && namedCodec !== official.name) {
    throw new CheckpointError(
      "CHECKPOINT_CONFIG",
      `${file} is named ${namedCodec}, but its tensors are those of ${official.name}; rename it if that is right`,
    );
  }
  const config = parseEncodecConfig(
    {
      ...fieldsOf(structure),
      ...official.fields,
      sampling_rate: official.samplingRate,
      target_bandwidths: official.bandwidths,
    },
    file,
  );
  return { ...config, targetBandwidths: bandwidthsWithin(config, structure.numQuantizers, file) };
}

/** Those bandwidths of a codec that its stored codebooks are enough for. */
function bandwidthsWithin(config: CodecConfig, numQuantizers: number, file: string): readonly number[] {
  const bandwidths = config.targetBandwidths.filter((bandwidth) => numCodebooksFor(config, bandwidth) <= numQuantizers);
  if (bandwidths.length > 0) return bandwidths;
  throw new CheckpointError(
    "CHECKPOINT_CONFIG",
    `${file} holds ${numQuantizers} codebooks; its lowest bandwidth, ${config.targetBandwidths[0]} kbps, takes ` +
      `${numCodebooksFor(config, config.targetBandwidths[0]!)}, so the file is incomplete`,
  );
}

function matches(codec: OfficialCodec, structure: NetworkStructure): boolean {
  return (
    codec.audioChannels === structure.audioChannels &&
    codec.hasNorm === structure.hasNorm &&
    codec.hasConvShortcut === structure.hasConvShortcut &&
    codec.codebookSize === structure.codebookSize &&
    codec.ratios === structure.upsamplingRatios.join()
  );
}

/** A size that is not the published codec's, such as `numFilters 8, not 32`. */
function otherSize({ numFilters }: OfficialCodec, structure: NetworkStructure): string | undefined {
  const published = Object.entries({ ...publishedSizes, numFilters }) as [keyof NetworkStructure, number][];
  const found = published.find(([name, size]) => structure[name] !== size);
  return found === undefined ? undefined : `${found[0]} ${String(structure[found[0]])}, not ${found[1]}`;
}

function fieldsOf(structure: NetworkStructure): Readonly<Record<string, unknown>> {
  return {
    audio_channels: structure.audioChannels,
    num_filters: structure.numFilters,
    upsampling_ratios: structure.upsamplingRatios,
    hidden_size: structure.hiddenSize,
    codebook_size: structure.codebookSize,
    codebook_dim: structure.codebookDim,
    num_residual_layers: structure.numResidualLayers,
    kernel_size: structure.kernelSize,
    last_kernel_size: structure.lastKernelSize,
    residual_kernel_size: structure.residualKernelSize,
    compress: structure.compress,
    num_lstm_layers: structure.numLstmLayers,
    use_conv_shortcut: structure.hasConvShortcut,
    norm_type: structure.hasNorm ? "time_group_norm" : "weight_norm",
  };
}

function describe(structure: NetworkStructure): string {
  return [
    structure.audioChannels === 1 ? "mono" : `${structure.audioChannels} channels`,
    `ratios ${structure.upsamplingRatios.join(" ")}`,
    structure.hasNorm ? "group norm" : "no group norm",
    structure.hasConvShortcut ? "convolutions on shortcuts" : "plain shortcuts",
    `${structure.numQuantizers} codebooks of ${structure.codebookSize}`,
  ].join(", ");
}
