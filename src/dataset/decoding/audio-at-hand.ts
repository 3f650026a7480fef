import { fileVersion } from "../inputs/row-bytes.ts";
import type { RowLocation } from "../inputs/row-bytes.ts";
import { RowAudio } from "./row-audio.ts";
import type { ReadingRecipe } from "./row-audio.ts";

/**
 * Audio that stays open from row to row. Decoding starts at the beginning of a file, however far into it a row is: rows that are
 * segments of one long recording, in its order, each go on where the one before them ended.
 */
export class AudioAtHand {
  #kept: { readonly location: RowLocation; readonly audio: RowAudio } | undefined;

  /**
   * The audio of a row from this time on, in seconds. Who takes it disposes it or gives it back.
   * @throws as `RowAudio.open`.
   */
  async take(location: RowLocation, start: number, recipe: ReadingRecipe): Promise<RowAudio> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined) return RowAudio.open(location, recipe);
    const { audio } = kept;
    const isHere =
      isSame(kept.location, location) &&
      audio.reaches(Math.round(start * audio.sampleRate)) &&
      audio.version === (await fileVersion(location.path));
    if (isHere) return audio;
    await audio[Symbol.asyncDispose]();
    return RowAudio.open(location, recipe);
  }

  /** Keeps audio for the row that comes next. */
  keep(location: RowLocation, audio: RowAudio): void {
    this.#kept = { location, audio };
  }
}

function isSame(a: RowLocation, b: RowLocation): boolean {
  return a.path === b.path && a.member?.offset === b.member?.offset;
}
