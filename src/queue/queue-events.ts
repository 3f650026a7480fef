/** Redis went away, or came back; nothing is lost, and work waits. */
export interface ConnectionEvent {
  readonly kind: "redis";
  readonly isUp: boolean;
  /** The address of Redis, `host:port`. */
  readonly address: string;
}

/** A part went back to the queue without having failed. */
export interface PartReturnedEvent {
  readonly kind: "part-returned";
  readonly part: number;
  /** `locked`: another process still has it; `stopped`: this worker ends. */
  readonly reason: "locked" | "stopped";
}

/** A part failed. */
export interface PartFailedEvent {
  readonly kind: "part-failed";
  readonly part: number;
  readonly message: string;
  readonly attempt: number;
  /** There are so many; after the last one the part stays failed. */
  readonly attempts: number;
}

/** A job on the queue is no part of the dataset; it stays failed. */
export interface JobRefusedEvent {
  readonly kind: "job-refused";
  readonly message: string;
}

/** Redis answers, but does not do what a queue needs: its memory is full, or it is a replica. */
export interface RefusalEvent {
  readonly kind: "refused";
  readonly message: string;
}
