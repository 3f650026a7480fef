/** How loud audio is; 1 is full scale. */
export interface Loudness {
  /** The largest absolute sample. */
  readonly peak: number;
  /** Root mean square over all samples of all channels. */
  readonly rms: number;
}

/** Measures planar audio that comes in pieces; how it is cut makes no difference, not even by a rounding. */
export class LoudnessMeter {
  #peak = 0;
  #power: Float64Array = new Float64Array();
  #numSamples = 0;

  /** Goes on with the next samples. @param channelData `[channels][length]`, as many channels every time. */
  push(channelData: readonly Float32Array[]): void {
    if (this.#power.length === 0) this.#power = new Float64Array(channelData.length);
    for (const [channel, samples] of channelData.entries()) {
      let power = this.#power[channel]!;
      for (let index = 0; index < samples.length; index++) {
        const amplitude = Math.abs(samples[index]!);
        if (amplitude > this.#peak) this.#peak = amplitude;
        power += amplitude * amplitude;
      }
      this.#power[channel] = power;
      this.#numSamples += samples.length;
    }
  }

  /** The loudness of all samples so far. Without samples both numbers are 0. */
  get loudness(): Loudness {
    const power = this.#power.reduce((sum, each) => sum + each, 0);
    return { peak: this.#peak, rms: this.#numSamples === 0 ? 0 : Math.sqrt(power / this.#numSamples) };
  }
}

/** Measures planar audio. Without samples both numbers are 0. */
export function measureLoudness(channelData: readonly Float32Array[]): Loudness {
  const meter = new LoudnessMeter();
  meter.push(channelData);
  return meter.loudness;
}
