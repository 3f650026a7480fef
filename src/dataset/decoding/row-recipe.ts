import type { AudioLimits } from "../../audio/index.ts";
import type { ChannelMode } from "./clip-channels.ts";
import type { ClipPlanning } from "./clip-windows.ts";
import type { TrimOptions } from "./sound-range.ts";

/** How rows become clips: plain data that worker threads get. */
export interface RowRecipe {
  /** The codec's sample rate, in hertz. */
  readonly sampleRate: number;
  /** The codec's number of channels. */
  readonly channels: number;
  readonly mode: ChannelMode;
  readonly planning: ClipPlanning;
  /** Null where silence stays. */
  readonly trim: TrimOptions | null;
  /** What files may be, where that is not the usual. */
  readonly limits?: AudioLimits | undefined;
  /** Whether rows of damaged files fail. @default false: what is sound of them is taken */
  readonly strict?: boolean | undefined;
  /** The ffmpeg that is asked for what this package has no decoder for; false for none. @default as `readAudio` has it */
  readonly ffmpeg?: string | false | undefined;
}
