import { AudioFormatError, firstNotFinite } from "../../core/index.ts";

/**
 * Checks samples that are to go through the network.
 * @param options.offset Samples of the same audio before these.
 * @param options.origin What they came of, where it is not what the caller gave: ` after resampling`.
 * @throws AudioFormatError naming the first sample that is NaN or infinite.
 */
export function checkFinite(
  channelData: readonly Float32Array[],
  { offset = 0, origin = "" }: { readonly offset?: number; readonly origin?: string } = {},
): void {
  for (const [channel, samples] of channelData.entries()) {
    const index = firstNotFinite(samples);
    if (index >= 0) {
      throw new AudioFormatError(
        "AUDIO_NOT_FINITE",
        `sample ${offset + index} of channel ${channel} is ${samples[index]}${origin}; expected finite numbers. ` +
          "Replace such samples (by 0, say) before encoding.",
      );
    }
  }
}
