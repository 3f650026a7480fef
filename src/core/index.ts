export { AudioCodes, clipShape, codeOutOfRange, codesOfClip } from "./audio-codes.ts";
export type { AudioCodesContext, AudioCodesData, ClipDetails, Provenance, TensorConstructor, TensorLike } from "./audio-codes.ts";
export { bandwidthOf, bitsPerCodeOf } from "./bandwidth.ts";
export { bytesSource, checkRange, rangesOf, readRange } from "./byte-source.ts";
export type { ByteSource, OpenFile } from "./byte-source.ts";
export { checkOptions } from "./check-options.ts";
export type { OptionNames } from "./check-options.ts";
export { crc32 } from "./crc32.ts";
export {
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
} from "./errors.ts";
export type { HubErrorCode } from "./errors.ts";
export { atOnce, inTurns, nextTurn, stretches } from "./in-turns.ts";
export type { Turns } from "./in-turns.ts";
export type { DeclaredLicenses, LicenseClass, LicenseEvidence, LicenseRecord, LicenseStatus } from "./license.ts";
export { joinArrays } from "./join-arrays.ts";
export { isDeeperThan } from "./json-depth.ts";
export type { OnnxModel } from "./onnx-model.ts";
export { outOfBundle } from "./out-of-bundle.ts";
export { maxJsonLength, parseJson } from "./parse-json.ts";
export { clipped, printable, printableJson } from "./printable.ts";
export { relativePathPart, relativePathProblem } from "./relative-path.ts";
export { isAddress, shownAddress } from "./shown-address.ts";
export { visibleLine, visibleText } from "./visible-text.ts";
export { checkWaveform, durationOf, firstNotFinite, numSamplesOf } from "./waveform.ts";
export type { Waveform } from "./waveform.ts";
