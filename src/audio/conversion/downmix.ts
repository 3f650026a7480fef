import type { Waveform } from "../../core/index.ts";
import { checkWaveform, numSamplesOf } from "../../core/index.ts";

/** Where a channel goes in stereo, and how loud: half of its power on each side, or all of it on one. */
const centre = [Math.SQRT1_2, Math.SQRT1_2] as const;
const [left, right] = [[1, 0] as const, [0, 1] as const];
const [leftSurround, rightSurround] = [[Math.SQRT1_2, 0] as const, [0, Math.SQRT1_2] as const];
const surround = [0.5, 0.5] as const;
const lowFrequency = [0, 0] as const;

/** Channels from three on, in the order that FLAC has them (RFC 9639, section 9.1.3), as WAV and ffmpeg do. */
const layouts: Readonly<Record<number, readonly (readonly [left: number, right: number])[]>> = {
  3: [left, right, centre],
  4: [left, right, leftSurround, rightSurround],
  5: [left, right, centre, leftSurround, rightSurround],
  6: [left, right, centre, lowFrequency, leftSurround, rightSurround],
  7: [left, right, centre, lowFrequency, surround, leftSurround, rightSurround],
  8: [left, right, centre, lowFrequency, leftSurround, rightSurround, leftSurround, rightSurround],
};

/**
 * Mixes surround sound to stereo: centre and surrounds 3 dB softer than left and right, without the channel of low frequencies, and all of it so much softer
 * that full scale stays full scale: 5.1 by a factor of 1 / 2.414. One or two channels are given back as they are.
 * Source: ITU-R BS.775-3, annex 4, table 2.
 * @param waveform Its channels are in the order of WAV and FLAC: left, right, centre, low frequencies, then surrounds; those of AIFF, Ogg and others are not.
 * @throws RangeError for more than eight channels.
 */
export function downmix(waveform: Waveform): Waveform {
  checkWaveform(waveform);
  const { channelData, sampleRate } = waveform;
  if (channelData.length <= 2) return waveform;
  const layout = layouts[channelData.length];
  if (layout === undefined) {
    throw new RangeError(
      `cannot mix ${channelData.length} channels to stereo: layouts of up to 8 are known; choose channels of waveform.channelData`,
    );
  }
  const numSamples = numSamplesOf(waveform);
  const mixed = [0, 1].map((side) => {
    const total = layout.reduce((sum, gains) => sum + gains[side]!, 0);
    const samples = new Float32Array(numSamples);
    for (let i = 0; i < numSamples; i++) {
      let sum = 0;
      for (const [channel, gains] of layout.entries()) sum += gains[side]! * channelData[channel]![i]!;
      samples[i] = sum / total;
    }
    return samples;
  });
  return { channelData: mixed, sampleRate };
}
