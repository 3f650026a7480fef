/** A length of audio: seconds, or whole frames of the codec. */
export type ClipLength = { readonly seconds: number } | { readonly frames: number };

/**
 * What happens to audio after the last full window that no window has: it becomes a shorter clip, none, or a clip with
 * zeros at its end.
 */
export type WindowTail = "keep" | "drop" | "pad";

/** How rows are cut into clips. */
export interface ClipOptions {
  /** Length of windows; rounded to whole frames where given in seconds. @default The whole row is one clip. */
  readonly window?: ClipLength | undefined;
  /** The distance from the start of one window to the start of the next; rounded in the same way. @default The window's length. */
  readonly stride?: ClipLength | undefined;
  /** What becomes of audio after the last full window. @default "keep" */
  readonly tail?: WindowTail | undefined;
  /** The shortest audio that makes a clip, before padding; rounded to the nearest sample where given in seconds. @default One sample. */
  readonly minimum?: ClipLength | undefined;
}

/** The codec's side of it. */
export interface FrameRate {
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  /** Samples of a frame. */
  readonly hopLength: number;
}

/** `ClipOptions` for one codec, in samples at its rate: whole numbers, fit to be recorded. */
export interface ClipPlanning {
  /** Samples of a window and between two; null for whole rows. Both are whole frames. */
  readonly window: { readonly length: number; readonly stride: number; readonly tail: WindowTail } | null;
  /** Samples. */
  readonly minimum: number;
  readonly hopLength: number;
}

/** A stretch of a row's audio that becomes a clip, in samples of the codec's rate. */
export interface ClipRange {
  /** Which window, from 0; null for a whole row. */
  readonly window: number | null;
  /** First sample in the row. */
  readonly start: number;
  /** Samples of audio. */
  readonly length: number;
  /** Zeros after them. */
  readonly padding: number;
  /** Frames that they become: ceil((length + padding) / hopLength). */
  readonly numFrames: number;
}

/**
 * Turns lengths into samples once and for all, so that planning is exact.
 * @throws RangeError for lengths that are no lengths: below one frame, or below one sample for the minimum; and for a stride
 * or a tail without a window.
 */
export function planningOf(options: ClipOptions, codec: FrameRate): ClipPlanning {
  const { window, stride, tail = "keep", minimum } = options;
  const { hopLength } = codec;
  if (!["keep", "drop", "pad"].includes(tail)) throw new RangeError(`tail must be keep, drop or pad; received ${JSON.stringify(tail)}`);
  if (window === undefined && (stride !== undefined || options.tail !== undefined)) {
    throw new RangeError(`${stride === undefined ? "tail" : "stride"} is for windows; give window as well`);
  }
  const length = window === undefined ? undefined : wholeFrames("window", window, codec);
  const minimumSamples = minimum === undefined ? 1 : wholeSamples(minimum, codec);
  if (length !== undefined && minimumSamples > length) {
    throw new RangeError(`minimum is ${minimumSamples} samples, more than the ${length} of a window; no clip would do`);
  }
  return {
    window: length === undefined ? null : { length, stride: stride === undefined ? length : wholeFrames("stride", stride, codec), tail },
    minimum: minimumSamples,
    hopLength,
  };
}

/**
 * The clips of a row's audio, in order; none if it is too short. Window i starts at i times the stride. Full windows are
 * all those that fit; what the last of them leaves over is the tail, which starts at the next multiple of the stride.
 *
 *     length 4, stride 4, 10 samples:  |0 1 2 3|4 5 6 7|8 9|          the tail 8 9 is kept, dropped, or padded with two zeros
 *     length 4, stride 3, 10 samples:  |0 1 2 3|3 4 5 6|6 7 8 9|      no tail: every sample is in a full window
 *
 * @param numSamples At the codec's rate.
 * @throws RangeError if `numSamples` is not a whole number from 0.
 */
export function planClips(numSamples: number, { window, minimum, hopLength }: ClipPlanning): readonly ClipRange[] {
  if (!Number.isSafeInteger(numSamples) || numSamples < 0)
    throw new RangeError(`numSamples must be a whole number from 0; received ${numSamples}`);
  const clip = (index: number | null, start: number, length: number, padding: number): ClipRange => ({
    window: index,
    start,
    length,
    padding,
    numFrames: Math.ceil((length + padding) / hopLength),
  });
  if (window === null) return numSamples < minimum ? [] : [clip(null, 0, numSamples, 0)];
  const { length, stride, tail } = window;
  const numFull = numSamples < length ? 0 : Math.floor((numSamples - length) / stride) + 1;
  const clips = Array.from({ length: numFull }, (_, i) => clip(i, i * stride, length, 0));
  const covered = numFull === 0 ? 0 : (numFull - 1) * stride + length;
  const start = numFull * stride;
  const rest = numSamples - start;
  if (tail === "drop" || covered >= numSamples || rest < minimum) return clips;
  return [...clips, clip(numFull, start, rest, tail === "pad" ? length - rest : 0)];
}

function wholeFrames(name: string, value: ClipLength, { sampleRate, hopLength }: FrameRate): number {
  const frames = "frames" in value ? value.frames : Math.round((value.seconds * sampleRate) / hopLength);
  if (!Number.isSafeInteger(frames) || !Number.isSafeInteger(frames * hopLength) || frames < 1) {
    throw new RangeError(
      `${name} must be whole frames, or seconds for at least one (${hopLength / sampleRate} s); received ${show(value)}`,
    );
  }
  return frames * hopLength;
}

function wholeSamples(value: ClipLength, { sampleRate, hopLength }: FrameRate): number {
  if ("frames" in value) return wholeFrames("minimum", value, { sampleRate, hopLength });
  const samples = Math.round(value.seconds * sampleRate);
  if (!Number.isSafeInteger(samples) || samples < 1)
    throw new RangeError(`minimum must be whole frames, or seconds for at least one sample; received ${show(value)}`);
  return samples;
}

function show(value: ClipLength): string {
  return "frames" in value ? `${value.frames} frames` : `${value.seconds} s`;
}
