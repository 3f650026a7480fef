import type { Loudness } from "../../audio/index.ts";
import type { AudioCodes } from "../../core/index.ts";
import type { ClipDamage } from "../decoding/clip-damage.ts";
import type { JsonObject } from "../folder/json-value.ts";

/** A piece of a row that was encoded: the whole of it, one window, one channel. What every output takes. */
export interface EncodedClip {
  /** Names the clip in the dataset: the row's key, with `_w000012` for a window and `_c0` for a channel. No dot after the last slash. */
  readonly key: string;
  /** Key of the row that it is a piece of. */
  readonly row: string;
  /** Where the audio was read: the file as the row names it, and after a `#` the member of a tar. */
  readonly source: string;
  /** Where the clip starts in its source, in seconds. */
  readonly start: number;
  readonly end: number;
  /** Which window of the row this is, from 0; null for a whole row. */
  readonly window: number | null;
  /** Which channel of the row this is, from 0; null where channels were mixed or coded together. */
  readonly channel: number | null;
  readonly codes: AudioCodes;
  /** Loudness of the audio that was encoded; null where nobody measured it. */
  readonly loudness: Loudness | null;
  /** What is wrong with the audio that was encoded; nothing for sound audio. */
  readonly damage?: ClipDamage | undefined;
  /** The program that decoded the audio, with its version, such as `ffmpeg 5.1.9`; nothing where this package did so itself. */
  readonly decoder?: string | undefined;
  /** What the manifest said of the row besides. */
  readonly columns: JsonObject;
}
