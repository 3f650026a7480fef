import type { Runtime } from "../runtime/index.ts";
import type { DecoderStreamState } from "./decoder-steps.ts";
import type { EncoderStreamState } from "./encoder-steps.ts";
import type { HubModelOptions } from "./hub-model.ts";

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
  readonly onProgress?: (progress: Progress) => void;
}

export interface LoadOptions extends CallOptions, HubModelOptions {
  /**
   * CPU threads to use. Codes do not depend on it. Each has some of the weights once more: 15 to 50 MB.
   * @default 0, which takes up to four for what can be computed in pieces side by side; elsewhere ONNX Runtime takes one per physical core.
   */
  readonly threads?: number;
  /**
   * Whether a mono codec codes stereo as MusicGen's stereo models do: left and right one by one, their codebooks
   * interleaved (left 0, right 0, left 1, …), so `channels` is 2 and `numQuantizers` doubles.
   * @default what the checkpoint says: true for stereo MusicGen, false otherwise.
   */
  readonly interleaveStereo?: boolean;
  /** What runs the graphs. @default onnxruntime-node */
  readonly runtime?: Runtime;
}

/** How many codebooks to use; at most one of the two. With neither, all of the checkpoint's. */
export interface EncodeOptions extends CallOptions {
  /** In kbps; one of the tokenizer's `bandwidths`. */
  readonly bandwidth?: number;
  /** 1…`numQuantizers`. */
  readonly numCodebooks?: number;
}

/** What every call of a stream takes. */
export interface StreamOptions {
  /** Stops the work, even while a source is silent; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How `encodeStream` codes. With neither `bandwidth` nor `numCodebooks`, with all codebooks. */
export type EncodeStreamOptions = StreamOptions & Pick<EncodeOptions, "bandwidth" | "numCodebooks">;

export interface EncoderStreamOptions extends Pick<EncodeOptions, "bandwidth" | "numCodebooks"> {
  /** Where another stream with as many codebooks left off. @default the beginning */
  readonly state?: EncoderStreamState | undefined;
}

export interface DecoderStreamOptions {
  /** Where another stream left off. @default the beginning */
  readonly state?: DecoderStreamState | undefined;
}
