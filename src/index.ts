export { AudioTokenizer, inspectModel } from "./tokenizer/index.ts";
export type { CallOptions, EncodeOptions, LoadOptions, ModelInspection, Progress, Segmenting } from "./tokenizer/index.ts";

export {
  AudioCodes,
  AudioFormatError,
  CheckpointError,
  CodecError,
  CodesError,
  DisposedError,
  FileError,
  LicenseError,
  durationOf,
  numSamplesOf,
} from "./core/index.ts";
export type { AudioCodesContext, AudioCodesData, OnnxModel, Provenance, TensorConstructor, TensorLike, Waveform } from "./core/index.ts";

export type { DeclaredLicenses, LicenseClass, LicenseEvidence, LicenseRecord, LicenseStatus } from "./core/index.ts";

export {
  catalogue,
  checkLicense,
  findCheckpoint,
  findLicense,
  licenseClasses,
  namedPolicies,
  notice,
  parseLicensePolicy,
  resolveLicense,
  selectCheckpoint,
  summarizeLicenses,
} from "./hub/index.ts";
export type {
  CatalogueEntry,
  CatalogueFile,
  CheckpointCriteria,
  CheckpointLayout,
  Confidence,
  Criterion,
  License,
  LicenseGroup,
  LicensePolicy,
  LicenseRules,
  LicenseSummary,
  NamedLicensePolicy,
  PassedOver,
  Relaxation,
  RepositoryMetadata,
  ResolveLicenseOptions,
  Selection,
  Verdict,
} from "./hub/index.ts";

export { convertAudio, decodeAudio, formatWav, mixChannels, parseWav, resample, siSnr } from "./audio/index.ts";
export type { ConvertAudioOptions, DecodeAudioOptions, FormatWavOptions, WavFormat } from "./audio/index.ts";

export { readAudio, readCodes, writeCodes, writeFileAtomically, writeWav } from "./files/index.ts";
export type { ReadCodesOptions, WriteFileOptions, WriteWavOptions } from "./files/index.ts";

export { codesFormatOf, codesFormats, formatCodes, parseCodes } from "./storage/index.ts";
export type { CodesFormat, ParseCodesOptions } from "./storage/index.ts";

export { renderCodesFigure } from "./figure/index.ts";
export type { CodesFigureOptions } from "./figure/index.ts";

export type { CheckpointInfo, CodecConfig } from "./checkpoint/index.ts";
export type { Runtime, Session, Tensor } from "./runtime/index.ts";
