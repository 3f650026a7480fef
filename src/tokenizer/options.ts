import type { OptionNames } from "../core/index.ts";
import type { Runtime } from "../runtime/index.ts";
import type { CallOptions, StreamOptions } from "./call-options.ts";
import type { HubModelOptions } from "./model/admit-repository.ts";
import type { DecoderStreamState } from "./streams/decoder-steps.ts";
import type { EncoderStreamState } from "./streams/encoder-steps.ts";

/** How a model is found, fetched and run. */
export interface LoadOptions extends CallOptions, HubModelOptions {
  /**
   * CPU threads to use. Codes do not depend on it. Each has some of the weights once more: 15 to 50 MB.
   * @default 0, which takes up to four for what can be computed in pieces side by side; elsewhere ONNX Runtime takes one per physical core.
   */
  readonly threads?: number | undefined;
  /**
   * Whether a mono codec codes stereo as MusicGen's stereo models do: left and right one by one, their codebooks
   * interleaved (left 0, right 0, left 1, …), so `channels` is 2 and `numQuantizers` doubles.
   * @default what the checkpoint says: true for stereo MusicGen, false otherwise.
   */
  readonly interleaveStereo?: boolean | undefined;
  /** What runs the graphs. @default onnxruntime-node */
  readonly runtime?: Runtime | undefined;
}

/** How many codebooks to use; at most one of the two. With neither, all of the checkpoint's. */
export interface EncodeOptions extends CallOptions {
  /** Bandwidth in kbps; one of the tokenizer's `bandwidths`. */
  readonly bandwidth?: number | undefined;
  /** Number of codebooks, 1…`numQuantizers`. */
  readonly numCodebooks?: number | undefined;
}

/** How `encodeStream` codes. With neither `bandwidth` nor `numCodebooks`, with all codebooks. */
export type EncodeStreamOptions = StreamOptions & Pick<EncodeOptions, "bandwidth" | "numCodebooks">;

/** How many codes a stream makes, and how it begins. */
export interface EncoderStreamOptions extends Pick<EncodeOptions, "bandwidth" | "numCodebooks"> {
  /** Where another stream with as many codebooks left off. @default the beginning */
  readonly state?: EncoderStreamState | undefined;
}

/** How a stream of audio begins. */
export interface DecoderStreamOptions {
  /** Where another stream left off. @default the beginning */
  readonly state?: DecoderStreamState | undefined;
}

/** The options of each call, by which `checkOptions` knows them. */
export const loadOptionNames: OptionNames<LoadOptions> = {
  cacheDir: true,
  endpoint: true,
  exact: true,
  fetch: true,
  interleaveStereo: true,
  licensePolicy: true,
  offline: true,
  onProgress: true,
  revision: true,
  runtime: true,
  signal: true,
  threads: true,
  token: true,
};
export const encodeOptionNames: OptionNames<EncodeOptions> = { bandwidth: true, numCodebooks: true, onProgress: true, signal: true };
export const encodeStreamOptionNames: OptionNames<EncodeStreamOptions> = { bandwidth: true, numCodebooks: true, signal: true };
export const encoderStreamOptionNames: OptionNames<EncoderStreamOptions> = { bandwidth: true, numCodebooks: true, state: true };
export const decodeOptionNames: OptionNames<CallOptions> = { onProgress: true, signal: true };
export const decodeStreamOptionNames: OptionNames<StreamOptions> = { signal: true };
export const decoderStreamOptionNames: OptionNames<DecoderStreamOptions> = { state: true };
