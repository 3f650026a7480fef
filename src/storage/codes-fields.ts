import { AudioCodes, CodesError } from "../core/index.ts";
import type { AudioCodesContext, AudioCodesData, LicenseStatus } from "../core/index.ts";
import type { StoredArray } from "./elements.ts";

/** Marks a file as one of ours. */
export const formatTag = "encodec-tokenizer/codes";

/** Version of the fields below; raised when an old reader would misread a new file. */
export const formatVersion = 1;

/** Fields that hold a number, in the units of `AudioCodes`. */
const numberFields = [
  "version",
  "sample_rate",
  "channels",
  "num_samples",
  "hop_length",
  "codebook_size",
  "bandwidth",
  "segment_length",
  "segment_stride",
] as const;

/** Fields that hold text. */
const textFields = ["format", "model", "revision", "digest", "license", "license_status"] as const;

/** A status that is none of these, from a later release perhaps, is read as not known. */
const licenseStatuses: readonly LicenseStatus[] = ["settled", "unresolved", "contested"];

/** Names of all fields. */
export const fieldNames: readonly string[] = [...numberFields, ...textFields];

/** Whether a field holds a number. */
export function isNumberField(field: string): boolean {
  return numberFields.some((known) => known === field);
}

/** Without these, codes mean nothing. */
const requiredFields = ["sample_rate", "channels", "hop_length", "codebook_size"] as const;

/** Everything about codes except the arrays, under the same names in every format; absent where there is nothing to say. */
export type CodesFields = { readonly [name in (typeof numberFields)[number]]?: number } & {
  readonly [name in (typeof textFields)[number]]?: string;
};

/** Everything about codes except the codes themselves. */
export type CodesDetails = Omit<AudioCodesData, "data" | "shape">;

/** What a file of any format holds. */
export interface StoredCodes {
  /** `[K, T]`, `[numSegments, K, T]`, or transformers' `[numSegments, 1, K, T]`. */
  readonly codes: StoredArray;
  /** `[numSegments]`, or null. */
  readonly scales: StoredArray | null;
  readonly fields: CodesFields;
}

/** What a reader knows besides the bytes. */
export interface Reading {
  /** Name of the file, for messages. */
  readonly name: string;
  /** Stands in for what a file does not say about its codec. */
  readonly context: AudioCodesContext | undefined;
}

/** The fields of codes, in the order in which files list them. */
export function fieldsOf(codes: CodesDetails): CodesFields {
  const { segment, provenance } = codes;
  return {
    format: formatTag,
    version: formatVersion,
    sample_rate: codes.sampleRate,
    channels: codes.channels,
    num_samples: codes.numSamples,
    hop_length: codes.hopLength,
    codebook_size: codes.codebookSize,
    bandwidth: codes.bandwidth,
    ...(segment === null ? {} : { segment_length: segment.length, segment_stride: segment.stride }),
    model: provenance.model,
    ...(provenance.revision === null ? {} : { revision: provenance.revision }),
    ...(provenance.digest === null ? {} : { digest: provenance.digest }),
    ...(provenance.license === null ? {} : { license: provenance.license }),
    ...(provenance.licenseStatus === null ? {} : { license_status: provenance.licenseStatus }),
  };
}

/**
 * Collects the fields that a file has.
 * @param read Gives the value under a name; `undefined` or null where the file has none.
 * @throws CodesError if a number is not one, or text is not text.
 */
export function collectFields(name: string, read: (field: string) => unknown): CodesFields {
  const found = (names: readonly string[], type: "number" | "string") =>
    names.flatMap((field) => {
      const value = read(field) ?? undefined;
      if (value === undefined) return [];
      if (typeof value !== type || Number.isNaN(value)) {
        throw badFile(name, `has no ${type === "number" ? "number" : "text"} as ${field}`);
      }
      return [[field, value] as const];
    });
  return Object.fromEntries([...found(numberFields, "number"), ...found(textFields, "string")]);
}

/**
 * Codes from the contents of a file. A file that names its codec (sample rate, channels, hop length, codebook size)
 * speaks for itself; to one that does not, a plain array from Python, the context applies.
 * @throws CodesError naming the file if something is missing or does not fit together.
 */
export function codesFrom(stored: StoredCodes, reading: Reading): AudioCodes {
  const { codes, fields } = stored;
  const { name } = reading;
  checkVersion(fields, name);
  if (codes.type.startsWith("f")) throw badFile(name, `holds codes of type ${codes.type}; codes are integers`);
  const codec = codecOf(fields, reading);
  const scales = stored.scales === null ? null : scalesFrom(stored.scales, name);
  return withName(name, () => {
    const tensor = { data: codes.data, dims: tensorShape(codes.shape) };
    const read = AudioCodes.fromTensor(tensor, codec, { numSamples: fields.num_samples, scales });
    return fields.bandwidth === undefined ? read : new AudioCodes({ ...read, bandwidth: fields.bandwidth });
  });
}

/**
 * What a file says of codes besides the codes.
 * @throws CodesError if something is missing.
 */
export function detailsFrom({ fields, scales }: Omit<StoredCodes, "codes">, reading: Reading): CodesDetails {
  const { segment = null, provenance, ...codec } = codecOf(fields, reading);
  const { num_samples: numSamples, bandwidth } = fields;
  if (numSamples === undefined || bandwidth === undefined || provenance === undefined) {
    throw badFile(reading.name, "does not say its num_samples or bandwidth");
  }
  return { ...codec, segment, provenance, numSamples, bandwidth, scales: scales === null ? null : scalesFrom(scales, reading.name) };
}

/** Does some work, whose `CodesError` names the file or the part of it that the work is on. */
export function withName<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CodesError)) throw error;
    const code = error.code as ConstructorParameters<typeof CodesError>[0];
    throw new CodesError(code, `${name}: ${error.message}`, { cause: error });
  }
}

/** A `CodesError` with code CODES_FORMAT that names the file: `badFile("a.npy", "holds no codes")`. */
export function badFile(name: string, what: string, options?: ErrorOptions): CodesError {
  return new CodesError("CODES_FORMAT", `${name} ${what}`, options);
}

function checkVersion({ format, version }: CodesFields, name: string): void {
  if (format !== undefined && format !== formatTag) {
    throw badFile(name, `is of format ${JSON.stringify(format)}; expected ${JSON.stringify(formatTag)}`);
  }
  if (version !== undefined && version !== formatVersion) {
    throw badFile(name, `has version ${version} of the format; this release reads version ${formatVersion}: update encodec-tokenizer`);
  }
}

/** `[numSegments, K, T]` as the shape that `fromTensor` takes. */
function tensorShape(shape: readonly number[]): readonly number[] {
  return shape.length === 3 ? [shape[0]!, 1, shape[1]!, shape[2]!] : shape;
}

/** The codec that a file names, or else the caller. */
function codecOf(fields: CodesFields, { name, context }: Reading): AudioCodesContext {
  const { sample_rate, channels, hop_length, codebook_size, segment_length, segment_stride } = fields;
  if (sample_rate === undefined || channels === undefined || hop_length === undefined || codebook_size === undefined) {
    if (context !== undefined) return context;
    const missing = requiredFields.filter((field) => fields[field] === undefined);
    throw badFile(name, `does not say its ${missing.join(", ")}; give them as the context option (an AudioTokenizer fits)`);
  }
  const isSegmented = segment_length !== undefined && segment_stride !== undefined;
  return {
    sampleRate: sample_rate,
    channels,
    hopLength: hop_length,
    codebookSize: codebook_size,
    segment: isSegmented ? { length: segment_length, stride: segment_stride } : null,
    provenance: {
      model: fields.model ?? "unknown",
      revision: fields.revision ?? null,
      digest: fields.digest ?? null,
      license: fields.license ?? null,
      licenseStatus: licenseStatuses.find((status) => status === fields.license_status) ?? null,
    },
  };
}

function scalesFrom({ type, shape, data }: StoredArray, name: string): Float32Array {
  if (!type.startsWith("f") || shape.length !== 1) {
    throw badFile(name, `holds scales of type ${type} and shape [${shape.join(", ")}]; expected floating point, [numSegments]`);
  }
  return Float32Array.from(data as ArrayLike<number>);
}
