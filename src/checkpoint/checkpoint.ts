import type { CodecConfig } from "./config/codec-config.ts";

/**
 * A codec's configuration and weights, whatever file they came from.
 *
 * Tensors go by the names of transformers' `EncodecModel` (`encoder.layers.0.conv.weight`,
 * `quantizer.layers.3.codebook.embed`); weight norm is already folded, so a convolution has `weight` and `bias` only.
 */
export interface Checkpoint {
  readonly config: CodecConfig;
  /** Shapes of the tensors that are there, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /**
   * Reads one tensor as float32, row-major. The array belongs to the caller, who may write to it.
   * @throws CheckpointError if there is no such tensor or its bytes are not sound.
   */
  read(name: string): Promise<Float32Array>;
  /** Where it came from, as `inspect` says it. */
  readonly info: CheckpointInfo;
  /** Closes the files behind it; `read` fails afterwards. May be called more than once. */
  close(): Promise<void>;
}

/** What a checkpoint was read from. */
export interface CheckpointInfo {
  /** How the weights were stored. */
  readonly layout: "huggingface" | "musicgen" | "bark" | "encodec" | "audiocraft";
  readonly format: "safetensors" | "torch";
  /** Files that were read, as named by the caller. */
  readonly files: readonly string[];
  /** Sum of the files' sizes in bytes. */
  readonly bytes: number;
  /** Stored tensors that the network has no use for but that are known: averages and counters of training. */
  readonly ignored: readonly string[];
  /** Stored tensors that nobody expects there. */
  readonly unknown: readonly string[];
  /** Element types found, such as `["F32"]`. */
  readonly dtypes: readonly string[];
}
