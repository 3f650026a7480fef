/**
 * What someone needs to load, encode, decode, stream, read, write, convert and catch errors.
 * @module encodec-tokenizer
 */
export { AudioTokenizer, DecoderStream, EncoderStream, inspectModel, optionsForNamed, pullModel } from "./tokenizer/index.ts";
export type {
  CallOptions,
  CodingTransform,
  DecoderState,
  DecoderStreamOptions,
  DecoderStreamState,
  EncodeOptions,
  EncoderState,
  EncoderStreamOptions,
  EncoderStreamState,
  EncodeStreamOptions,
  HalfState,
  HubModelOptions,
  LoadOptions,
  ModelInspection,
  NamedModel,
  NamedModelOptions,
  OverlapState,
  PartData,
  Pieces,
  Progress,
  PulledModel,
  PullOptions,
  SignalTail,
  StateOrigin,
  StreamOptions,
} from "./tokenizer/index.ts";
export {
  AudioCodes,
  AudioFormatError,
  CheckpointError,
  CodecError,
  CodesError,
  DisposedError,
  durationOf,
  FileError,
  HubError,
  IntegrityError,
  LicenseError,
  numSamplesOf,
  RuntimeError,
} from "./core/index.ts";
export type {
  AudioCodesContext,
  AudioCodesData,
  ClipDetails,
  DeclaredLicenses,
  HubErrorCode,
  LicenseClass,
  LicenseEvidence,
  LicenseRecord,
  LicenseStatus,
  OnnxModel,
  Provenance,
  TensorConstructor,
  TensorLike,
  Waveform,
} from "./core/index.ts";
export type { LicensePolicy } from "./catalogue/index.ts";
export type { HubOptions } from "./hub/index.ts";
export {
  AudioConverter,
  convertAudio,
  convertAudioStream,
  decodeAudio,
  decodeAudioStream,
  formatWav,
  joinWaveforms,
  mixChannels,
  parseWav,
  resample,
  siSnr,
} from "./audio/index.ts";
export type { AudioStream, AudioWarning, DamageOptions, DecodeAudioOptions, FormatWavOptions } from "./audio/index.ts";
export {
  openAudio,
  readAudio,
  readBarkPrompt,
  readCodes,
  readPattern,
  readSequence,
  sequenceFormatOf,
  writeBarkPrompt,
  writeCodes,
  writeFileAtomically,
  writePattern,
  writeSequence,
  writeWav,
  writeWavStream,
} from "./files/index.ts";
export type {
  AudioFile,
  FfmpegOptions,
  ReadAudioOptions,
  ReadCodesOptions,
  WriteFileOptions,
  WriteWavOptions,
  WriteWavStreamOptions,
} from "./files/index.ts";
export { codesFormatOf, codesFormats, formatCodes, parseCodes, sequenceFormats } from "./storage/index.ts";
export type { CodesFormat, ParseCodesOptions, SequenceFormat } from "./storage/index.ts";
export { renderCodesFigure } from "./figure/index.ts";
export type { CodesFigureOptions } from "./figure/index.ts";
export type { BarkHistoryPrompt, BarkPromptArrays, ParseSequenceOptions, PatternSpec, TokenSequence } from "./patterns/index.ts";
export type { CheckpointInfo, CodecConfig, CodecForm, Segmenting } from "./checkpoint/index.ts";
export type { TensorSpec } from "./graph/index.ts";
export type { Runtime, Session, SessionOptions, Tensor } from "./runtime/index.ts";
