export type { CheckpointFile, CheckpointFiles, CheckpointFolder } from "./checkpoint-files.ts";
export type { Checkpoint, CheckpointInfo } from "./checkpoint.ts";
export {
  frameRateOf,
  hopLengthOf,
  numCodebooksFor,
  numQuantizersOf,
  segmentingOf,
  type CodecConfig,
  type Segmenting,
} from "./config/codec-config.ts";
export { codecFormOf } from "./config/codec-form.ts";
export type { CodecForm } from "./config/codec-form.ts";
export { openCheckpoint } from "./open-checkpoint.ts";
export { isPickledDict } from "./torch/pickle-globals.ts";
export { PickledTensor, shownValue } from "./torch/pickle-values.ts";
export type { PickleValue } from "./torch/pickle-values.ts";
export { openTorchZip } from "./torch/torch-zip.ts";
export type { DType } from "./tensors/dtype.ts";
export { formatSafetensors } from "./tensors/safetensors-writer.ts";
export type { TensorData } from "./tensors/safetensors-writer.ts";
export { openSafetensors, startsLikeSafetensors } from "./tensors/safetensors.ts";
export type { TensorFile, TensorInfo } from "./tensors/tensor-file.ts";
