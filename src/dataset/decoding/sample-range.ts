import { RowError } from "./row-failure.ts";

/** Samples `start` … `end` − 1. */
export interface SampleRange {
  readonly start: number;
  readonly end: number;
}

/** Manifests round the ends of files; seconds. */
const endTolerance = 0.1;

/** Audio of which a range is asked for. */
export interface RangedAudio {
  readonly numSamples: number;
  /** Hertz. */
  readonly sampleRate: number;
  /** Whether its file ends before the audio that it promises. @default false */
  readonly isTruncated?: boolean | undefined;
}

/**
 * The samples of a time range, at the nearest ones to its ends. An end up to 0.1 s after that of the audio is the audio's; for a truncated file, any end
 * after that is.
 * @param range In seconds; an open end is the audio's.
 * @throws RowError `ROW_RANGE` for a range that the audio does not have or that has no samples, `AUDIO_EMPTY` for audio without samples.
 */
export function sampleRangeOf(
  { start = 0, end }: { readonly start?: number | undefined; readonly end?: number | undefined },
  { numSamples, sampleRate, isTruncated = false }: RangedAudio,
): SampleRange {
  const first = Math.round(start * sampleRate);
  const last = end === undefined ? numSamples : Math.round(end * sampleRate);
  if (last <= first && end !== undefined) throw outside(`the range from ${start} s to ${end} s has no samples at ${sampleRate} Hz`);
  if (numSamples === 0) throw new RowError({ code: "AUDIO_EMPTY", message: "it has no samples" });
  const duration = `${(numSamples / sampleRate).toFixed(3)} s long${isTruncated ? ", since its file is truncated" : ""}`;
  if (!isTruncated && last > numSamples + Math.round(endTolerance * sampleRate))
    throw outside(`the range ends at ${end} s, and the audio is ${duration}`);
  if (first >= numSamples) throw outside(`the range starts at ${start} s, and the audio is ${duration}`);
  return { start: first, end: Math.min(last, numSamples) };
}

function outside(message: string): RowError {
  return new RowError({ code: "ROW_RANGE", message });
}
