import type { SampleRange } from "./sample-range.ts";

/** What counts as silence at the ends of a row. */
export interface TrimOptions {
  /**
   * Audio is silent where its level is below this: root mean square of a frame over all channels that are used, in dB relative to full
   * scale. A constant of 1 has 0 dB, a full-scale sine −3 dB, the noise of 16-bit rounding about −101 dB.
   */
  readonly threshold: number;
  /** Silence that stays before the first sound and after the last, in seconds. @default 0.1 */
  readonly padding?: number | undefined;
}

/** Length of a frame, in seconds: a few periods of a low voice. */
const frameSeconds = 0.02;

/**
 * Finds where audio that comes in pieces starts and stops to sound. Frames of 20 ms follow one another from the first
 * sample, so that the pieces make no difference; memory holds a few numbers.
 */
export class SoundMeter {
  readonly #frameLength: number;
  readonly #padding: number;
  /** Mean square from which on a frame sounds. */
  readonly #power: number;
  #numChannels = 0;
  #numSamples = 0;
  #energy = 0;
  #firstFrame = -1;
  #lastFrame = -1;

  /** @throws RangeError as `checkTrim`. */
  constructor(sampleRate: number, options: TrimOptions) {
    checkTrim(options);
    const { threshold, padding = 0.1 } = options;
    this.#frameLength = Math.max(1, Math.round(frameSeconds * sampleRate));
    this.#padding = Math.round(padding * sampleRate);
    this.#power = 10 ** (threshold / 10);
  }

  /** Goes on with the next samples. @param channelData `[channels][length]`, as many channels every time. */
  push(channelData: readonly Float32Array[]): void {
    const length = channelData[0]?.length ?? 0;
    this.#numChannels = channelData.length;
    for (let i = 0; i < length; i++) {
      for (const samples of channelData) this.#energy += samples[i]! * samples[i]!;
      this.#numSamples++;
      if (this.#numSamples % this.#frameLength === 0) this.#endFrame(this.#frameLength);
    }
  }

  /** The samples between which there is sound, with the padding; undefined if all is silent. To be asked once, at the end. */
  range(): SampleRange | undefined {
    const rest = this.#numSamples % this.#frameLength;
    if (rest > 0) this.#endFrame(rest);
    if (this.#firstFrame === -1) return undefined;
    return {
      start: Math.max(0, this.#firstFrame * this.#frameLength - this.#padding),
      end: Math.min(this.#numSamples, (this.#lastFrame + 1) * this.#frameLength + this.#padding),
    };
  }

  #endFrame(length: number): void {
    if (this.#energy >= this.#power * length * this.#numChannels) {
      this.#lastFrame = Math.ceil(this.#numSamples / this.#frameLength) - 1;
      if (this.#firstFrame === -1) this.#firstFrame = this.#lastFrame;
    }
    this.#energy = 0;
  }
}

/** @throws RangeError for a threshold that is no number up to 0, and for padding below 0. */
export function checkTrim({ threshold, padding = 0 }: TrimOptions): void {
  if (!(threshold <= 0 && threshold > -Infinity)) throw new RangeError(`threshold must be in dB, 0 or less; received ${threshold}`);
  if (!(padding >= 0 && padding < Infinity)) throw new RangeError(`padding must be in seconds, 0 or more; received ${padding}`);
}
