import { CheckpointError, printable } from "../../core/index.ts";

/** Most tensors of one file. MusicGen's largest checkpoint has 1300. */
const maxTensors = 20_000;

/** Longest name of a tensor, in characters, since names stand in messages and reports. Those of published codecs have under 100. */
const maxNameLength = 512;

/** Most dimensions of a tensor. Convolutions have three. */
export const maxDimensions = 8;

/**
 * Checks one more name of a tensor that a file lists.
 * @param count Tensors of the file up to this one.
 * @throws CheckpointError with code CHECKPOINT_FORMAT for more than 20,000 tensors, or a name of more than 512 characters.
 */
export function checkTensorName(file: string, name: string, count: number): void {
  if (count > maxTensors) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${file} lists more than ${maxTensors} tensors, far more than a codec has`);
  }
  if (name.length > maxNameLength) {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${file} has a tensor whose name takes ${name.length} characters, at most ${maxNameLength} are read: ${printable(name)}`,
    );
  }
}
