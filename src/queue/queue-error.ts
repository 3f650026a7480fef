import { CodecError } from "../core/index.ts";

/** What a `QueueError` can be. */
export type QueueErrorCode =
  /** The packages that a queue needs are not there. */
  | "QUEUE_NOT_INSTALLED"
  /** No Redis answers, or not to us. */
  | "QUEUE_UNREACHABLE"
  /** Redis refuses what a queue needs. */
  | "QUEUE_REFUSED"
  /** Nothing is on the queue though parts are missing, or the dataset is on no queue. */
  | "QUEUE_EMPTY"
  /** The queue has parts of another dataset. */
  | "QUEUE_MISMATCH"
  /** A job on the queue is no part of the dataset. */
  | "QUEUE_JOB"
  /** The dataset's `plan/queue.json` cannot be read. */
  | "QUEUE_FORMAT";

/** A queue that cannot be used as asked. */
export class QueueError extends CodecError {
  declare readonly code: QueueErrorCode;

  constructor(code: QueueErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
