/**
 * Audio samples: one `Float32Array` per channel (planar), all of the same length, nominally in −1…1.
 * Values beyond that range are kept as they are; NaN and infinities are refused where audio enters the codec.
 */
export interface Waveform {
  /** `[channels][numSamples]`. */
  readonly channelData: readonly Float32Array[];
  /** Sample rate in hertz. */
  readonly sampleRate: number;
}

/** Samples per channel of a waveform. */
export function numSamplesOf(waveform: Waveform): number {
  return waveform.channelData[0]?.length ?? 0;
}

/** Length of a waveform in seconds. */
export function durationOf(waveform: Waveform): number {
  return numSamplesOf(waveform) / waveform.sampleRate;
}

/**
 * Checks that a value has the form of a `Waveform`: at least one channel, equal lengths, a positive sample rate.
 * @throws TypeError naming the part that is wrong.
 */
export function checkWaveform(waveform: Waveform): void {
  if (typeof waveform !== "object" || waveform === null) {
    throw new TypeError(`expected a waveform { channelData, sampleRate }; received ${waveform === null ? "null" : typeof waveform}`);
  }
  const { channelData, sampleRate } = waveform;
  if (!Array.isArray(channelData) || channelData.length === 0) {
    throw new TypeError("waveform.channelData must be an array with one Float32Array per channel");
  }
  for (const [channel, samples] of channelData.entries()) {
    if (!(samples instanceof Float32Array)) {
      throw new TypeError(`waveform.channelData[${channel}] must be a Float32Array`);
    }
    if (samples.length !== channelData[0]!.length) {
      throw new TypeError(
        `waveform.channelData must have channels of equal length; channel 0 has ${channelData[0]!.length} samples, ` +
          `channel ${channel} has ${samples.length}`,
      );
    }
  }
  if (!Number.isFinite(sampleRate) || sampleRate <= 0) {
    throw new TypeError(`waveform.sampleRate must be a positive number of hertz; received ${sampleRate}`);
  }
}

/** Index of the first sample that is NaN or infinite, −1 if there is none. */
export function firstNotFinite(samples: Float32Array): number {
  // A plain loop is five times as fast as `findIndex`.
  for (let index = 0; index < samples.length; index++) if (!Number.isFinite(samples[index])) return index;
  return -1;
}
