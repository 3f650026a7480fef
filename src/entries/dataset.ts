/**
 * Corpora to shards of codes, and the files that trainers read.
 * @module encodec-tokenizer/dataset
 */
export type { AudioTokenizer, LoadOptions } from "../tokenizer/index.ts";
export type { AudioCodes, CodecError, LicenseRecord } from "../core/index.ts";
export type { LicensePolicy } from "../catalogue/index.ts";
export type { HubOptions, PushOptions, PushReport } from "../hub/index.ts";
export type { AudioLimits, AudioWarning, Loudness } from "../audio/index.ts";
export { openTokenDataset, TokenDatasetWriter } from "../files/index.ts";
export type {
  OpenTokenDatasetOptions,
  TokenDataset,
  TokenDatasetFile,
  TokenDatasetInfo,
  TokenDatasetOptions,
  TokenDatasetReport,
} from "../files/index.ts";
export type {
  DocumentTokens,
  ModelLayout,
  PatternSpec,
  SequenceLayoutOptions,
  StoredTokens,
  TokenArrays,
  TokenStream,
  TokenStreamFormat,
  TokenStreamType,
  TokenVocabulary,
} from "../patterns/index.ts";
export {
  channelModes,
  codebookUsage,
  DatasetError,
  durationEdges,
  loudnessEdges,
  openDataset,
  outputFormats,
  parseShare,
  patternLayout,
  pushDataset,
  readDatasetInfo,
  tokenizeDataset,
  verifyDataset,
  vocabularyLayout,
} from "../dataset/index.ts";
export type {
  ChannelMode,
  ClipDamage,
  ClipLength,
  ClipOptions,
  ClipSample,
  CodebookUsage,
  CodecFields,
  ColumnType,
  Dataset,
  DatasetCardOptions,
  DatasetErrorCode,
  DatasetEvent,
  DatasetInfo,
  DatasetReport,
  DatasetStatistics,
  DatasetWorkOptions,
  DescribedFile,
  EncodedClip,
  Finding,
  FinishedShard,
  IndexFile,
  JsonObject,
  JsonValue,
  OpenDatasetOptions,
  OutputFormat,
  OutputSpec,
  ParquetOutputOptions,
  PartRecord,
  PushDatasetOptions,
  ReadableFormat,
  ReencodeOptions,
  ResolveInputsOptions,
  RowCounts,
  RowFailure,
  ShardLimits,
  Share,
  TokenizeDatasetOptions,
  TokenLayout,
  TokensOutputOptions,
  TrimOptions,
  VerifyOptions,
  VerifyProgress,
  WindowTail,
} from "../dataset/index.ts";
