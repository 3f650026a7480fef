import type { LicenseRecord } from "./license.ts";

/**
 * Base of every error that is not simply a wrong argument (those are `TypeError` and `RangeError`).
 * `code` is stable and meant for programs; `message` says what was found, what was expected and what to do.
 */
export class CodecError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A checkpoint that cannot be read, or whose tensors do not fit its configuration. */
export class CheckpointError extends CodecError {
  /** Name of the tensor at fault, where there is one. */
  readonly tensor: string | undefined;
  readonly expectedShape: readonly number[] | undefined;
  readonly actualShape: readonly number[] | undefined;

  constructor(
    code:
      | "CHECKPOINT_NOT_FOUND"
      | "CHECKPOINT_FORMAT"
      | "CHECKPOINT_CONFIG"
      | "CHECKPOINT_TENSOR"
      | "CHECKPOINT_POINTER"
      | "CHECKPOINT_UNSAFE",
    message: string,
    options: ErrorOptions & {
      readonly tensor?: string | undefined;
      readonly expectedShape?: readonly number[] | undefined;
      readonly actualShape?: readonly number[] | undefined;
    } = {},
  ) {
    super(code, message, options);
    this.tensor = options.tensor;
    this.expectedShape = options.expectedShape;
    this.actualShape = options.actualShape;
  }
}

/** Audio bytes that are not audio, are cut short, or hold values no codec can take. */
export class AudioFormatError extends CodecError {
  constructor(
    code: "AUDIO_EMPTY" | "AUDIO_UNKNOWN_FORMAT" | "AUDIO_UNSUPPORTED" | "AUDIO_CORRUPT" | "AUDIO_NOT_FINITE",
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** A file that is not there, is in the way, or that the operating system does not let us read or write. */
export class FileError extends CodecError {
  readonly path: string;

  constructor(
    code: "FILE_NOT_FOUND" | "FILE_EXISTS" | "FILE_UNREADABLE" | "FILE_UNWRITABLE",
    path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.path = path;
  }
}

/** A codes file that cannot be read, or codes that do not belong to the model at hand. */
export class CodesError extends CodecError {
  constructor(
    code: "CODES_FORMAT" | "CODES_UNSUPPORTED" | "CODES_OUT_OF_RANGE" | "CODES_MISMATCH",
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** Weights whose license the policy in force does not admit; none of them were downloaded. */
export class LicenseError extends CodecError {
  readonly record: LicenseRecord;
  /** The part of the policy that failed, such as `deny: non-commercial` or `acceptContested`. */
  readonly rule: string;
  /** Ids of catalogued checkpoints that the policy admits, the most similar first. */
  readonly alternatives: readonly string[];

  constructor(
    message: string,
    details: { readonly record: LicenseRecord; readonly rule: string; readonly alternatives: readonly string[] },
  ) {
    super("LICENSE_REFUSED", message);
    this.record = details.record;
    this.rule = details.rule;
    this.alternatives = details.alternatives;
  }
}

/** Use of a tokenizer after `dispose()`. */
export class DisposedError extends CodecError {
  constructor(what: string) {
    super("DISPOSED", `${what} was disposed and cannot be used any more; load it again`);
  }
}
