import { numSamplesOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";

/**
 * Scale-invariant signal-to-noise ratio of an estimate in decibels: how much of its energy is the reference, at the best
 * gain, against the rest. Means are removed first; channels count as one long signal.
 * Source: Le Roux et al., "SDR – half-baked or well done?" (2019), section 2.
 * @returns Infinity for a scaled copy, −Infinity where nothing of the reference is in the estimate.
 * @throws RangeError if channels, lengths or sample rates differ.
 */
export function siSnr(reference: Waveform, estimate: Waveform): number {
  const channels = reference.channelData.length;
  if (
    estimate.channelData.length !== channels ||
    estimate.sampleRate !== reference.sampleRate ||
    numSamplesOf(estimate) !== numSamplesOf(reference)
  ) {
    throw new RangeError(
      `SI-SNR compares waveforms of one form; received ${formOf(reference)} and ${formOf(estimate)}; convert one to the other first`,
    );
  }
  let [cross, referenceEnergy, estimateEnergy] = [0, 0, 0];
  for (let channel = 0; channel < channels; channel++) {
    const a = reference.channelData[channel]!;
    const b = estimate.channelData[channel]!;
    const [meanA, meanB] = [meanOf(a), meanOf(b)];
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i]! - meanA, b[i]! - meanB];
      cross += x * y;
      referenceEnergy += x * x;
      estimateEnergy += y * y;
    }
  }
  const target = referenceEnergy === 0 ? 0 : cross ** 2 / referenceEnergy;
  return 10 * Math.log10(target / Math.max(0, estimateEnergy - target));
}

function meanOf(samples: Float32Array): number {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

function formOf(waveform: Waveform): string {
  return `${waveform.channelData.length} × ${numSamplesOf(waveform)} samples at ${waveform.sampleRate} Hz`;
}
