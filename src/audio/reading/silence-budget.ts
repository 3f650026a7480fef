/** Samples of silence for each byte of a file, of all channels together: so many has speech at 6 kbps and 48 kHz. */
const samplesPerByte = 64;
/** Silence that a file of any length may have: a minute or so. */
const leastSilence = 2 ** 22;

/** The most silence that takes the place of what is missing: a few bytes of a file may say that hours are. */
export class SilenceBudget {
  /** Samples per channel that may still be put in. */
  left: number;

  /** @param numBytes Length of the file. */
  constructor(numBytes: number, channels: number) {
    this.left = Math.floor(Math.max(leastSilence, samplesPerByte * numBytes) / channels);
  }

  /** Takes as many of the samples as may be put in. */
  take(numSamples: number): number {
    const taken = Math.min(numSamples, this.left);
    this.left -= taken;
    return taken;
  }
}
