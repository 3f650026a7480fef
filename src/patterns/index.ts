export { flattenBarkCoarse, unflattenBarkCoarse } from "./bark/bark-coarse.ts";
export type { BarkTokenOptions } from "./bark/bark-coarse.ts";
export { bark } from "./bark/bark-codes.ts";
export { layOutBarkFine, revertBarkFine } from "./bark/bark-fine.ts";
export type { BarkFineLayout, BarkFineOptions, BarkFineWindow } from "./bark/bark-fine.ts";
export { barkCoarseWindow, barkSemanticHistory, barkTextInput } from "./bark/bark-inputs.ts";
export type { BarkCoarseWindowOptions, BarkTextInputOptions, SemanticTokens } from "./bark/bark-inputs.ts";
export { formatBarkPrompt, parseBarkPrompt } from "./bark/bark-prompt-npz.ts";
export { checkBarkPrompt, codesFromBarkPrompt, createBarkPrompt, trimBarkHistory } from "./bark/bark-prompt.ts";
export type { BarkHistoryPrompt, BarkPromptArrays, TrimBarkHistoryOptions } from "./bark/bark-prompt.ts";
export { barkCoarseFrames, barkCoarseSteps, barkHistoryLengths, barkSemanticLength, barkSemanticLengths } from "./bark/bark-rates.ts";
export { deinterleaveStereo, interleaveStereo } from "./grid/stereo-codes.ts";
export { clipOf, transposeGrid } from "./grid/token-grid.ts";
export type { CodesInput, TokenArray, TokenArrays, TokenGrid, TokenType } from "./grid/token-grid.ts";
export { patternCells } from "./layout/pattern-cells.ts";
export type { CellContent, PatternCells, PatternCellsOptions } from "./layout/pattern-cells.ts";
export { freeCell, PatternCursor } from "./layout/pattern-cursor.ts";
export type { CursorOptions } from "./layout/pattern-cursor.ts";
export { formatPatternGrid } from "./layout/pattern-grid-text.ts";
export type { PatternGridTextOptions } from "./layout/pattern-grid-text.ts";
export { layoutOf } from "./layout/pattern-layout.ts";
export type { Coordinate, PatternLayout } from "./layout/pattern-layout.ts";
export { patternProvider } from "./layout/pattern-provider.ts";
export type { PatternProvider, PatternProviderOptions } from "./layout/pattern-provider.ts";
export { parsePatternSpec, patternKinds } from "./layout/pattern-spec.ts";
export type {
  CoarseFirstSpec,
  CustomSpec,
  DelaySpec,
  MusicLmSpec,
  ParallelSpec,
  PatternKind,
  PatternSpec,
  UnrollSpec,
} from "./layout/pattern-spec.ts";
export { Pattern } from "./layout/pattern.ts";
export type { BuildOptions, LogitsGrid, MaskedGrid, PatternSequence, RevertOptions } from "./layout/pattern.ts";
export { magnetAttentionMask, maskMagnetCodes } from "./magnet/magnet-masks.ts";
export type { MaskedMagnetCodes, MaskMagnetOptions } from "./magnet/magnet-masks.ts";
export { magnetSchedule } from "./magnet/magnet-schedule.ts";
export type { MagnetScheduleOptions, MagnetStep } from "./magnet/magnet-schedule.ts";
export { MagnetStage } from "./magnet/magnet-stage.ts";
export type { MagnetStageOptions } from "./magnet/magnet-stage.ts";
export {
  audiogen,
  audioMagnet,
  dia,
  magnet,
  modelLayouts,
  moshi,
  musicgen,
  musicgenStereo,
  parler,
  valle,
} from "./models/model-layouts.ts";
export type { ModelLayout, ModelLayoutName, ModelTokens } from "./models/model-layouts.ts";
export { musicgenLogitsProcessor } from "./musicgen/musicgen-logits-processor.ts";
export type { MusicgenLogitsProcessor, LogitsConstructor, LogitsLike } from "./musicgen/musicgen-logits-processor.ts";
export { musicgenCodesFromGenerated } from "./musicgen/musicgen-generated.ts";
export type { MusicgenGeneratedOptions } from "./musicgen/musicgen-generated.ts";
export { musicgenDelayLabels, musicgenShiftTokensRight } from "./musicgen/musicgen-labels.ts";
export type { MusicgenDelayLabelsOptions, MusicgenShiftTokensOptions } from "./musicgen/musicgen-labels.ts";
export { musicgenFramesOf, musicgenMaxLengthFor } from "./musicgen/musicgen-lengths.ts";
export type { MusicgenShape } from "./musicgen/musicgen-lengths.ts";
export { applyMusicgenDelayPatternMask, musicgenDelayPatternMask, musicgenDecoderInputIds } from "./musicgen/musicgen.ts";
export type { MusicgenDelayedPrompt, MusicgenDelayPatternOptions } from "./musicgen/musicgen.ts";
export { buildModelSequence, modelCursor, revertModelSequence } from "./sequence/model-sequence.ts";
export type { ModelCodes, ModelSequenceOptions } from "./sequence/model-sequence.ts";
export { nextStepLabels } from "./sequence/next-step-labels.ts";
export type { NextStepLabelsOptions } from "./sequence/next-step-labels.ts";
export { formatSequence, parseSequence } from "./sequence/sequence-bytes.ts";
export type { ParseSequenceOptions } from "./sequence/sequence-bytes.ts";
export { sequenceLayout } from "./sequence/sequence-layout.ts";
export type { SequenceLayout, SequenceLayoutOptions, TokenSequence } from "./sequence/sequence-layout.ts";
export { applyPattern, revertPattern } from "./sequence/token-sequence.ts";
export type { RevertedSequence } from "./sequence/token-sequence.ts";
export { formatMegatronIndex, parseMegatronIndex } from "./token-stream/megatron-index.ts";
export type { MegatronIndex, MegatronIndexFields, MegatronType } from "./token-stream/megatron-index.ts";
export { bytesPerToken, formatDocuments, joinTokens, parseTokens, tokenStream } from "./token-stream/token-stream.ts";
export type {
  DocumentBytes,
  DocumentTokens,
  StoredTokens,
  TokenStream,
  TokenStreamFormat,
  TokenStreamType,
  TokenStreamVocabulary,
} from "./token-stream/token-stream.ts";
export { joinValleRows, valleSequence, valleStage } from "./valle/valle.ts";
export type { ValleRows } from "./valle/valle.ts";
export type { CodeIds, CodeIdsOptions } from "./vocabulary/code-ids.ts";
export type { ParsedCodes, ParsePolicy } from "./vocabulary/frame-assembler.ts";
export type { SpecialToken, SpecialTokenOptions } from "./vocabulary/special-tokens.ts";
export { TokenIdParser } from "./vocabulary/token-id-parser.ts";
export type { ParseOptions } from "./vocabulary/token-id-parser.ts";
export type { AddedToken, TokenIds, TokenVocabularyOptions, VocabularyToken } from "./vocabulary/token-ids.ts";
export type { TokenStrings } from "./vocabulary/token-strings.ts";
export { TokenTextParser } from "./vocabulary/token-text-parser.ts";
export type { ParsedText } from "./vocabulary/token-text-parser.ts";
export { TokenVocabulary } from "./vocabulary/token-vocabulary.ts";
export type { SurroundingTokens } from "./vocabulary/token-vocabulary.ts";
export { charactersToCodes, codesToCharacters } from "./vocabulary/unicode-codes.ts";
export type { UnicodeCodesOptions } from "./vocabulary/unicode-codes.ts";
