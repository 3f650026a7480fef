export type { Checkpoint, CheckpointInfo } from "./checkpoint.ts";
export type { CheckpointFile, CheckpointFiles, CheckpointFolder } from "./checkpoint-files.ts";
export {
  frameRateOf,
  hopLengthOf,
  numCodebooksFor,
  numQuantizersOf,
  segmentingOf,
  type CodecConfig,
} from "./codec-config.ts";
export type { DType } from "./dtype.ts";
export { openCheckpoint } from "./open-checkpoint.ts";
export { openSafetensors, startsLikeSafetensors } from "./safetensors.ts";
export { formatSafetensors, type TensorData } from "./safetensors-writer.ts";
export type { TensorFile, TensorInfo } from "./tensor-file.ts";
