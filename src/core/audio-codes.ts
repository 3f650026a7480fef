import { bandwidthOf } from "./bandwidth.ts";
import { CodesError } from "./errors.ts";
import type { LicenseStatus } from "./license.ts";
import { clipped } from "./printable.ts";

/** Where codes came from, so that a file of codes can always be traced to the weights that made it. */
export interface Provenance {
  /** Hub id, `"tiny"`, or the folder or file that the model was loaded from. */
  readonly model: string;
  /** Commit of the Hub repository, where there is one. */
  readonly revision: string | null;
  /** SHA-256 of the weight file in lower-case hex, or null where it was not computed. */
  readonly digest: string | null;
  /** The license to go by, such as `MIT` or `CC-BY-NC-4.0`, or null where nothing is known. */
  readonly license: string | null;
  /** How sure that license is, or null where nobody looked. */
  readonly licenseStatus: LicenseStatus | null;
  /** Name and version of the program that decoded the audio file, such as `ffmpeg 5.1`; undefined where this package did, or nobody says. */
  readonly decoder?: string | undefined;
}

/** The plain data behind `AudioCodes`: survives `structuredClone`, `postMessage` and JSON-like storage. */
export interface AudioCodesData {
  /** Row-major `[numSegments, numCodebooks, numFrames]`; frames beyond a segment's own length are 0. */
  readonly data: Uint16Array;
  /** `[numSegments, numCodebooks, numFrames]`. */
  readonly shape: readonly [numSegments: number, numCodebooks: number, numFrames: number];
  /** `[numSegments]`: loudness that each segment was divided by, or null for codecs that do not normalise. */
  readonly scales: Float32Array | null;
  /** Samples per channel that the codes stand for; decoding gives exactly this many. */
  readonly numSamples: number;
  /** Sample rate in hertz: a whole number. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Samples per frame. */
  readonly hopLength: number;
  /** Codes are 0…codebookSize − 1. */
  readonly codebookSize: number;
  /** Codebooks in use × bits per code × frame rate, in kbps. */
  readonly bandwidth: number;
  /** Segment length and distance between segment starts in samples; null where audio is coded in one piece. */
  readonly segment: { readonly length: number; readonly stride: number } | null;
  readonly provenance: Provenance;
}

/** The `Tensor` class of @huggingface/transformers, or of onnxruntime-common: what `toTensor` needs of it. */
export type TensorConstructor<T> = new (type: "int64", data: BigInt64Array, dims: number[]) => T;

/** What `fromTensor` reads of a tensor: any integer type, `[K, T]`, `[1, K, T]` or `[numSegments, 1, K, T]`. */
export interface TensorLike {
  readonly data: ArrayLike<number | bigint>;
  readonly dims: readonly number[];
}

/** The codec that a bare tensor does not name: an `AudioTokenizer` or other `AudioCodes` of it fits. */
export type AudioCodesContext = Pick<AudioCodesData, "sampleRate" | "channels" | "hopLength" | "codebookSize"> &
  Partial<Pick<AudioCodesData, "segment" | "provenance">>;

/** What belongs to one clip and not to its codec. */
export interface ClipDetails {
  /** Samples per channel. @default those of all frames in full */
  readonly numSamples?: number | undefined;
  /** `[numSegments]`; needed by codecs that normalise. @default null */
  readonly scales?: Float32Array | null | undefined;
}

/** The highest rate that a WAV file can name. */
const maxSampleRate = 2 ** 32 - 1;

const unknownProvenance: Provenance = { model: "unknown", revision: null, digest: null, license: null, licenseStatus: null };

/**
 * The codes of one clip: what `encode` gives and `decode` takes.
 *
 * Plain data with a few methods, all of which leave it as it is; `data` and `scales` are held, not copied. A structured clone loses the methods; `new AudioCodes(data)` brings them back.
 * One segment holds the whole clip, except for codecs that work in segments (48 kHz: 1 s each, overlapping by 1 %).
 */
export class AudioCodes implements AudioCodesData {
  readonly data: Uint16Array;
  readonly shape: readonly [number, number, number];
  readonly scales: Float32Array | null;
  readonly numSamples: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly hopLength: number;
  readonly codebookSize: number;
  readonly bandwidth: number;
  readonly segment: { readonly length: number; readonly stride: number } | null;
  readonly provenance: Provenance;

  /**
   * @throws CodesError if the parts do not fit together or a code is not below `codebookSize`.
   */
  constructor(data: AudioCodesData) {
    checkCodes(data);
    this.data = data.data;
    this.shape = Object.freeze([...data.shape]) as unknown as readonly [number, number, number];
    this.scales = data.scales;
    this.numSamples = data.numSamples;
    this.sampleRate = data.sampleRate;
    this.channels = data.channels;
    this.hopLength = data.hopLength;
    this.codebookSize = data.codebookSize;
    this.bandwidth = data.bandwidth;
    this.segment = data.segment === null ? null : Object.freeze({ ...data.segment });
    this.provenance = Object.freeze({ ...data.provenance });
    Object.freeze(this);
  }

  /** Slices of the clip that are coded on their own: several at 48 kHz, otherwise 1. */
  get numSegments(): number {
    return this.shape[0];
  }

  /** Codebooks in use (K, `n_q`). */
  get numCodebooks(): number {
    return this.shape[1];
  }

  /** Frames per segment (T); the last segments may be shorter, see `segmentFrames`. */
  get numFrames(): number {
    return this.shape[2];
  }

  /** Frames per second, rounded up as the reference does. */
  get frameRate(): number {
    return Math.ceil(this.sampleRate / this.hopLength);
  }

  /** Frames that the last segment really has. */
  get lastSegmentFrames(): number {
    return this.segmentFrames(this.numSegments - 1);
  }

  /** Length in seconds. */
  get duration(): number {
    return this.numSamples / this.sampleRate;
  }

  /** Frames that a segment really has; the rest of its row is 0. */
  segmentFrames(segment: number): number {
    return Math.ceil(segmentSamples(this, segment) / this.hopLength);
  }

  /**
   * The same clip with fewer codebooks: residual quantizers are nested, so this equals encoding at the lower bandwidth.
   * @param numCodebooks 1…`this.numCodebooks`. Where a stereo clip was coded as two mono ones, even.
   * @throws RangeError outside that range.
   */
  selectCodebooks(numCodebooks: number): AudioCodes {
    if (!Number.isInteger(numCodebooks) || numCodebooks < 1 || numCodebooks > this.numCodebooks) {
      throw new RangeError(`numCodebooks must be an integer from 1 to ${this.numCodebooks}; received ${numCodebooks}`);
    }
    const [numSegments, , numFrames] = this.shape;
    const data = new Uint16Array(numSegments * numCodebooks * numFrames);
    for (let segment = 0; segment < numSegments; segment++) {
      const start = segment * this.numCodebooks * numFrames;
      data.set(this.data.subarray(start, start + numCodebooks * numFrames), segment * numCodebooks * numFrames);
    }
    const bandwidth = (this.bandwidth * numCodebooks) / this.numCodebooks;
    return new AudioCodes({ ...this, data, shape: [numSegments, numCodebooks, numFrames], bandwidth });
  }

  /**
   * Frames `start` to `end` (exclusive) of a clip that is one segment.
   * @throws RangeError if the range is empty or outside the clip, or if the clip has several segments (`sliceSegments` cuts those).
   */
  sliceFrames(start: number, end: number = this.numFrames): AudioCodes {
    if (this.numSegments > 1) {
      throw new RangeError(
        `a clip of ${this.numSegments} overlapping segments cannot be cut between frames; use sliceSegments(start, end)`,
      );
    }
    checkSlice("frames", start, end, this.numFrames);
    const numFrames = end - start;
    const data = new Uint16Array(this.numCodebooks * numFrames);
    for (let k = 0; k < this.numCodebooks; k++) {
      data.set(this.data.subarray(k * this.numFrames + start, k * this.numFrames + end), k * numFrames);
    }
    const numSamples = Math.min(end * this.hopLength, this.numSamples) - start * this.hopLength;
    return new AudioCodes({ ...this, data, shape: [1, this.numCodebooks, numFrames], numSamples });
  }

  /**
   * Segments `start` to `end` (exclusive) of a segmented clip, with their scales.
   * @throws RangeError if the range is empty or outside the clip.
   */
  sliceSegments(start: number, end: number = this.numSegments): AudioCodes {
    checkSlice("segments", start, end, this.numSegments);
    const stride = this.segment?.stride ?? 0;
    const numSamples = (end - 1 - start) * stride + segmentSamples(this, end - 1);
    const numFrames = Math.max(this.segmentFrames(start), this.segmentFrames(end - 1));
    const { data } = regrid(this, start, end, numFrames);
    const scales = this.scales?.slice(start, end) ?? null;
    return new AudioCodes({ ...this, data, shape: [end - start, this.numCodebooks, numFrames], scales, numSamples });
  }

  /**
   * The codes as the int64 tensor that transformers.js models take.
   * @param Tensor The class to build: `import { Tensor } from "@huggingface/transformers"`.
   * @returns `[1, numCodebooks, numFrames]`; several segments give `[numSegments, 1, numCodebooks, numFrames]`, as transformers does.
   */
  toTensor<T>(Tensor: TensorConstructor<T>): T {
    const [numSegments, numCodebooks, numFrames] = this.shape;
    const dims = numSegments === 1 ? [1, numCodebooks, numFrames] : [numSegments, 1, numCodebooks, numFrames];
    return new Tensor("int64", BigInt64Array.from(this.data, BigInt), dims);
  }

  /**
   * Codes from a tensor: the inverse of `toTensor`, and the way back from a language model.
   * @param tensor `[K, T]`, `[1, K, T]` or `[numSegments, 1, K, T]`.
   * @param context The codec; an `AudioTokenizer` or other `AudioCodes` of it fits.
   * @param clip Length and scales, where they are known.
   * @throws CodesError if a value is not a code (a special token still among them, say) or the shape is none of the above.
   */
  static fromTensor(tensor: TensorLike, context: AudioCodesContext, clip: ClipDetails = {}): AudioCodes {
    const shape = clipShape(tensor.dims);
    const data = new Uint16Array(tensor.data.length);
    for (let index = 0; index < data.length; index++) {
      const code = Number(tensor.data[index]);
      data[index] = code;
      if (data[index] !== code || code >= context.codebookSize) throw codeOutOfRange(code, index, context.codebookSize);
    }
    return codesOfClip(data, shape, context, clip);
  }

  /**
   * Joins clips in time. All but the last must end on a frame (or, where there are segments, on a full segment) border:
   * a clip that ends within a frame is taken to fill it.
   *
   * All have to be of the same weights, under the same license: what is joined has one provenance, and must not pass for more, or for freer, than any of its
   * parts is. To join clips of which you know better, give them one first: `new AudioCodes({ ...codes, provenance })`.
   * @throws CodesError if the clips are of different codecs, weights or numbers of codebooks, if their provenances state different licenses, or only some have scales.
   * @throws RangeError if there are none.
   */
  static concatenate(parts: readonly AudioCodes[]): AudioCodes {
    const first = parts[0];
    if (first === undefined) throw new RangeError("concatenate needs at least one clip");
    for (const part of parts) checkSameCodec(first, part);
    return first.segment === null ? concatenateFrames(parts) : concatenateSegments(parts, first.segment);
  }

  /** Whether two clips hold the same codes, scales and lengths; provenance does not count. */
  equals(other: AudioCodesData): boolean {
    return (
      this.numSamples === other.numSamples &&
      this.sampleRate === other.sampleRate &&
      this.channels === other.channels &&
      this.hopLength === other.hopLength &&
      this.codebookSize === other.codebookSize &&
      this.segment?.length === other.segment?.length &&
      this.segment?.stride === other.segment?.stride &&
      sameValues(this.shape, other.shape) &&
      sameValues(this.data, other.data) &&
      sameValues(this.scales ?? [], other.scales ?? [])
    );
  }
}

/** Samples of the clip that a segment covers. */
function segmentSamples({ segment, numSamples }: AudioCodesData, index: number): number {
  return segment === null ? numSamples : Math.min(segment.length, numSamples - index * segment.stride);
}

function concatenateFrames(parts: readonly AudioCodes[]): AudioCodes {
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (parts.some((part) => !sameValues(part.scales ?? [], first.scales ?? []))) {
    throw new CodesError("CODES_MISMATCH", "clips with different scales cannot become one segment; decode them and join the audio");
  }
  const numFrames = parts.reduce((sum, part) => sum + part.numFrames, 0);
  const data = new Uint16Array(first.numCodebooks * numFrames);
  let start = 0;
  for (const part of parts) {
    for (let k = 0; k < part.numCodebooks; k++) {
      data.set(part.data.subarray(k * part.numFrames, (k + 1) * part.numFrames), k * numFrames + start);
    }
    start += part.numFrames;
  }
  const numSamples = (numFrames - last.numFrames) * first.hopLength + last.numSamples;
  return new AudioCodes({ ...first, data, shape: [1, first.numCodebooks, numFrames], numSamples });
}

function concatenateSegments(parts: readonly AudioCodes[], segment: { readonly stride: number }): AudioCodes {
  const first = parts[0]!;
  const last = parts.at(-1)!;
  const numSegments = parts.reduce((sum, part) => sum + part.numSegments, 0);
  const numFrames = parts.reduce((most, part) => Math.max(most, part.numFrames), 0);
  const grids = parts.map((part) => regrid(part, 0, part.numSegments, numFrames));
  const data = new Uint16Array(numSegments * first.numCodebooks * numFrames);
  let start = 0;
  for (const grid of grids) {
    data.set(grid.data, start);
    start += grid.data.length;
  }
  const joined = new AudioCodes({
    ...first,
    data,
    shape: [numSegments, first.numCodebooks, numFrames],
    scales: first.scales === null ? null : Float32Array.from(parts.flatMap((part) => [...part.scales!])),
    numSamples: (numSegments - last.numSegments) * segment.stride + last.numSamples,
  });
  const lengths = grids.flatMap((grid) => grid.lengths);
  const short = lengths.findIndex((frames, index) => frames !== joined.segmentFrames(index));
  if (short >= 0) {
    throw new CodesError(
      "CODES_MISMATCH",
      `segment ${short} has ${lengths[short]} frames and cannot be followed by another, which needs ${joined.segmentFrames(short)}; ` +
        "only the last clip may end within a segment",
    );
  }
  return joined;
}

/** Segments `start…end` copied onto rows of `numFrames` frames, with the frames that each really has. */
function regrid(codes: AudioCodes, start: number, end: number, numFrames: number): { data: Uint16Array; lengths: number[] } {
  const rows = codes.numCodebooks;
  const data = new Uint16Array((end - start) * rows * numFrames);
  const lengths: number[] = [];
  for (let segment = start; segment < end; segment++) {
    const frames = codes.segmentFrames(segment);
    lengths.push(frames);
    for (let k = 0; k < rows; k++) {
      const from = (segment * rows + k) * codes.numFrames;
      data.set(codes.data.subarray(from, from + frames), ((segment - start) * rows + k) * numFrames);
    }
  }
  return { data, lengths };
}

function checkCodes(codes: AudioCodesData): void {
  if (typeof codes !== "object" || codes === null || !Array.isArray(codes.shape) || codes.shape.length !== 3) {
    throw mismatch("expected AudioCodes or its plain data, with a shape [numSegments, numCodebooks, numFrames]");
  }
  const [numSegments, numCodebooks, numFrames] = codes.shape;
  const { data, scales, segment, numSamples, hopLength, codebookSize, channels, sampleRate, bandwidth } = codes;
  const counts = { numSegments, numCodebooks, numFrames, numSamples, hopLength, codebookSize, channels };
  for (const [name, count] of Object.entries(counts)) {
    if (!Number.isSafeInteger(count) || count < 1) throw mismatch(`${name} must be a positive integer; found ${count}`);
  }
  if (!Number.isInteger(sampleRate) || sampleRate < 1 || sampleRate > maxSampleRate) {
    throw mismatch(`sampleRate must be a whole number of hertz from 1 to ${maxSampleRate}; found ${sampleRate}`);
  }
  if (!(bandwidth >= 0 && bandwidth < Infinity)) throw mismatch(`bandwidth must be a number of kbps, 0 or more; found ${bandwidth}`);
  if (codebookSize > 65_536) throw mismatch(`codebookSize must be at most 65536 to fit 16 bits; found ${codebookSize}`);
  if (!(data instanceof Uint16Array) || data.length !== numSegments * numCodebooks * numFrames) {
    throw mismatch(`shape [${codes.shape.join(", ")}] needs a Uint16Array of that many codes; found ${data.length}`);
  }
  if (scales !== null && !(scales instanceof Float32Array)) throw mismatch("scales must be a Float32Array or null");
  if (scales !== null && scales.length !== numSegments) {
    throw mismatch(`expected one scale for each of ${numSegments} segments; found ${scales.length}`);
  }
  if (scales !== null && !scales.every((scale) => Number.isFinite(scale))) {
    throw mismatch(`scales must be finite; found ${scales.find((scale) => !Number.isFinite(scale))}`);
  }
  if (segment === null && numSegments !== 1) {
    throw mismatch(`${numSegments} segments need the segments' length and stride; found none`);
  }
  if (segment !== null && ![segment.length, segment.stride].every((samples) => Number.isSafeInteger(samples) && samples > 0)) {
    throw mismatch(`segment length and stride must be positive integers; found ${segment.length} and ${segment.stride}`);
  }
  const longest = segmentSamples(codes, 0);
  const last = numSamples - (segment === null ? 0 : (numSegments - 1) * segment.stride);
  if (last < 1 || (segment !== null && last > segment.length) || Math.ceil(longest / hopLength) !== numFrames) {
    throw mismatch(
      `${numSamples} samples do not fill ${numSegments} segment${numSegments === 1 ? "" : "s"} of ${numFrames} frames of ${hopLength} samples`,
    );
  }
  for (let index = 0; index < data.length; index++) {
    if (data[index]! >= codebookSize) throw codeOutOfRange(data[index]!, index, codebookSize);
  }
}

/**
 * `[numSegments, numCodebooks, numFrames]` of a shape that `AudioCodes.fromTensor` takes.
 * @throws CodesError with code CODES_MISMATCH for any other.
 */
export function clipShape(dims: readonly number[]): AudioCodesData["shape"] {
  const isClip = dims.length === 2 || (dims.length === 3 && dims[0] === 1);
  if (!isClip && !(dims.length === 4 && dims[1] === 1)) {
    throw new CodesError(
      "CODES_MISMATCH",
      `a tensor of shape [${dims.join(", ")}] is not the codes of one clip; expected [K, T], [1, K, T] or [numSegments, 1, K, T]`,
    );
  }
  return [dims.length === 4 ? dims[0]! : 1, dims.at(-2)!, dims.at(-1)!];
}

/**
 * The codes of a clip, with what its codec and the codes themselves say about it. `data` is held, not copied.
 * @throws CodesError as the constructor of `AudioCodes` does.
 */
export function codesOfClip(
  data: Uint16Array,
  shape: AudioCodesData["shape"],
  context: AudioCodesContext,
  clip: ClipDetails & { readonly bandwidth?: number | undefined },
): AudioCodes {
  const [numSegments, numCodebooks, numFrames] = shape;
  const { sampleRate, channels, hopLength, codebookSize, segment = null, provenance = unknownProvenance } = context;
  const numSamplesInFull =
    segment === null ? numFrames * hopLength : (numSegments - 1) * segment.stride + Math.min(segment.length, numFrames * hopLength);
  return new AudioCodes({
    data,
    shape,
    scales: clip.scales ?? null,
    numSamples: clip.numSamples ?? numSamplesInFull,
    sampleRate,
    channels,
    hopLength,
    codebookSize,
    bandwidth: clip.bandwidth ?? bandwidthOf({ numCodebooks, codebookSize, frameRate: Math.ceil(sampleRate / hopLength) }),
    segment,
    provenance,
  });
}

function checkSlice(unit: string, start: number, end: number, length: number): void {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start >= end || end > length) {
    throw new RangeError(`cannot take ${unit} ${start} to ${end} of a clip with ${length}; expected 0 ≤ start < end ≤ ${length}`);
  }
}

function checkSameCodec(a: AudioCodes, b: AudioCodes): void {
  if ((a.scales === null) !== (b.scales === null)) throw mismatch("clips with and without scales cannot be joined");
  const keys = ["sampleRate", "channels", "hopLength", "codebookSize", "numCodebooks"] as const;
  for (const key of keys) {
    if (a[key] !== b[key]) throw mismatch(`clips with different ${key} cannot be joined: ${a[key]} and ${b[key]}`);
  }
  if (a.segment?.length !== b.segment?.length || a.segment?.stride !== b.segment?.stride) {
    throw mismatch("clips with different segment lengths cannot be joined");
  }
  checkSameOrigin(a.provenance, b.provenance);
}

/** The same weights may go by several names, but not without a digest that says so. */
function checkSameOrigin(a: Provenance, b: Provenance): void {
  const isSameModel = a.model === b.model && a.revision === b.revision;
  const areSameWeights = a.digest === b.digest && (a.digest !== null || isSameModel);
  if (!areSameWeights) {
    throw mismatch(
      `clips that different weights made cannot be joined: those of ${weightsText(a)} and of ${weightsText(b)}. Decode them and join the audio`,
    );
  }
  if (a.license !== b.license || a.licenseStatus !== b.licenseStatus) {
    throw mismatch(
      `clips under different licenses cannot be joined: ${licenseText(a)} and ${licenseText(b)}, of ${weightsText(a)}. ` +
        "Give them the provenance that holds for all first: new AudioCodes({ ...codes, provenance })",
    );
  }
}

function weightsText({ model, revision, digest }: Provenance): string {
  const place = revision === null ? "" : ` at ${clipped(revision)}`;
  return `${JSON.stringify(clipped(model))}${place}${digest === null ? ", SHA-256 not known" : `, SHA-256 ${clipped(digest)}`}`;
}

function licenseText({ license, licenseStatus }: Provenance): string {
  return `${license === null ? "no license stated" : JSON.stringify(clipped(license))} (${licenseStatus ?? "nobody looked"})`;
}

function mismatch(message: string): CodesError {
  return new CodesError("CODES_MISMATCH", message);
}

/** The error for a value that is no code. */
export function codeOutOfRange(code: number, index: number, codebookSize: number): CodesError {
  return new CodesError(
    "CODES_OUT_OF_RANGE",
    `value ${code} at position ${index} is not a code of this codebook; expected 0 to ${codebookSize - 1}. ` +
      "Special tokens must be removed before decoding.",
  );
}

function sameValues(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
