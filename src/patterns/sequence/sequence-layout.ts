import type { CodesDetails } from "../../storage/index.ts";
import type { TokenGrid } from "../grid/token-grid.ts";
import { patternProvider } from "../layout/pattern-provider.ts";
import type { PatternProviderOptions } from "../layout/pattern-provider.ts";
import { parsePatternSpec } from "../layout/pattern-spec.ts";
import type { PatternSpec } from "../layout/pattern-spec.ts";
import type { Pattern } from "../layout/pattern.ts";
import type { ModelLayout } from "../models/model-layouts.ts";

/** How codes became a sequence, as data. */
export interface SequenceLayout {
  readonly pattern: PatternSpec;
  /** Fills the cells that hold no code. */
  readonly specialToken: number;
  /** Fills the cells after a codebook's last code; equals `specialToken` where the model has none. */
  readonly padToken: number;
  /** Stands after each codebook's last code, as if the clip had one more frame; null where the model has none. */
  readonly eosToken: number | null;
  /** Whether the steps that only the delays need are left out, and codes of the last frames with them. */
  readonly keepOnlyValidSteps: boolean;
}

/** What a layout has besides its pattern. */
export interface SequenceLayoutOptions {
  /** What stands where no code does. @default the model's, or the codebook size, the first number that is no code */
  readonly specialToken?: number | undefined;
  /** What stands after the end of a clip. @default the model's, or specialToken */
  readonly padToken?: number | undefined;
}

/**
 * The layout of a pattern, or of a known model.
 * @throws RangeError if the spec is not one.
 */
export function sequenceLayout(
  pattern: PatternSpec | ModelLayout,
  codebookSize: number,
  options: SequenceLayoutOptions = {},
): SequenceLayout {
  if (typeof pattern !== "object" || pattern === null || !("tokens" in pattern)) {
    const { specialToken = codebookSize, padToken = specialToken } = options;
    return { pattern: parsePatternSpec(pattern), specialToken, padToken, eosToken: null, keepOnlyValidSteps: false };
  }
  const { bos, eos = null, pad } = pattern.tokens;
  const { specialToken = bos ?? pad, padToken = pad } = options;
  return { pattern: pattern.pattern, specialToken, padToken, eosToken: eos, keepOnlyValidSteps: pattern.keepOnlyValidSteps };
}

/** The pattern for a clip of so many frames, and one more for the token that ends it. */
export function patternOf(
  { pattern, eosToken }: Pick<SequenceLayout, "pattern" | "eosToken">,
  numFrames: number,
  options?: PatternProviderOptions,
): Pattern {
  return patternProvider(pattern, options).getPattern(numFrames + (eosToken === null ? 0 : 1));
}

/**
 * What a pattern for tokens from a file may take: delays of a few hundred thousand steps, or some cells for every token. A few bytes of
 * a file could else ask for half a gigabyte.
 */
export function roomFor(numTokens: number): PatternProviderOptions {
  return { maxEntries: 2 ** 20 + 16 * numTokens };
}

/** Steps of its sequences. */
export function stepsOf({ keepOnlyValidSteps }: Pick<SequenceLayout, "keepOnlyValidSteps">, pattern: Pattern): number {
  return keepOnlyValidSteps ? pattern.numValidSteps : pattern.numSteps;
}

/** Codes laid out by a pattern, with all that leads back to them: what a sequence file holds. */
export interface TokenSequence extends SequenceLayout {
  /** The tokens, `[numSegments, K, S]`. */
  readonly tokens: TokenGrid<"uint16" | "int32">;
  /** Everything about the codes except the codes themselves. */
  readonly codes: CodesDetails;
}
