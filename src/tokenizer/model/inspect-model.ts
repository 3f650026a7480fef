import { frameRateOf, hopLengthOf, numCodebooksFor, numQuantizersOf, segmentingOf } from "../../checkpoint/index.ts";
import type { CheckpointInfo, CodecConfig } from "../../checkpoint/index.ts";
import type { LicenseRecord, Provenance } from "../../core/index.ts";
import { describeNetwork, findTensorFaults, requiredTensors } from "../../graph/index.ts";
import type { TensorSpec } from "../../graph/index.ts";
import type { Segmenting } from "../network/segments.ts";
import type { HubModelOptions } from "./admit-repository.ts";
import { openModel } from "./open-model.ts";

/** What a checkpoint holds, without loading its weights. */
export interface ModelInspection {
  readonly provenance: Provenance;
  readonly license: LicenseRecord;
  readonly config: CodecConfig;
  readonly checkpoint: CheckpointInfo;
  /** Weights of the network after weight norm is folded, codebooks included. */
  readonly numParameters: number;
  readonly hopLength: number;
  /** Frames per second. */
  readonly frameRate: number;
  /** 2 for stereo through a mono codec, whose codebooks and bandwidths are counted for both channels. */
  readonly channels: number;
  readonly numQuantizers: number;
  /** The bandwidths in kbps with the codebooks that each takes. */
  readonly bandwidths: readonly { readonly bandwidth: number; readonly numCodebooks: number }[];
  readonly segment: Segmenting | null;
  /** Tensors that are missing or of another shape than the configuration asks for; empty for a checkpoint that loads. */
  readonly faults: readonly (TensorSpec & { readonly found: readonly number[] | null })[];
}

/**
 * Looks into a checkpoint; unlike `fromPretrained`, also into one that is not complete.
 * @param source as for `AudioTokenizer.fromPretrained`.
 * @throws as `AudioTokenizer.fromPretrained` does, except for tensors that are missing or of another shape.
 */
export async function inspectModel(source: string, options: HubModelOptions & { readonly signal?: AbortSignal | undefined } = {}): Promise<ModelInspection> {
  const { checkpoint, provenance, license, interleaveStereo } = await openModel(source, options);
  try {
    const { config, info, shapes } = checkpoint;
    const network = describeNetwork(config);
    const lanes = interleaveStereo ? 2 : 1;
    return {
      provenance,
      license,
      config,
      checkpoint: info,
      numParameters: requiredTensors(network, config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      hopLength: hopLengthOf(config),
      frameRate: frameRateOf(config),
      channels: config.audioChannels * lanes,
      numQuantizers: numQuantizersOf(config) * lanes,
      bandwidths: config.targetBandwidths.map((bandwidth) => ({
        bandwidth: bandwidth * lanes,
        numCodebooks: numCodebooksFor(config, bandwidth) * lanes,
      })),
      segment: segmentingOf(config),
      faults: findTensorFaults(checkpoint, network).map((spec) => ({ ...spec, found: shapes.get(spec.name) ?? null })),
    };
  } finally {
    await checkpoint.close();
  }
}
