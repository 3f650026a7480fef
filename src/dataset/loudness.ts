/** How loud audio is; 1 is full scale. */
export interface Loudness {
  /** The largest absolute sample. */
  readonly peak: number;
  /** Root mean square over all samples of all channels. */
  readonly rms: number;
}

/** Measures planar audio. Without samples both are 0. */
export function measureLoudness(channelData: readonly Float32Array[]): Loudness {
  let peak = 0;
  let power = 0;
  let numSamples = 0;
  for (const samples of channelData) {
    for (let index = 0; index < samples.length; index++) {
      const amplitude = Math.abs(samples[index]!);
      if (amplitude > peak) peak = amplitude;
      power += amplitude * amplitude;
    }
    numSamples += samples.length;
  }
  return { peak, rms: numSamples === 0 ? 0 : Math.sqrt(power / numSamples) };
}
