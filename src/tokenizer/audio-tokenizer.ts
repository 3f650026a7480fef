import { findByDigest } from "../catalogue/index.ts";
import { codecFormOf } from "../checkpoint/index.ts";
import type { CheckpointInfo, CodecConfig, CodecForm, Segmenting } from "../checkpoint/index.ts";
import { AudioCodes, checkOptions, CodesError, printableJson } from "../core/index.ts";
import type { AudioCodesData, LicenseRecord, Provenance, Waveform } from "../core/index.ts";
import { checkTensors, describeNetwork } from "../graph/index.ts";
import type { Network } from "../graph/index.ts";
import type { DownloadProgress } from "../hub/index.ts";
import { loadOnnxRuntimeNode } from "../runtime/index.ts";
import type { CallOptions, StreamOptions } from "./call-options.ts";
import type { ClipFormat, DecoderJob, EncoderJob } from "./clips/coding-job.ts";
import { decodeClips } from "./clips/decode-clips.ts";
import { encodeClips } from "./clips/encode-clips.ts";
import { openModel } from "./model/open-model.ts";
import type { OpenedModel } from "./model/open-model.ts";
import { CodecRunner } from "./network/codec-runner.ts";
import { CodecSessions } from "./network/codec-sessions.ts";
import {
  decodeOptionNames,
  decoderStreamOptionNames,
  decodeStreamOptionNames,
  encodeOptionNames,
  encoderStreamOptionNames,
  encodeStreamOptionNames,
  loadOptionNames,
} from "./options.ts";
import type { DecoderStreamOptions, EncodeOptions, EncoderStreamOptions, EncodeStreamOptions, LoadOptions } from "./options.ts";
import { decodePieces, encodePieces, transformOf } from "./streams/coding-streams.ts";
import type { CodingTransform, Pieces } from "./streams/coding-streams.ts";
import { DecoderStream } from "./streams/decoder-stream.ts";
import { EncoderStream } from "./streams/encoder-stream.ts";

/**
 * An EnCodec model as a tokenizer: audio to codes and back.
 *
 * Nothing about it changes once it is loaded, and one instance serves any number of calls at a time.
 * It holds native memory: `dispose()` it, or declare it with `await using`.
 */
export class AudioTokenizer {
  /** Where the weights came from. */
  readonly provenance: Provenance;
  /** What is known about the license of the weights, with evidence. */
  readonly license: LicenseRecord;
  /**
   * Who said which commit the weights are of: the Hub, or the cache, which knows a branch or tag only as it was when last
   * asked for. Null for a model of this machine.
   */
  readonly servedFrom: "hub" | "cache" | null;
  /** How the checkpoint was stored. */
  readonly checkpoint: CheckpointInfo;
  readonly config: CodecConfig;
  /** Sample rate in hertz. `encode` resamples audio at other rates. */
  readonly sampleRate: number;
  /** Number of channels, 1 or 2. `encode` mixes mono and stereo into each other. */
  readonly channels: number;
  /** Frames per second, rounded up as the reference does. */
  readonly frameRate: number;
  /** Samples per frame. */
  readonly hopLength: number;
  /** Codes are 0…codebookSize − 1. */
  readonly codebookSize: number;
  /** Codebooks that the checkpoint has. */
  readonly numQuantizers: number;
  /** Bandwidths in kbps that the checkpoint was trained for, ascending. */
  readonly bandwidths: readonly number[];
  /** Whether a frame depends on earlier samples only. */
  readonly isCausal: boolean;
  /** Segment length and stride in samples, or null where audio is coded in one piece. */
  readonly segment: Segmenting | null;
  readonly #sessions: CodecSessions;
  readonly #runner: CodecRunner;
  readonly #format: ClipFormat;

  private constructor(
    { checkpoint, provenance, license, servedFrom }: OpenedModel,
    network: Network,
    sessions: CodecSessions,
    lanes: CodecForm["lanes"],
  ) {
    const { config } = checkpoint;
    const form = codecFormOf(config, lanes);
    this.provenance = Object.freeze({ ...provenance });
    this.license = license;
    this.servedFrom = servedFrom;
    this.checkpoint = checkpoint.info;
    this.config = config;
    this.sampleRate = form.sampleRate;
    this.channels = form.channels;
    this.frameRate = form.frameRate;
    this.hopLength = form.hopLength;
    this.codebookSize = form.codebookSize;
    this.numQuantizers = form.numQuantizers;
    this.bandwidths = Object.freeze(form.bandwidths.map(({ bandwidth }) => bandwidth));
    this.isCausal = config.useCausalConv && config.normType !== "time_group_norm";
    this.segment = form.segment;
    this.#format = { ...form, provenance: this.provenance };
    this.#sessions = sessions;
    this.#runner = new CodecRunner(sessions, network, { ...config, hopLength: this.hopLength, sampleRate: this.sampleRate });
    Object.freeze(this);
  }

  /**
   * Opens a checkpoint and checks that it is complete; each half of the network is loaded when it is first used.
   * @param source `"tiny"`, the checkpoint that comes with this package; a folder in Hugging Face layout; or a single
   * `.safetensors`, `.bin` or `.th` file; or a repository of the Hugging Face Hub, by id or by an alias of the catalogue
   * such as `"24khz"`, which is downloaded into the Hugging Face cache. The codec of a larger model (MusicGen, Bark) is
   * taken from the smaller repository that holds the same one; `provenance.model` says which. The file is kept open
   * until `dispose()`.
   * @throws LicenseError if the policy does not admit the license; no weights are downloaded then.
   * @throws HubError if the weights cannot be had from the Hub.
   * @throws CheckpointError if there is no such checkpoint, or it is not sound, not complete or not an EnCodec.
   */
  static async fromPretrained(source: string, options: LoadOptions = {}): Promise<AudioTokenizer> {
    checkOptions("fromPretrained", options, loadOptionNames);
    const { signal, onProgress, threads = 0, interleaveStereo, ...modelOptions } = options;
    signal?.throwIfAborted();
    if (!Number.isInteger(threads) || threads < 0) throw new RangeError(`threads must be a whole number, 0 or more; received ${threads}`);
    const onDownload = onProgress && (({ done, total }: DownloadProgress) => onProgress({ stage: "load", done, total }));
    const model = await openModel(source, { ...modelOptions, signal, onDownload });
    const { checkpoint, provenance } = model;
    try {
      const { config } = checkpoint;
      const isSplitStereo = interleaveStereo ?? model.interleaveStereo;
      if (isSplitStereo && config.audioChannels !== 1) {
        throw new RangeError(`interleaveStereo is for mono codecs; ${provenance.model} has ${config.audioChannels} channels itself`);
      }
      const network = describeNetwork(config);
      checkTensors(checkpoint, network);
      signal?.throwIfAborted();
      const own = options.runtime === undefined ? await loadOnnxRuntimeNode() : null;
      const sessions = new CodecSessions({ checkpoint, network, threads, runtime: options.runtime ?? own!, close: () => own?.close() });
      return new AudioTokenizer(model, network, sessions, isSplitStereo ? 2 : 1);
    } catch (error) {
      await checkpoint.close();
      throw error;
    }
  }

  /**
   * Turns audio into codes.
   * @param waveform Any sample rate; mono or stereo. It is mixed and resampled to the model's. Its samples must not be
   * written to before the call is over.
   * @returns Codes whose `numSamples` counts samples at the model's rate.
   * @throws RangeError for a bandwidth or number of codebooks that the model does not have, or channels that cannot be mixed.
   * @throws AudioFormatError for audio without samples, or with NaN or infinite ones.
   * @throws DisposedError after `dispose()`.
   */
  async encode(waveform: Waveform, options: EncodeOptions = {}): Promise<AudioCodes> {
    const [codes] = await this.encodeBatch([waveform], options);
    return codes!;
  }

  /**
   * Turns many clips of any lengths into codes, faster than one by one. Each gets exactly the codes that `encode` gives it.
   * @throws as `encode` does, if any clip is at fault.
   */
  async encodeBatch(waveforms: readonly Waveform[], options: EncodeOptions = {}): Promise<AudioCodes[]> {
    this.#sessions.checkAlive();
    checkOptions("encode", options, encodeOptionNames);
    if (!Array.isArray(waveforms)) throw new TypeError("encodeBatch takes an array of waveforms; use encode for a single one");
    return encodeClips(waveforms, this.#encoderJob(options), options);
  }

  /**
   * Turns codes back into audio of exactly `codes.numSamples` samples at the model's rate and channels.
   * @throws CodesError if the codes belong to another kind of model, or to other weights that had this model's name.
   * @throws DisposedError after `dispose()`.
   */
  async decode(codes: AudioCodesData, options: CallOptions = {}): Promise<Waveform> {
    const [waveform] = await this.decodeBatch([codes], options);
    return waveform!;
  }

  /**
   * Turns many clips' codes back into audio, faster than one by one.
   * @throws as `decode` does, if any clip is at fault.
   */
  async decodeBatch(clips: readonly AudioCodesData[], options: CallOptions = {}): Promise<Waveform[]> {
    this.#sessions.checkAlive();
    checkOptions("decode", options, decodeOptionNames);
    options.signal?.throwIfAborted();
    if (!Array.isArray(clips)) throw new TypeError("decodeBatch takes an array of codes; use decode for a single clip");
    const checked = clips.map((codes) => this.#accept(codes));
    return decodeClips(checked, this.#decoderJob, options);
  }

  /**
   * Codebooks that `encode` gives with these options: those of the bandwidth, or the number asked for, or all.
   * @throws RangeError for a bandwidth or number of codebooks that the model does not have, TypeError for both at a time and for what is no number.
   */
  numCodebooksFor({
    bandwidth,
    numCodebooks,
  }: { readonly bandwidth?: number | undefined; readonly numCodebooks?: number | undefined } = {}): number {
    const { bandwidths, lanes } = this.#format;
    for (const [name, value] of Object.entries({ bandwidth, numCodebooks })) {
      if (value !== undefined && typeof value !== "number")
        throw new TypeError(
          `${name} must be a number; received ${value === null ? "null" : `the ${typeof value} ${printableJson(value)}`}`,
        );
    }
    if (bandwidth !== undefined && numCodebooks !== undefined) {
      throw new TypeError(`give either bandwidth or numCodebooks, not both; received ${bandwidth} kbps and ${numCodebooks}`);
    }
    if (bandwidth !== undefined) {
      const found = bandwidths.find((each) => each.bandwidth === bandwidth);
      if (found === undefined) {
        throw new RangeError(`bandwidth ${bandwidth} kbps is not supported by ${this.provenance.model}; choose ${listOf(this.bandwidths)}`);
      }
      return found.numCodebooks;
    }
    if (numCodebooks === undefined) return this.numQuantizers;
    if (!Number.isInteger(numCodebooks) || numCodebooks < 1 || numCodebooks > this.numQuantizers || numCodebooks % lanes !== 0) {
      throw new RangeError(
        `numCodebooks must be ${lanes === 1 ? "a whole number" : "an even number"} from ${lanes} to ` +
          `${this.numQuantizers} for ${this.provenance.model}; received ${numCodebooks}`,
      );
    }
    return numCodebooks;
  }

  /**
   * A stream that turns audio into codes while it comes in, sample by sample or minute by minute.
   * @throws RangeError for a bandwidth or number of codebooks that the model does not have, or the state of another model's stream.
   */
  createEncoder(options: EncoderStreamOptions = {}): EncoderStream {
    this.#sessions.checkAlive();
    checkOptions("createEncoder", options, encoderStreamOptionNames);
    return EncoderStream.open(this.#encoderJob(options), options.state);
  }

  /**
   * A stream that turns codes into audio while they come in.
   * @throws RangeError for the state of another model's stream.
   */
  createDecoder(options: DecoderStreamOptions = {}): DecoderStream {
    this.#sessions.checkAlive();
    checkOptions("createDecoder", options, decoderStreamOptionNames);
    return DecoderStream.open({ ...this.#decoderJob, accept: (codes) => this.#accept(codes) }, options.state);
  }

  /**
   * Turns audio into codes while it is read, in constant memory.
   * @param source Pieces of any lengths, all of one sample rate and number of channels, which are converted to the model's:
   * `openAudio(path)`, a microphone, a web `ReadableStream`. Live sources are coded as they come, quick ones 100
   * frames or 8 segments at a time. Pieces are copied: a source may use its arrays again. One that is never read from, as
   * nobody asks for codes, is not left either.
   * @returns Codes as they are settled. `AudioCodes.concatenate` joins them to those that `encode` gives for the whole.
   * A source without samples gives none.
   * @throws as `encode` and `createEncoder` do, and what the source throws. The source is left whenever the loop is.
   */
  encodeStream(source: Pieces<Waveform>, options: EncodeStreamOptions = {}): AsyncGenerator<AudioCodes, void> {
    checkOptions("encodeStream", options, encodeStreamOptionNames);
    const { signal, ...rate } = options;
    return encodePieces(this.createEncoder(rate), source, this.#format, { signal, life: this.#sessions.signal });
  }

  /**
   * Turns codes into audio while they are read, in constant memory.
   * @param source Codes that follow each other, in pieces of any numbers of frames, which are copied.
   * @returns Pieces of audio as they are settled; together what `decode` gives for all codes joined.
   * @throws as `decode` and `DecoderStream.push` do, and what the source throws. The source is left whenever the loop is.
   */
  decodeStream(source: Pieces<AudioCodesData>, options: StreamOptions = {}): AsyncGenerator<Waveform, void> {
    checkOptions("decodeStream", options, decodeStreamOptionNames);
    return decodePieces(this.createDecoder(), source, this.#format, { signal: options.signal, life: this.#sessions.signal });
  }

  /** `encodeStream` as a web transform: `audio.pipeThrough(tokenizer.encoderTransform({ bandwidth: 6 }))`. */
  encoderTransform(options: EncodeStreamOptions = {}): CodingTransform<Waveform, AudioCodes> {
    return transformOf((source, { signal }) => this.encodeStream(source, { ...options, signal }), {
      signal: options.signal,
      life: this.#sessions.signal,
    });
  }

  /** `decodeStream` as a web transform. */
  decoderTransform(options: StreamOptions = {}): CodingTransform<AudioCodesData, Waveform> {
    return transformOf((source, { signal }) => this.decodeStream(source, { signal }), {
      signal: options.signal,
      life: this.#sessions.signal,
    });
  }

  /** Frees the model's memory once running calls have ended their current step. Calling it again changes nothing. */
  dispose(): Promise<void> {
    return this.#sessions.dispose();
  }

  /** The same as `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #encoderJob(options: EncodeOptions): EncoderJob {
    return { ...this.#decoderJob, numCodebooks: this.numCodebooksFor(options) };
  }

  get #decoderJob(): DecoderJob {
    return { runner: this.#runner, format: this.#format };
  }

  /**
   * What is named without a commit may have had other weights under the same name when the codes were made, to which these codes mean nothing. Codes of a model with
   * another name are taken at their shape: the same weights have several names, formats and digests.
   */
  #checkWeights({ model, revision, digest }: Provenance): void {
    const own = this.provenance;
    if (model !== own.model || revision !== null || own.revision !== null) return;
    if (digest === null || own.digest === null || digest === own.digest) return;
    const known = findByDigest(digest)?.notLoadable ?? null;
    throw new CodesError(
      "CODES_MISMATCH",
      `codes made with ${model} do not fit ${model}: other weights had this name then, SHA-256 ${digest.slice(0, 64)}; these have ${own.digest}. ` +
        `Load the file that they were made with (--model)${known === null ? "" : `: ${known}`}`,
    );
  }

  /** Codes as `AudioCodes`, after a check that they are of this kind of model. */
  #accept(data: AudioCodesData): AudioCodes {
    const codes = data instanceof AudioCodes ? data : new AudioCodes(data);
    const { lanes, isNormalized } = this.#format;
    const where = `codes made with ${codes.provenance.model} do not fit ${this.provenance.model}`;
    const keys = ["sampleRate", "channels", "hopLength", "codebookSize"] as const;
    for (const key of keys) {
      if (codes[key] !== this[key]) {
        throw new CodesError(
          "CODES_MISMATCH",
          `${where}: ${key} is ${codes[key]}, the model's is ${this[key]}; load the model they were made with`,
        );
      }
    }
    if (codes.segment?.length !== this.segment?.length || codes.segment?.stride !== this.segment?.stride) {
      throw new CodesError(
        "CODES_MISMATCH",
        `${where}: their segments are ${segmentText(codes.segment)}, the model's ${segmentText(this.segment)}`,
      );
    }
    if ((codes.scales !== null) !== isNormalized) {
      throw new CodesError(
        "CODES_MISMATCH",
        `${where}: ${isNormalized ? "the model needs scales and they have none" : "they have scales and the model uses none"}`,
      );
    }
    if (codes.numCodebooks > this.numQuantizers || codes.numCodebooks % lanes !== 0) {
      const isMirrored = codes.numFrames < codes.numCodebooks && codes.numFrames <= this.numQuantizers && codes.numFrames % lanes === 0;
      const remedy = isMirrored ? "; if the array is [T, K], frames before codebooks, transpose it" : "";
      throw new CodesError(
        "CODES_MISMATCH",
        `${where}: they have ${codes.numCodebooks} codebooks; the model takes ${lanes === 1 ? "" : "even numbers "}up to ${this.numQuantizers}${remedy}`,
      );
    }
    this.#checkWeights(codes.provenance);
    return codes;
  }
}

function segmentText(segment: Segmenting | null): string {
  return segment === null ? "one for the whole clip" : `${segment.length} samples long at every ${segment.stride}`;
}

function listOf(bandwidths: readonly number[]): string {
  return new Intl.ListFormat("en", { type: "disjunction" }).format(bandwidths.map(String));
}
