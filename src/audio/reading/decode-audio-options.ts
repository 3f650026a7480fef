import type { OptionNames } from "../../core/index.ts";
import type { AudioLimits } from "./audio-limits.ts";
import type { DamageOptions } from "./audio-warning.ts";

/** How audio is decoded. */
export interface DecodeAudioOptions extends DamageOptions {
  /** Stops the work between two pieces of the file; what was asked for then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** What a file may be. @default Everything that is usual, and more: see `AudioLimits`. */
  readonly limits?: AudioLimits | undefined;
}

/** Their names, by which `checkOptions` knows them. */
export const decodeAudioOptionNames: OptionNames<DecodeAudioOptions> = { limits: true, onWarning: true, signal: true, strict: true };
