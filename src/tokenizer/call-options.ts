/** How far a long call has come. */
export interface Progress {
  readonly stage: "load" | "encode" | "decode";
  /** Work done and work to do, in the stage's own unit: bytes to download when loading, seconds of audio otherwise. */
  readonly done: number;
  readonly total: number;
}

/** What every call that waits takes. */
export interface CallOptions {
  /** Stops the work; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then while the work goes on, and once at its end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What every call of a stream takes. */
export interface StreamOptions {
  /** Stops the work, even while a source is silent; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
