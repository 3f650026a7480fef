import type { Waveform } from "../core/index.ts";
import { numSamplesOf } from "../core/index.ts";

/** One waveform of pieces that follow each other. */
export function joinWaveforms(pieces: readonly Waveform[]): Waveform {
  const numSamples = pieces.reduce((sum, piece) => sum + numSamplesOf(piece), 0);
  const { channelData, sampleRate } = pieces[0]!;
  const joined = channelData.map(() => new Float32Array(numSamples));
  let position = 0;
  for (const piece of pieces) {
    for (const [channel, samples] of piece.channelData.entries()) joined[channel]!.set(samples, position);
    position += numSamplesOf(piece);
  }
  return { channelData: joined, sampleRate };
}
