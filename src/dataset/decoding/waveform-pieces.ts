import { joinWaveforms } from "../../audio/index.ts";
import { numSamplesOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import type { SampleRange } from "./sample-range.ts";

/** The samples of a range, not copied. */
export function sliceWaveform({ channelData, sampleRate }: Waveform, { start, end }: SampleRange): Waveform {
  return { channelData: channelData.map((samples) => samples.subarray(start, end)), sampleRate };
}

/** The samples of a range of pieces that follow one another, counted from the first of them; copied. */
export function joinPieces(pieces: readonly Waveform[], { start, end }: SampleRange): Waveform {
  let position = 0;
  const parts = pieces.map((piece) => {
    const part = sliceWaveform(piece, { start: Math.max(0, start - position), end: Math.max(0, end - position) });
    position += numSamplesOf(piece);
    return part;
  });
  return joinWaveforms(parts);
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
