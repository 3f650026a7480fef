import type { Waveform } from "../../core/index.ts";
import { checkWaveform, numSamplesOf } from "../../core/index.ts";
import type { AudioForm } from "../reading/audio-form.ts";
import { resample } from "./resample.ts";

/**
 * Changes the number of channels: stereo to mono by averaging, mono to any number by repeating it.
 * The same number gives the same object back.
 * Source: facebookresearch/encodec 0e2d0ae, `encodec/utils.py`, `convert_audio`.
 * @param channels Channels wanted.
 * @throws RangeError for every other combination: how to mix six channels, where one may be all bass, is the caller's decision.
 */
export function mixChannels(waveform: Waveform, channels: number): Waveform {
  checkWaveform(waveform);
  const { channelData, sampleRate } = waveform;
  if (!Number.isInteger(channels) || channels < 1) {
    throw new RangeError(`channels must be a positive integer; received ${channels}`);
  }
  if (channelData.length === channels) return waveform;
  if (channels === 1 && channelData.length === 2) return averageChannels(waveform);
  if (channelData.length === 1) {
    return { channelData: Array.from({ length: channels }, () => channelData[0]!.slice()), sampleRate };
  }
  throw new RangeError(
    `cannot mix ${channelData.length} channels into ${channels}: only stereo to mono and mono to any number are defined; ` +
      "choose or mix the channels of waveform.channelData first, such as by downmix; encode has --channels for it",
  );
}

/** The form that audio is wanted in. */
export type ConvertAudioOptions = AudioForm;

/**
 * Brings a waveform to a codec's sample rate and number of channels.
 * The reference mixes first; here whichever order resamples fewer channels is taken. Both steps are linear, so the
 * order makes no difference beyond float32 rounding, and none at all where channels are repeated.
 * Source: facebookresearch/encodec 0e2d0ae, `encodec/utils.py`, `convert_audio`.
 * @throws RangeError, TypeError as `mixChannels` and `resample` do.
 */
export function convertAudio(waveform: Waveform, options: ConvertAudioOptions): Waveform {
  const { sampleRate, channels } = options;
  checkWaveform(waveform);
  return waveform.channelData.length === 1
    ? mixChannels(resample(waveform, sampleRate), channels)
    : resample(mixChannels(waveform, channels), sampleRate);
}

/** One channel, the average of all. */
export function averageChannels(waveform: Waveform): Waveform {
  return { channelData: [averageOf(waveform.channelData, numSamplesOf(waveform))], sampleRate: waveform.sampleRate };
}

/** The sum is taken in float64, channel by channel, and rounded to float32 once. */
function averageOf(channelData: readonly Float32Array[], numSamples: number): Float32Array {
  const average = new Float32Array(numSamples);
  for (let i = 0; i < numSamples; i++) {
    let sum = 0;
    for (const samples of channelData) sum += samples[i]!;
    average[i] = sum / channelData.length;
  }
  return average;
}
