import fc from "fast-check";
import type { Waveform } from "../../src/core/index.ts";
import { numSamplesOf } from "../../src/core/index.ts";

/** Channels of noise, the same at every call. */
export function noise(numChannels: number, numSamples: number): Float32Array[] {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  };
  return Array.from({ length: numChannels }, () => Float32Array.from({ length: numSamples }, next));
}

/** Lengths of pieces, none and one among them, to be used over and over. */
export const anyCuts: fc.Arbitrary<number[]> = fc
  .array(fc.oneof(fc.constantFrom(0, 1), fc.nat(1000)), { minLength: 1, maxLength: 8 })
  .filter((lengths) => lengths.reduce((sum, length) => sum + length, 0) >= 50 || lengths.length === 1)
  .map((lengths) => (lengths.every((length) => length === 0) ? [7] : lengths));

/** Cuts a waveform into pieces of these lengths, used over and over; their sum is not 0. */
export function cutWaveform({ channelData, sampleRate }: Waveform, lengths: readonly number[]): Waveform[] {
  const pieces: Waveform[] = [];
  for (let start = 0; start < channelData[0]!.length;) {
    const end = start + lengths[pieces.length % lengths.length]!;
    pieces.push({ channelData: channelData.map((samples) => samples.subarray(start, end)), sampleRate });
    start = end;
  }
  return pieces;
}

/** One waveform of all pieces, of which there may be none. */
export function joinPieces(
  pieces: readonly Waveform[],
  { sampleRate, channels }: { readonly sampleRate: number; readonly channels: number },
): Waveform {
  const numSamples = pieces.reduce((sum, piece) => sum + numSamplesOf(piece), 0);
  const channelData = Array.from({ length: channels }, () => new Float32Array(numSamples));
  let position = 0;
  for (const piece of pieces) {
    for (const [channel, samples] of piece.channelData.entries()) channelData[channel]!.set(samples, position);
    position += numSamplesOf(piece);
  }
  return { channelData, sampleRate };
}
