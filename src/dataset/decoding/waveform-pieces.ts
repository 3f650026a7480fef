import type { Waveform } from "../../core/index.ts";
import type { SampleRange } from "./sample-range.ts";

/** The samples of a range, not copied. */
export function sliceWaveform({ channelData, sampleRate }: Waveform, { start, end }: SampleRange): Waveform {
  return { channelData: channelData.map((samples) => samples.subarray(start, end)), sampleRate };
}

/** The samples of a range of pieces that follow one another, counted from the first of them; copied. */
export function joinPieces(pieces: readonly Waveform[], { start, end }: SampleRange): Waveform {
  const { channelData, sampleRate } = pieces[0]!;
  const joined = channelData.map((_, channel) => {
    const samples = new Float32Array(end - start);
    let position = -start; // of the piece in `samples`
    for (const piece of pieces) {
      const from = piece.channelData[channel]!;
      const [first, last] = [Math.max(0, -position), Math.min(from.length, samples.length - position)];
      if (last > first) samples.set(from.subarray(first, last), position + first);
      position += from.length;
    }
    return samples;
  });
  return { channelData: joined, sampleRate };
}

/** A waveform with zeros after it. */
export function padWaveform(waveform: Waveform, padding: number): Waveform {
  if (padding === 0) return waveform;
  const channelData = waveform.channelData.map((samples) => {
    const all = new Float32Array(samples.length + padding);
    all.set(samples);
    return all;
  });
  return { ...waveform, channelData };
}
