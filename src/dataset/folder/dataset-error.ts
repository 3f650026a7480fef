import { CodecError } from "../../core/index.ts";

/** What a `DatasetError` can be. */
export type DatasetErrorCode =
  /** An input that is not there, or that is no audio, folder, manifest or tar. */
  | "DATASET_INPUT"
  /** A folder that is no dataset, or one whose plan or records are damaged. */
  | "DATASET_FORMAT"
  /** An existing dataset that was begun with other options, another model or other inputs. */
  | "DATASET_MISMATCH"
  /** Another run works on the same parts. */
  | "DATASET_LOCKED"
  /** More rows failed than were allowed to. */
  | "DATASET_ERRORS"
  /** A clip ends the process that encodes it, again and again. */
  | "DATASET_CRASHED"
  /** A thread that decodes audio could not start. */
  | "DATASET_THREADS"
  /** No room left on the disk. */
  | "DATASET_DISK_FULL";

/** A dataset that cannot be begun or continued as asked; single broken files never lead to it. */
export class DatasetError extends CodecError {
  declare readonly code: DatasetErrorCode;

  constructor(code: DatasetErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
