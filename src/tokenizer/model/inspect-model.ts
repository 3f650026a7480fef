import { codecFormOf } from "../../checkpoint/index.ts";
import type { CheckpointInfo, CodecConfig, CodecForm } from "../../checkpoint/index.ts";
import type { LicenseRecord, Provenance } from "../../core/index.ts";
import { describeNetwork, findTensorFaults, requiredTensors } from "../../graph/index.ts";
import type { TensorSpec } from "../../graph/index.ts";
import type { HubModelOptions } from "./admit-repository.ts";
import { openModel } from "./open-model.ts";

/** What a checkpoint holds, without loading its weights. */
export interface ModelInspection extends Pick<
  CodecForm,
  "hopLength" | "frameRate" | "channels" | "numQuantizers" | "bandwidths" | "segment"
> {
  readonly provenance: Provenance;
  readonly license: LicenseRecord;
  readonly config: CodecConfig;
  readonly checkpoint: CheckpointInfo;
  /** Weights of the network after weight norm is folded, codebooks included. */
  readonly numParameters: number;
  /** Tensors that are missing or of another shape than the configuration asks for; empty for a checkpoint that loads. */
  readonly faults: readonly (TensorSpec & { readonly found: readonly number[] | null })[];
}

/**
 * Looks into a checkpoint; unlike `fromPretrained`, also into one that is not complete.
 * @param source as for `AudioTokenizer.fromPretrained`.
 * @throws as `AudioTokenizer.fromPretrained` does, except for tensors that are missing or of another shape.
 */
export async function inspectModel(
  source: string,
  options: HubModelOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<ModelInspection> {
  const { checkpoint, provenance, license, interleaveStereo } = await openModel(source, options);
  try {
    const { config, info, shapes } = checkpoint;
    const network = describeNetwork(config);
    const { hopLength, frameRate, channels, numQuantizers, bandwidths, segment } = codecFormOf(config, interleaveStereo ? 2 : 1);
    return {
      provenance,
      license,
      config,
      checkpoint: info,
      numParameters: requiredTensors(network, config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
      hopLength,
      frameRate,
      channels,
      numQuantizers,
      bandwidths,
      segment,
      faults: findTensorFaults(checkpoint, network).map((spec) => ({ ...spec, found: shapes.get(spec.name) ?? null })),
    };
  } finally {
    await checkpoint.close();
  }
}
