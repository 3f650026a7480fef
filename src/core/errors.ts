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

/** A checkpoint that cannot be read, whose tensors do not fit its configuration, or that only a file from outside has named. */
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
      | "CHECKPOINT_UNSAFE"
      | "CHECKPOINT_NOT_CHOSEN",
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

/** A file that is not there, is in the way, lies elsewhere than it should, or that the operating system does not let us read or write. */
export class FileError extends CodecError {
  readonly path: string;

  constructor(
    code: "FILE_NOT_FOUND" | "FILE_EXISTS" | "FILE_UNREADABLE" | "FILE_UNWRITABLE" | "FILE_OUTSIDE",
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

/** What a `HubError` can be; docs/hub.md says what to do about each. */
export type HubErrorCode =
  | "HUB_NOT_FOUND"
  | "HUB_GATED"
  | "HUB_BAD_TOKEN"
  | "HUB_FORBIDDEN"
  | "HUB_DISABLED"
  | "HUB_REVISION_NOT_FOUND"
  | "HUB_FILE_NOT_FOUND"
  | "HUB_RATE_LIMITED"
  | "HUB_SERVER"
  | "HUB_UNREACHABLE"
  | "HUB_INTERRUPTED"
  | "HUB_UNEXPECTED_ANSWER"
  | "HUB_OFFLINE"
  | "HUB_CHECKSUM"
  | "HUB_UNSAFE_NAME"
  | "HUB_DISK_FULL"
  | "HUB_CACHE";

/** A repository that cannot be had from the Hugging Face Hub or from the cache of its files. */
export class HubError extends CodecError {
  declare readonly code: HubErrorCode;
  /** What was asked for, where a server was asked. */
  readonly url: string | undefined;
  /** HTTP status of the answer. */
  readonly status: number | undefined;
  /** The server's name for this request, to be quoted when reporting a problem to it. */
  readonly requestId: string | undefined;
  /** Seconds after which the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  constructor(
    code: HubErrorCode,
    message: string,
    options: ErrorOptions & {
      readonly url?: string | undefined;
      readonly status?: number | undefined;
      readonly requestId?: string | undefined;
      readonly retryAfter?: number | undefined;
    } = {},
  ) {
    super(code, message, options);
    this.url = options.url;
    this.status = options.status;
    this.requestId = options.requestId;
    this.retryAfter = options.retryAfter;
  }
}

/** Bytes that are not those which were announced or pinned; they were not accepted into the cache. */
export class IntegrityError extends HubError {
  /** Name of the file in its repository, or its path in the cache. */
  readonly file: string;
  /** A digest in hexadecimal, or a length in bytes. */
  readonly expected: string | number;
  readonly actual: string | number;

  constructor(file: string, expected: string | number, actual: string | number, message: string, options?: ErrorOptions) {
    super("HUB_CHECKSUM", message, options);
    this.file = file;
    this.expected = expected;
    this.actual = actual;
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

/** The runtime that computes could not be loaded, or failed at its work; `cause` is what it said. */
export class RuntimeError extends CodecError {
  constructor(code: "RUNTIME_UNAVAILABLE" | "RUNTIME_FAILED", message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** Use of a tokenizer, a checkpoint or a writer after `dispose()`. */
export class DisposedError extends CodecError {
  constructor(what: string, advice: string = "load it again") {
    super("DISPOSED", `${what} was disposed and cannot be used any more; ${advice}`);
  }
}
