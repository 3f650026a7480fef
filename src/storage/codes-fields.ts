import { clipShape, codeOutOfRange, CodesError, codesOfClip, printableJson } from "../core/index.ts";
import type { AudioCodes, AudioCodesContext, AudioCodesData, LicenseStatus, Turns } from "../core/index.ts";
import { countElements, fillFrom } from "./elements.ts";
import type { ArrayBytes } from "./elements.ts";

/** Marks a file as one of ours. */
export const formatTag = "encodec-tokenizer/codes";

/** Version of the fields below; raised when an old reader would misread a new file. */
export const formatVersion = 1;

/** Most codes of a file, half a gigabyte in memory: 31 hours of 32 codebooks at 75 frames per second. */
export const maxCodes: number = 2 ** 28;

/** Most codebooks of a file: 256, the most of a checkpoint, for left and right. The codecs have up to 32; reports list them one by one. */
export const maxCodebooks = 512;

/** Most segments of a file: 12 days of those of the 48 kHz codec. */
export const maxSegments: number = 2 ** 20;

/** Longest text of a field, in characters: a path is the longest that one holds. */
export const maxTextLength = 4096;

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
const textFields = ["format", "model", "revision", "digest", "license", "license_status", "decoder"] as const;

/** A status that is none of these, from a later release perhaps, is read as not known. */
const licenseStatuses: readonly LicenseStatus[] = ["settled", "unresolved", "contested"];

/** Names of all fields. */
export const fieldNames: readonly string[] = [...numberFields, ...textFields];

/** Whether a field holds a number. */
export function isNumberField(field: string): boolean {
  return numberFields.some((known) => known === field);
}

/** Fields without which codes mean nothing. */
const requiredFields = ["sample_rate", "channels", "hop_length", "codebook_size"] as const;

/** Everything about codes except the arrays, under the same names in every format; absent where there is nothing to say. */
export type CodesFields = { readonly [name in (typeof numberFields)[number]]?: number } & {
  readonly [name in (typeof textFields)[number]]?: string;
};

/** Everything about codes except the codes themselves. */
export type CodesDetails = Omit<AudioCodesData, "data" | "shape">;

/** What a file of any format holds. */
export interface StoredCodes {
  readonly fields: CodesFields;
  /**
   * Reads the rest, which may be much.
   * @throws CodesError if it is damaged, too much, or not codes of such codebooks.
   */
  read(codebookSize: number): Turns<StoredData>;
}

/** The codes of a file, row-major, and their scales. */
export interface StoredData {
  /** `[numSegments, K, T]`. */
  readonly shape: AudioCodesData["shape"];
  readonly data: Uint16Array;
  /** `[numSegments]`, or null. */
  readonly scales: Float32Array | null;
}

/** What a reader knows besides the bytes. */
export interface Reading {
  /** Name of the file, for messages. */
  readonly name: string;
  /** Stands in for what a file does not say about its codec. */
  readonly context: AudioCodesContext | undefined;
  /** Ends the reading. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The fields of codes, in the order in which files list them.
 * @throws CodesError with code CODES_UNSUPPORTED for text of more than 4096 characters.
 */
export function fieldsOf(codes: CodesDetails): CodesFields {
  const { segment, provenance } = codes;
  for (const [field, text] of Object.entries(provenance)) {
    if (text !== null && text !== undefined && text.length > maxTextLength) {
      throw new CodesError(
        "CODES_UNSUPPORTED",
        `the ${field} of these codes has ${text.length} characters; files hold at most ${maxTextLength}`,
      );
    }
  }
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
    ...(provenance.decoder === undefined ? {} : { decoder: provenance.decoder }),
  };
}

/**
 * Collects the fields that a file has.
 * @param read Gives the value under a name; `undefined` or null where the file has none.
 * @throws CodesError if a number is not one, or text is not text, or longer than 4096 characters.
 */
export function collectFields(name: string, read: (field: string) => unknown): CodesFields {
  const found = (names: readonly string[], type: "number" | "string") =>
    names.flatMap((field) => {
      const value = read(field) ?? undefined;
      if (value === undefined) return [];
      if (typeof value !== type || Number.isNaN(value)) {
        throw badFile(name, `has no ${type === "number" ? "number" : "text"} as ${field}`);
      }
      if (typeof value === "string" && value.length > maxTextLength) {
        throw badFile(name, `has ${value.length} characters as ${field}; at most ${maxTextLength} are read`);
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
export function* codesFrom({ fields, read }: StoredCodes, reading: Reading): Turns<AudioCodes> {
  const { name } = reading;
  checkVersion(fields, name);
  const codec = codecOf(fields, reading);
  const { data, shape, scales } = yield* read(codec.codebookSize);
  return withName(name, () => codesOfClip(data, shape, codec, { numSamples: fields.num_samples, bandwidth: fields.bandwidth, scales }));
}

/**
 * The codes in an array of any integer type.
 * @param array `[K, T]`, `[numSegments, K, T]`, or transformers' `[numSegments, 1, K, T]`.
 * @throws CodesError if it is of another type or shape, has more codes than are read, or something that is no code.
 */
export function* codesIn(array: ArrayBytes, codebookSize: number, name: string): Turns<Omit<StoredData, "scales">> {
  if (array.type.startsWith("f")) throw badFile(name, `holds codes of type ${array.type}; codes are integers`);
  const shape = shapeOfCodes(array.shape, name);
  const refuse = (value: number, place: number): Error => named(name, codeOutOfRange(value, place, codebookSize));
  return { shape, data: yield* fillFrom(new Uint16Array(countElements(shape)), array, refuse) };
}

/**
 * `[numSegments, K, T]` of an array of codes.
 * @throws CodesError if it is of another shape, or larger than is read.
 */
export function shapeOfCodes(dims: readonly number[], name: string): AudioCodesData["shape"] {
  const shape = withName(name, () => clipShape(dims.length === 3 ? [dims[0]!, 1, dims[1]!, dims[2]!] : dims));
  const excess = excessOf(shape);
  if (excess !== undefined) throw badFile(name, `has ${excess} are read${isMirrored(shape) ? transposed : ""}`);
  return shape;
}

/** Whether more codebooks than frames, and few frames, make it likely that an array is the wrong way round. */
function isMirrored([, numCodebooks, numFrames]: AudioCodesData["shape"]): boolean {
  return numFrames < numCodebooks && numFrames <= mostUsedCodebooks;
}

/** What to do about it. */
const transposed = "; if the array is [T, K], frames before codebooks, transpose it";

/** No codec that is in use has more codebooks, those of left and right together. */
const mostUsedCodebooks = 64;

/** What codes have more of than a file may: `513 codebooks; at most 512`. */
export function excessOf(shape: AudioCodesData["shape"]): string | undefined {
  const counts = [
    [shape[0], maxSegments, "segments"],
    [shape[1], maxCodebooks, "codebooks"],
    [countElements(shape), maxCodes, "codes"],
  ] as const;
  const found = counts.find(([count, most]) => count > most);
  return found && `${found[0]} ${found[2]}; at most ${found[1]}`;
}

/**
 * The scales in an array.
 * @throws CodesError unless they are floating point, `[numSegments]`.
 */
export function* scalesIn({ type, shape, ...array }: ArrayBytes, name: string): Turns<Float32Array> {
  if (!type.startsWith("f") || shape.length !== 1) {
    throw badFile(name, `holds scales of type ${type} and shape [${shape.join(", ")}]; expected floating point, [numSegments]`);
  }
  return yield* fillFrom(new Float32Array(shape[0]!), { type, shape, ...array });
}

/**
 * What a file says of codes besides the codes.
 * @throws CodesError if something is missing.
 */
export function detailsFrom(fields: CodesFields, scales: Float32Array | null, reading: Reading): CodesDetails {
  const { segment = null, provenance, ...codec } = codecOf(fields, reading);
  const { num_samples: numSamples, bandwidth } = fields;
  if (numSamples === undefined || bandwidth === undefined || provenance === undefined) {
    throw badFile(reading.name, "does not say its num_samples or bandwidth");
  }
  return { ...codec, segment, provenance, numSamples, bandwidth, scales };
}

/** Does some work, whose `CodesError` names the file or the part of it that the work is on. */
export function withName<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof CodesError ? named(name, error) : error;
  }
}

/** The same error, which names the file or the part of it that it is about. */
export function named(name: string, error: CodesError): CodesError {
  const code = error.code as ConstructorParameters<typeof CodesError>[0];
  return new CodesError(code, `${name}: ${error.message}`, { cause: error });
}

/** A `CodesError` with code CODES_FORMAT that names the file: `badFile("a.npy", "holds no codes")`. */
export function badFile(name: string, what: string, options?: ErrorOptions): CodesError {
  return new CodesError("CODES_FORMAT", `${name} ${what}`, options);
}

function checkVersion({ format, version }: CodesFields, name: string): void {
  if (format !== undefined && format !== formatTag) {
    throw badFile(name, `is of format ${printableJson(format)}; expected ${JSON.stringify(formatTag)}`);
  }
  if (version !== undefined && version !== formatVersion) {
    throw badFile(name, `has version ${version} of the format; this release reads version ${formatVersion}: update encodec-tokenizer`);
  }
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
      ...(fields.decoder === undefined ? {} : { decoder: fields.decoder }),
    },
  };
}
