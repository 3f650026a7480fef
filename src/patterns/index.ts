export { flattenBarkCoarse, unflattenBarkCoarse } from "./bark-coarse.ts";
export type { BarkTokenOptions } from "./bark-coarse.ts";
export { bark } from "./bark-codes.ts";
export { barkFineWindows, layOutBarkFine, revertBarkFine } from "./bark-fine.ts";
export type { BarkFineLayout, BarkFineOptions, BarkFineWindow } from "./bark-fine.ts";
export { barkCoarseWindow, barkSemanticHistory, barkTextInput } from "./bark-inputs.ts";
export type { BarkCoarseWindowOptions, BarkTextInputOptions } from "./bark-inputs.ts";
export { checkBarkPrompt, codesFromBarkPrompt, createBarkPrompt, trimBarkHistory } from "./bark-prompt.ts";
export type { BarkHistoryPrompt, BarkPromptArrays, TrimBarkHistoryOptions } from "./bark-prompt.ts";
export { formatBarkPrompt, parseBarkPrompt } from "./bark-prompt-npz.ts";
export { barkCoarseFrames, barkCoarseSteps, barkHistoryLengths, barkSemanticLength, barkSemanticLengths } from "./bark-rates.ts";
export type { CodeIds, CodeIdsOptions } from "./code-ids.ts";
export { delayPatternLogitsProcessor } from "./delay-pattern-logits.ts";
export type { DelayPatternLogitsProcessor, LogitsConstructor, LogitsLike } from "./delay-pattern-logits.ts";
export type { ParsedCodes, ParsePolicy } from "./frame-assembler.ts";
export { magnetAttentionMask, magnetSpanCounts, maskMagnetCodes } from "./magnet-masks.ts";
export type { MaskedMagnetCodes, MaskMagnetOptions } from "./magnet-masks.ts";
export { magnetSchedule } from "./magnet-schedule.ts";
export type { MagnetScheduleOptions, MagnetStep } from "./magnet-schedule.ts";
export { MagnetStage } from "./magnet-stage.ts";
export type { MagnetStageOptions } from "./magnet-stage.ts";
export { formatMegatronIndex, parseMegatronIndex } from "./megatron-index.ts";
export type { MegatronIndex, MegatronIndexFields, MegatronType } from "./megatron-index.ts";
export { audiogen, audioMagnet, dia, magnet, modelLayouts, moshi, musicgen, musicgenStereo, parler, valle } from "./model-layouts.ts";
export type { ModelLayout, ModelLayoutName, ModelTokens } from "./model-layouts.ts";
export { buildModelSequence, modelCursor, revertModelSequence } from "./model-sequence.ts";
export type { ModelCodes, ModelSequenceOptions } from "./model-sequence.ts";
export { applyDelayPatternMask, delayPatternMask, toDecoderInputIds } from "./musicgen.ts";
export type { DelayedPrompt, DelayPatternOptions } from "./musicgen.ts";
export { fromGenerated } from "./musicgen-generated.ts";
export type { GeneratedOptions } from "./musicgen-generated.ts";
export { delayLabels, shiftTokensRight } from "./musicgen-labels.ts";
export type { DelayLabelsOptions, ShiftTokensOptions } from "./musicgen-labels.ts";
export { framesOf, maxLengthFor } from "./musicgen-lengths.ts";
export type { MusicgenShape } from "./musicgen-lengths.ts";
export { nextStepLabels } from "./next-step-labels.ts";
export type { NextStepLabelsOptions } from "./next-step-labels.ts";
export { Pattern } from "./pattern.ts";
export type { BuildOptions, LogitsGrid, MaskedGrid, PatternSequence, RevertOptions } from "./pattern.ts";
export { patternCells } from "./pattern-cells.ts";
export type { CellContent, PatternCells, PatternCellsOptions } from "./pattern-cells.ts";
export { freeCell, PatternCursor } from "./pattern-cursor.ts";
export type { CursorOptions } from "./pattern-cursor.ts";
export { formatPatternGrid } from "./pattern-grid-text.ts";
export type { PatternGridTextOptions } from "./pattern-grid-text.ts";
export { layoutOf } from "./pattern-layout.ts";
export type { Coordinate, PatternLayout } from "./pattern-layout.ts";
export { patternProvider } from "./pattern-provider.ts";
export type { PatternProvider, PatternProviderOptions } from "./pattern-provider.ts";
export { parsePatternSpec, patternKinds } from "./pattern-spec.ts";
export type { CoarseFirstSpec, CustomSpec, DelaySpec, MusicLmSpec, ParallelSpec, PatternKind, PatternSpec, UnrollSpec } from "./pattern-spec.ts";
export { formatSequence, parseSequence } from "./sequence-bytes.ts";
export type { ParseSequenceOptions } from "./sequence-bytes.ts";
export { sequenceLayout } from "./sequence-layout.ts";
export type { SequenceLayout, SequenceLayoutOptions } from "./sequence-layout.ts";
export type { SpecialToken, SpecialTokenOptions } from "./special-tokens.ts";
export { deinterleaveStereo, interleaveStereo } from "./stereo-codes.ts";
export { clipOf, transposeGrid } from "./token-grid.ts";
export type { CodesInput, TokenArray, TokenArrays, TokenGrid, TokenType } from "./token-grid.ts";
export { TokenIdParser } from "./token-id-parser.ts";
export type { ParseOptions } from "./token-id-parser.ts";
export { applyPattern, revertPattern } from "./token-sequence.ts";
export type { RevertedSequence, TokenSequence } from "./token-sequence.ts";
export { bytesPerToken, formatDocuments, joinTokens, parseTokens, tokenStream } from "./token-stream.ts";
export type {
  DocumentBytes,
  DocumentTokens,
  StoredTokens,
  TokenStream,
  TokenStreamFormat,
  TokenStreamType,
  TokenStreamVocabulary,
} from "./token-stream.ts";
export type { TokenStrings } from "./token-strings.ts";
export { TokenTextParser } from "./token-text-parser.ts";
export type { ParsedText } from "./token-text-parser.ts";
export { TokenVocabulary } from "./token-vocabulary.ts";
export type { AddedToken, SurroundingTokens, TokenVocabularyOptions, VocabularyToken } from "./token-vocabulary.ts";
export { charactersToCodes, codesToCharacters } from "./unicode-codes.ts";
export type { UnicodeCodesOptions } from "./unicode-codes.ts";
export { joinValleRows, valleSequence, valleStage } from "./valle.ts";
export type { ValleRows } from "./valle.ts";
