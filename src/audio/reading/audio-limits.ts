import { AudioFormatError } from "../../core/index.ts";
import type { AudioForm } from "./audio-form.ts";

/**
 * What an audio file may be. A header costs its writer a few bytes, and whoever reads it hours of work: a kilobyte of audio
 * at 1 Hz is a quarter of an hour, and 65 535 channels are as many clips.
 */
export interface AudioLimits {
  /** The lowest sample rate, in hertz: telephones have 8000, slow recorders of animals and hearts 2000. @default 1000 */
  readonly minSampleRate?: number | undefined;
  /** The highest sample rate, in hertz: studios go to 768 000. @default 1 000 000 */
  readonly maxSampleRate?: number | undefined;
  /** The most channels: ambisonics of the seventh order has 64. @default 64 */
  readonly maxChannels?: number | undefined;
  /**
   * The most samples, of all channels together, that a file may decode to: silence may take a thousandth of their bytes.
   * @default 2^30, which are 4 GiB of float32, for a file that is decoded as a whole; Infinity for one that is decoded piece by piece
   */
  readonly maxSamples?: number | undefined;
}

/** Limits with nothing left open. */
export type AllAudioLimits = { readonly [Name in keyof AudioLimits]-?: number };

const defaultLimits: AllAudioLimits = { minSampleRate: 1000, maxSampleRate: 1_000_000, maxChannels: 64, maxSamples: Infinity };

/**
 * Fills in what is left open.
 * @throws RangeError for what is no limit.
 */
export function allLimits(limits: AudioLimits = {}): AllAudioLimits {
  const all = { ...defaultLimits };
  for (const name of Object.keys(all) as (keyof AudioLimits)[]) {
    const limit = limits[name] ?? defaultLimits[name];
    if (typeof limit !== "number" || !(limit > 0))
      throw new RangeError(`limits.${name} must be a positive number; received ${String(limit)}`);
    all[name] = limit;
  }
  return all;
}

/** @throws RangeError for what is no limit. */
export function checkAudioLimits(limits: AudioLimits | undefined): void {
  allLimits(limits);
}

/**
 * @param container Name of the format in messages, such as `wav`.
 * @throws AudioFormatError `AUDIO_UNSUPPORTED` for a sample rate or a number of channels outside the limits.
 */
export function checkForm(
  container: string,
  { sampleRate, channels }: AudioForm,
  { minSampleRate, maxSampleRate, maxChannels }: AllAudioLimits,
): void {
  if (sampleRate < minSampleRate) {
    throw beyondLimit(
      `${container} file at ${sampleRate} Hz, and audio is read from ${minSampleRate} Hz on`,
      "lower limits.minSampleRate, which is --min-sample-rate on the command line",
    );
  }
  if (sampleRate > maxSampleRate) {
    throw beyondLimit(`${container} file at ${sampleRate} Hz, and audio is read up to ${maxSampleRate} Hz`, "raise limits.maxSampleRate");
  }
  if (channels > maxChannels) {
    throw beyondLimit(`${container} file with ${channels} channels, and at most ${maxChannels} are read`, "raise limits.maxChannels");
  }
}

/** @throws AudioFormatError `AUDIO_UNSUPPORTED` for more samples, of all channels together, than the limit. */
export function checkNumSamples(container: string, numSamples: number, { maxSamples }: AllAudioLimits): void {
  if (numSamples <= maxSamples) return;
  throw beyondLimit(
    `${container} file with over ${maxSamples} samples`,
    "raise limits.maxSamples, decode it piece by piece with decodeAudioStream, or cut it into parts first: ffmpeg -i in -f segment -segment_time 3600 out%03d.wav",
  );
}

function beyondLimit(what: string, remedy: string): AudioFormatError {
  return new AudioFormatError("AUDIO_UNSUPPORTED", `${what}; if that is right, ${remedy}`);
}
