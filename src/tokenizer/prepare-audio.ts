import { convertAudio } from "../audio/index.ts";
import { AudioFormatError, checkWaveform, numSamplesOf } from "../core/index.ts";
import type { Waveform } from "../core/index.ts";

/**
 * Checks a waveform and brings it to the model's sample rate and channels.
 * @throws TypeError or RangeError for a malformed waveform or channels that cannot be mixed.
 * @throws AudioFormatError if there are no samples, or one is NaN or infinite.
 */
export function prepareAudio(waveform: Waveform, target: { readonly sampleRate: number; readonly channels: number }): Waveform {
  checkWaveform(waveform);
  if (numSamplesOf(waveform) === 0) {
    throw new AudioFormatError("AUDIO_EMPTY", "the waveform has no samples; there is nothing to encode");
  }
  checkFinite(waveform);
  return convertAudio(waveform, target);
}

/** @throws AudioFormatError naming the first sample that is NaN or infinite. */
export function checkFinite({ channelData }: Waveform): void {
  for (const [channel, samples] of channelData.entries()) {
    const index = samples.findIndex((sample) => !Number.isFinite(sample));
    if (index >= 0) {
      throw new AudioFormatError(
        "AUDIO_NOT_FINITE",
        `sample ${index} of channel ${channel} is ${samples[index]}; expected finite numbers. ` +
          "Replace such samples (by 0, say) before encoding.",
      );
    }
  }
}

/**
 * Loudness of a piece of audio: the root mean square of the mean over its channels, plus 1e-8; in float32, as the codec
 * computes and as it is stored.
 * Source: transformers 5.17 `EncodecModel._encode_frame`.
 */
export function scaleOf(channels: readonly Float32Array[]): number {
  const { length } = channels[0]!;
  let energy = 0;
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (const samples of channels) sum += samples[i]!;
    energy += (sum / channels.length) ** 2;
  }
  return Math.fround(Math.sqrt(energy / length) + 1e-8);
}
