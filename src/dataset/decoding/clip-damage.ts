import type { AudioWarning } from "../../audio/index.ts";
import type { ClipRange } from "./clip-windows.ts";
import type { RowRecipe } from "./row-recipe.ts";
import type { SampleRange } from "./sample-range.ts";

/** What is wrong with the audio that a clip was made of. Clips of sound audio have none. */
export interface ClipDamage {
  /** `AUDIO_GAP`, `AUDIO_TRUNCATED` or `AUDIO_CHANGED`, sorted, each once. */
  readonly kinds: readonly AudioWarning["code"][];
  /** How many things are wrong. */
  readonly places: number;
  /**
   * Samples per channel that are lost, at the codec's rate and as far as the file tells: silence stands for them in the clip, or they are missing
   * after its end.
   */
  readonly numLost: number;
}

/** A warning about a row's audio. */
export interface RowWarning extends AudioWarning {
  /** Whether all that follows may be affected as well. */
  readonly isLasting?: true;
}

/** Most warnings of a row that are told one by one: its file may be wrong in many places. */
const maxWarnings = 20;

/** The warnings that touch a range of a file's samples, with their position and what is lost within the range. */
export function warningsWithin(warnings: readonly RowWarning[], { start, end }: SampleRange): readonly RowWarning[] {
  return warnings.flatMap((warning) => {
    const { code, position, numLost, isLasting } = warning;
    const until = code === "AUDIO_CHANGED" || isLasting === true ? Infinity : position + Math.max(1, numLost);
    if (position >= end || until <= start) return [];
    const first = Math.max(position, start);
    return [{ ...warning, position: first, numLost: Math.max(0, Math.min(position + numLost, end) - first) }];
  });
}

/**
 * What is wrong with a clip; undefined if nothing is. What was passed over without a loss (`AUDIO_EXTRA`) is no damage.
 * @param range The clip in its row, at the codec's rate.
 * @param extent Where the row's audio is in its file.
 * @param warnings Of the row.
 */
export function damageOf(
  range: ClipRange,
  extent: { readonly samples: SampleRange; readonly sampleRate: number },
  { sampleRate, planning }: Pick<RowRecipe, "sampleRate" | "planning">,
  warnings: readonly RowWarning[],
): ClipDamage | undefined {
  const samplesPerSample = sampleRate / extent.sampleRate;
  const clip = {
    start: extent.samples.start + Math.floor(range.start / samplesPerSample),
    end: extent.samples.start + Math.ceil((range.start + range.length) / samplesPerSample),
  };
  // A whole window lacks nothing of a file that is cut off after it.
  const isWholeWindow = planning.window !== null && range.length === planning.window.length;
  const touching = warnings.flatMap((warning) => {
    if (warning.code === "AUDIO_EXTRA") return [];
    if (warning.code === "AUDIO_TRUNCATED") return isWholeWindow ? [] : [warning];
    return warningsWithin([warning], clip);
  });
  if (touching.length === 0) return undefined;
  const numLost = touching.reduce((sum, warning) => sum + warning.numLost, 0);
  return {
    kinds: [...new Set(touching.map(({ code }) => code))].toSorted(),
    places: touching.length,
    numLost: Math.min(Math.round(numLost * samplesPerSample), Number.MAX_SAFE_INTEGER),
  };
}

/** A row's warnings as they are told: each of the first ones by itself, and all others together. */
export function toldTogether(warnings: readonly RowWarning[]): readonly (readonly RowWarning[])[] {
  const numAlone = warnings.length <= maxWarnings ? warnings.length : maxWarnings - 1;
  const others = warnings.slice(numAlone);
  return [...warnings.slice(0, numAlone).map((warning) => [warning]), ...(others.length === 0 ? [] : [others])];
}

/** Warnings as one. @param warnings At least one. */
export function asOneWarning(warnings: readonly RowWarning[]): AudioWarning {
  const { code, message, position, numLost } = warnings[0]!;
  if (warnings.length === 1) return { code, message, position, numLost };
  return {
    code,
    message: `there are ${warnings.length} more warnings about it, from sample ${position} on`,
    position,
    numLost: warnings.reduce((sum, warning) => sum + warning.numLost, 0),
  };
}
