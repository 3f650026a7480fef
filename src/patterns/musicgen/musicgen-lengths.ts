import { checkCount } from "../grid/check-count.ts";

/** How MusicGen's decoder is set up. */
export interface MusicgenShape {
  /** K: rows of codes for each clip; 4 in the released mono models, 8 in the stereo ones. */
  readonly numCodebooks: number;
  /** `audio_channels`. In stereo the rows are left and right in turn, and both rows of a pair have the same delay. @default 1; must be said for 8 codebooks */
  readonly channels?: 1 | 2 | undefined;
  /**
   * Delay sequences of fewer than 2C − 1 columns as well, as transformers.js does; transformers leaves those undelayed.
   * @default false
   */
  readonly delayShort?: boolean | undefined;
}

/**
 * `max_length` with which MusicGen generates so many frames, prompt included: L = T + C, where C is the number of codebooks of one channel.
 * `max_new_tokens` is L less the columns that the decoder starts from, which are 1 + the prompt's frames.
 * @param options `frames`: T, at least C − 1: below that transformers drops the delays that the models were trained with.
 * @throws RangeError for fewer frames, or if the codebooks do not fit the channels.
 * Source: transformers `models/musicgen/modeling_musicgen.py` (5.17), `build_delay_pattern_mask`.
 */
export function musicgenMaxLengthFor({ frames, ...shape }: MusicgenShape & { readonly frames: number }): number {
  const numDelays = numDelaysOf(shape);
  const fewest = shape.delayShort === true ? 0 : numDelays - 1;
  if (!Number.isSafeInteger(frames) || frames < fewest) {
    const reason = fewest === 0 ? "" : ", since transformers does not delay sequences of fewer";
    throw new RangeError(`frames must be an integer of at least ${fewest}${reason}; received ${frames}`);
  }
  return frames + numDelays;
}

/**
 * Frames that a finished sequence holds: T = L − C, or L − 1 where transformers does not delay, that is, for L < 2C − 1.
 * @throws RangeError if `maxLength` is not a positive integer, or the codebooks do not fit the channels.
 */
export function musicgenFramesOf({ maxLength, ...shape }: MusicgenShape & { readonly maxLength: number }): number {
  return isDelayed(shape, maxLength) ? Math.max(0, maxLength - numDelaysOf(shape)) : maxLength - 1;
}

/**
 * C: codebooks of one channel, which is also the number of different delays.
 * @throws RangeError if the codebooks do not fit the channels.
 */
export function numDelaysOf({ numCodebooks, channels: given }: MusicgenShape): number {
  if (numCodebooks === 8 && given === undefined) {
    throw new RangeError(
      "8 codebooks can be those of a stereo model, 4 for each channel, or of a mono one; say channels: 2 or channels: 1",
    );
  }
  const channels = given ?? 1;
  if (channels !== 1 && channels !== 2) throw new RangeError(`channels must be 1 or 2; received ${String(channels)}`);
  if (!Number.isSafeInteger(numCodebooks) || numCodebooks < 1 || numCodebooks % channels !== 0) {
    const expected = channels === 2 ? "an even integer, left and right in turn" : "a positive integer";
    throw new RangeError(`numCodebooks must be ${expected}; received ${numCodebooks}`);
  }
  return numCodebooks / channels;
}

/**
 * Whether a sequence of so many columns is delayed at all.
 * @throws RangeError if `maxLength` is not a positive integer.
 */
export function isDelayed(shape: MusicgenShape, maxLength: number): boolean {
  checkCount("maxLength", maxLength, 1);
  return shape.delayShort === true || maxLength >= 2 * numDelaysOf(shape) - 1;
}
