import { AudioFormatError } from "../core/index.ts";

/** Samples `start` … `end` − 1. */
export interface SampleRange {
  readonly start: number;
  readonly end: number;
}

/** Manifests round the ends of files; seconds. */
const endTolerance = 0.1;

/**
 * The samples of a time range, at the nearest ones to its ends. An end up to 0.1 s after that of the audio is the audio's.
 * @param range In seconds; an open end is the audio's.
 * @throws AudioFormatError `AUDIO_CORRUPT` for a range that the audio does not have, `AUDIO_EMPTY` for one without samples.
 */
export function sampleRangeOf(
  { start = 0, end }: { readonly start?: number | undefined; readonly end?: number | undefined },
  numSamples: number,
  sampleRate: number,
): SampleRange {
  const first = Math.round(start * sampleRate);
  const last = end === undefined ? numSamples : Math.round(end * sampleRate);
  const duration = `${(numSamples / sampleRate).toFixed(3)} s long`;
  if (last > numSamples + Math.round(endTolerance * sampleRate)) throw new AudioFormatError("AUDIO_CORRUPT", `the range ends at ${end} s, and the audio is ${duration}`);
  if (first > 0 && first >= numSamples) throw new AudioFormatError("AUDIO_CORRUPT", `the range starts at ${start} s, and the audio is ${duration}`);
  const range = { start: first, end: Math.min(last, numSamples) };
  if (range.end <= range.start) throw new AudioFormatError("AUDIO_EMPTY", `the range from ${start} s to ${end ?? "the end"} has no samples; the audio is ${duration}`);
  return range;
}
