export { AudioTokenizer, DecoderStream, EncoderStream, inspectModel, pullModel } from "./tokenizer/index.ts";
export type {
  CallOptions,
  CodingTransform,
  DecoderStreamOptions,
  DecoderStreamState,
  EncodeOptions,
  EncoderStreamOptions,
  EncoderStreamState,
  EncodeStreamOptions,
  HubModelOptions,
  LoadOptions,
  ModelInspection,
  Pieces,
  Progress,
  PulledModel,
  PullOptions,
  Segmenting,
  StreamOptions,
} from "./tokenizer/index.ts";

export {
  AudioCodes,
  AudioFormatError,
  CheckpointError,
  CodecError,
  CodesError,
  DisposedError,
  FileError,
  HubError,
  IntegrityError,
  LicenseError,
  RuntimeError,
  durationOf,
  numSamplesOf,
} from "./core/index.ts";
export type { AudioCodesContext, AudioCodesData, ByteSource, ClipDetails, OnnxModel, Provenance, TensorConstructor, TensorLike, Waveform } from "./core/index.ts";

export type { HubErrorCode } from "./core/index.ts";
export type { DeclaredLicenses, LicenseClass, LicenseEvidence, LicenseRecord, LicenseStatus } from "./core/index.ts";

export {
  catalogue,
  checkLicense,
  describeRepository,
  fetchRepositoryMetadata,
  fetchWeights,
  findCheckpoint,
  findLicense,
  licenseClasses,
  licensePolicyVariable,
  listCache,
  metadataOf,
  namedPolicies,
  notice,
  openHubRepository,
  parseLicensePolicy,
  removeCached,
  requireLicense,
  resolveLicense,
  selectCheckpoint,
  summarizeLicenses,
  verifyCached,
} from "./hub/index.ts";
export type {
  CachedCommit,
  CachedRepository,
  CatalogueEntry,
  CatalogueFile,
  CheckpointCriteria,
  CheckpointLayout,
  Confidence,
  Criterion,
  DescribeOptions,
  DownloadProgress,
  FileDigest,
  HubOptions,
  HubRepository,
  License,
  LicenseGroup,
  LicensePolicy,
  LicenseRules,
  LicenseSummary,
  NamedLicensePolicy,
  PassedOver,
  Relaxation,
  RepositoryDescription,
  RepositoryFile,
  RepositoryInfo,
  RepositoryMetadata,
  ResolveLicenseOptions,
  Selection,
  VerifiedFile,
  Verdict,
  WeightsFile,
} from "./hub/index.ts";

export {
  AudioConverter,
  convertAudio,
  convertAudioStream,
  decodeAudio,
  decodeAudioStream,
  formatWav,
  formatWavHeader,
  formatWavSamples,
  mixChannels,
  parseWav,
  resample,
  siSnr,
} from "./audio/index.ts";
export type {
  AudioContainer,
  AudioConverterState,
  AudioForm,
  AudioStream,
  ConvertAudioOptions,
  DecodeAudioOptions,
  FormatWavOptions,
  ResamplerState,
  WavForm,
  WavFormat,
} from "./audio/index.ts";

export { openAudio, readAudio, readCodes, writeCodes, writeFileAtomically, writeWav, writeWavStream } from "./files/index.ts";
export type { AudioFile, ReadCodesOptions, WriteFileOptions, WriteWavOptions, WriteWavStreamOptions } from "./files/index.ts";

export { codesFormatOf, codesFormats, formatCodes, parseCodes } from "./storage/index.ts";
export type { CodesFormat, ParseCodesOptions } from "./storage/index.ts";

export { renderCodesFigure } from "./figure/index.ts";
export type { CodesFigureOptions } from "./figure/index.ts";

export type { CheckpointInfo, CodecConfig } from "./checkpoint/index.ts";
export type { Runtime, Session, Tensor } from "./runtime/index.ts";
