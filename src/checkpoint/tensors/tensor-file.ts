import type { DType } from "./dtype.ts";

/** Element type and dimensions of a stored tensor. */
export interface TensorInfo {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Named tensors in a file of any format; their bytes are read when asked for. */
export interface TensorFile {
  /** Name of the file, for error messages. */
  readonly name: string;
  /** Free text that the file carries along; empty where the format has no place for it. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensors in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Reads a tensor's elements as they are stored: little-endian, row-major. The bytes belong to the caller.
   * @throws CheckpointError if there is no such tensor or its bytes are not sound.
   */
  readBytes(name: string): Promise<Uint8Array>;
  /**
   * Reads a tensor as float32, row-major. The array belongs to the caller.
   * @throws CheckpointError as `readBytes`, or if the tensor is not F32, F16, BF16 or F64.
   */
  readFloat32(name: string): Promise<Float32Array>;
  /**
   * Checks that tensors which are all to be read take no more memory and work than the file's bytes are worth. Only torch files
   * need it, whose tensors are views that may lie over each other; those of safetensors lie side by side.
   * @throws CheckpointError with code CHECKPOINT_FORMAT if they share elements.
   */
  checkTogether?(names: Iterable<string>): void;
}
