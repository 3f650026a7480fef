import { joinArrays } from "../../core/index.ts";
import type { AudioCodes } from "../../core/index.ts";
import { applyPattern, sequenceLayout } from "../../patterns/index.ts";
import type { ModelLayout, PatternSpec, SequenceLayoutOptions, TokenVocabulary } from "../../patterns/index.ts";
import type { JsonObject } from "../folder/json-value.ts";

/** How the codes of a clip become one document of tokens. */
export interface TokenLayout {
  /** Tokens are below this. */
  readonly vocabularySize: number;
  /** Ends every document, and is not within one. */
  readonly eosToken: number;
  /** What a reader should know of the layout. */
  readonly description: JsonObject;
  /** @throws CodesError if the codes are not of the layout's codec. */
  tokensOf(codes: AudioCodes): ArrayLike<number>;
}

/**
 * Documents of a vocabulary, where an id names codebook and code: frame after frame, or as the vocabulary's `order` says.
 * Codes in segments are laid out segment after segment.
 * @param eos Name of the special token that ends documents. By default "eos".
 * @throws RangeError if the vocabulary has no such token.
 */
export function vocabularyLayout(vocabulary: TokenVocabulary, eos: string = "eos"): TokenLayout {
  const { codebookSize, numCodebooks, base, ranges } = vocabulary.codeIds;
  return {
    vocabularySize: vocabulary.vocabularySize,
    eosToken: vocabulary.specialIdOf(eos),
    description: { kind: "vocabulary", order: vocabulary.order, ranges, base, codebook_size: codebookSize, num_codebooks: numCodebooks },
    tokensOf: (codes) =>
      joinArrays(
        segmentsOf(codes).map((segment) => vocabulary.encode(segment, { type: "int32" }).data),
        Int32Array,
      ),
  };
}

/**
 * Documents of a pattern or of a known model: step after step, and in each step the tokens of codebooks 0 to K − 1, so that the
 * trainer reads `[S, K]`. The token that ends documents is the first that nothing else uses. Segments follow each other.
 * @param codebookSize Of the codec.
 * @throws RangeError if the spec is none.
 */
export function patternLayout(pattern: PatternSpec | ModelLayout, codebookSize: number, options: SequenceLayoutOptions = {}): TokenLayout {
  const layout = sequenceLayout(pattern, codebookSize, options);
  const eosToken = Math.max(codebookSize - 1, layout.specialToken, layout.padToken, layout.eosToken ?? 0) + 1;
  return {
    vocabularySize: eosToken + 1,
    eosToken,
    description: {
      kind: "pattern",
      pattern: JSON.parse(JSON.stringify(layout.pattern)) as JsonObject,
      special_token: layout.specialToken,
      pad_token: layout.padToken,
      model_eos_token: layout.eosToken,
      keep_only_valid_steps: layout.keepOnlyValidSteps,
      order: "step-major",
    },
    tokensOf(codes) {
      const { tokens } = applyPattern(codes, pattern, options);
      const [, numCodebooks, numSteps] = tokens.dims as [number, number, number];
      const perSegment = numCodebooks * numSteps;
      return Int32Array.from(tokens.data, (_, at) => {
        const [segment, place] = [Math.floor(at / perSegment), at % perSegment];
        return tokens.data[segment * perSegment + (place % numCodebooks) * numSteps + Math.floor(place / numCodebooks)]!;
      });
    },
  };
}

function segmentsOf(codes: AudioCodes): readonly AudioCodes[] {
  return Array.from({ length: codes.numSegments }, (_, segment) => codes.sliceSegments(segment, segment + 1));
}
