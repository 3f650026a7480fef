import { AudioFormatError } from "../../core/index.ts";

/** What is wrong with an audio file of which everything else was decoded. */
export interface AudioWarning {
  /**
   * - `AUDIO_TRUNCATED`: the file ends before the audio that it promises. The result is shorter.
   * - `AUDIO_GAP`: audio before the end is missing or damaged. As far as the file tells how long it was, silence stands in its place.
   * - `AUDIO_EXTRA`: the file has something that is no audio of it, which was passed over. Nothing is lost.
   * - `AUDIO_CHANGED`: sample rate or channels change in the course of the file. The audio has those of its beginning.
   */
  readonly code: "AUDIO_TRUNCATED" | "AUDIO_GAP" | "AUDIO_EXTRA" | "AUDIO_CHANGED";
  /** What was found, with the place in the file. */
  readonly message: string;
  /** Sample of the result, per channel and at the file's own rate, at which this is. */
  readonly position: number;
  /** Samples per channel that are missing from there on, as far as the file tells; 0 where nothing is lost. */
  readonly numLost: number;
}

/** How what is wrong with a file is taken. */
export interface DamageOptions {
  /** Whether a file that anything is wrong with is refused, with the error `AUDIO_CORRUPT`. @default false: what is sound is decoded */
  readonly strict?: boolean | undefined;
  /**
   * Is told what is wrong with the file, as soon as it is met: at most 100 things one by one, and all others in one last warning. What
   * it throws ends the work.
   */
  readonly onWarning?: ((warning: AudioWarning) => void) | undefined;
}

/** Warnings of one file that are passed on one by one: its bytes may be wrong in a million places. */
export const maxWarnings = 100;

/** Takes what is wrong with a part of a file. */
export interface WarningSink {
  add(warning: AudioWarning): void;
}

/** Where the decoding of one file, from its beginning to its end, reports what is wrong with it. */
export class WarningReport implements WarningSink {
  readonly #strict: boolean;
  readonly #onWarning: (warning: AudioWarning) => void;
  #numWarnings = 0;
  #numLostLater = 0;
  #lastPosition = 0;

  constructor({ strict = false, onWarning = () => {} }: DamageOptions) {
    this.#strict = strict;
    this.#onWarning = onWarning;
  }

  /** @throws AudioFormatError `AUDIO_CORRUPT` with the warning's message if no damage is wanted. */
  add(warning: AudioWarning): void {
    if (this.#strict) throw new AudioFormatError("AUDIO_CORRUPT", warning.message);
    this.#numWarnings++;
    if (this.#numWarnings <= maxWarnings) {
      this.#onWarning(warning);
      return;
    }
    this.#numLostLater += warning.numLost;
    this.#lastPosition = warning.position;
  }

  /** Says how much there was besides, once the file has ended. */
  end(): void {
    const numLater = this.#numWarnings - maxWarnings;
    if (numLater <= 0) return;
    this.#onWarning({
      code: "AUDIO_GAP",
      message: `the file is damaged in ${numLater} more places, the last of them at sample ${this.#lastPosition}`,
      position: this.#lastPosition,
      numLost: this.#numLostLater,
    });
  }
}

/**
 * Takes what is wrong with a part of a file.
 * @param position Samples in front of the part.
 * @param ratio Samples of the whole for one of the part.
 */
export function sinkAt(position: number, ratio: number, report: WarningSink): WarningSink {
  return {
    add: (warning) =>
      report.add({
        ...warning,
        position: position + Math.round(warning.position * ratio),
        numLost: Math.round(warning.numLost * ratio),
      }),
  };
}
