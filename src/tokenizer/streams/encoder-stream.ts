import { checkWaveform } from "../../core/index.ts";
import type { AudioCodes, Waveform } from "../../core/index.ts";
import type { StreamOptions } from "../call-options.ts";
import { checkFinite } from "../clips/check-finite.ts";
import type { ClipFormat, EncoderJob } from "../clips/coding-job.ts";
import type { CodecRunner } from "../network/codec-runner.ts";
import { checkEncoderState, encoderLatency, encoderStep, startEncoderStream } from "./encoder-steps.ts";
import type { EncoderStreamState } from "./encoder-steps.ts";
import { isBatchOf, StreamPosition } from "./stream-position.ts";

/**
 * Audio to codes while it comes in: give it samples with `push`, and end it with `flush`.
 *
 * The codes of all calls, joined by `AudioCodes.concatenate`, are those that `encode` gives for all samples at once, however
 * they are cut. Any number of streams share one tokenizer; each holds a state of its own, some tens of kilobytes.
 */
export class EncoderStream {
  readonly #job: EncoderJob;
  readonly #position: StreamPosition<CodecRunner, EncoderStreamState>;

  private constructor(job: EncoderJob, state: EncoderStreamState) {
    this.#job = job;
    this.#position = new StreamPosition(job.runner, state);
  }

  /**
   * Begins a stream, or goes on from a state.
   * @throws RangeError for the state of another model's stream.
   * @internal `AudioTokenizer.createEncoder` is for users.
   */
  static open(job: EncoderJob, state: EncoderStreamState = startEncoderStream(job)): EncoderStream {
    checkEncoderState(state, job);
    return new EncoderStream(job, state);
  }

  /** Codebooks in use (K). */
  get numCodebooks(): number {
    return this.#job.numCodebooks;
  }

  /**
   * Samples that have to come after the end of a frame before its codes are out; 0 for causal models. Where audio is coded
   * in segments, those of the rest of the segment, at most. Infinity where only the whole will do.
   */
  get latency(): number {
    return encoderLatency(this.#job).steady;
  }

  /** The same for the first frame, which has to wait longer: reflection at the beginning needs the samples behind it. */
  get startLatency(): number {
    return encoderLatency(this.#job).start;
  }

  /** What the stream has come to; `createEncoder({ state })` goes on from it. */
  get state(): EncoderStreamState {
    return this.#position.state;
  }

  /**
   * Takes the next samples.
   * @param waveform Any number of samples at the model's rate and channels, which are copied. `encodeStream` takes other ones.
   * @returns The codes that are settled now and were not before, or null.
   * @throws RangeError for another rate or number of channels, after `flush`, or while another call goes on.
   * @throws TypeError for anything but a waveform; `flush` ends the stream.
   * @throws AudioFormatError for NaN or infinite samples, with their place in the stream. After an error the stream is as it was before the call.
   */
  async push(waveform: Waveform, options: StreamOptions = {}): Promise<AudioCodes | null> {
    checkWaveform(waveform); // null, which ends a stream in stepBatch, is most likely a mistake here
    const [codes] = await EncoderStream.stepBatch([{ stream: this, waveform }], options);
    return codes!;
  }

  /** Ends the stream. @returns The codes that were held back, or null. */
  async flush(options: StreamOptions = {}): Promise<AudioCodes | null> {
    const [codes] = await EncoderStream.stepBatch([{ stream: this, waveform: null }], options);
    return codes!;
  }

  /** Starts anew, as if nothing had come. @throws RangeError while a call goes on. */
  reset(): void {
    this.#position.goTo(startEncoderStream(this.#job));
  }

  /** A second stream that goes on from here by itself. */
  clone(): EncoderStream {
    return new EncoderStream(this.#job, this.state);
  }

  /**
   * Takes one step of several streams together, faster than one by one: their LSTMs share the recurrent weights.
   * @param entries Streams of one tokenizer, each once, and their next samples; null ends a stream.
   * @returns What `push` or `flush` of each would give.
   * @throws as `push` does, if any is at fault; all streams are then as they were before. TypeError for anything but such entries.
   */
  static async stepBatch(
    entries: readonly { readonly stream: EncoderStream; readonly waveform: Waveform | null }[],
    { signal }: StreamOptions = {},
  ): Promise<(AudioCodes | null)[]> {
    if (!isBatchOf(EncoderStream, entries)) {
      throw new TypeError("EncoderStream.stepBatch takes an array of { stream, waveform }, each stream one of createEncoder()");
    }
    const moves = entries.map(({ stream, waveform }) => ({
      position: stream.#position,
      stepFrom: (state: EncoderStreamState) =>
        encoderStep(state, waveform === null ? null : acceptedSamples(waveform, state, stream.#job.format), stream.#job),
    }));
    return StreamPosition.advance(moves, (runner, pieces) => runner.advanceEncoding(pieces, { signal }));
  }
}

function acceptedSamples(
  waveform: Waveform,
  { numSamples }: EncoderStreamState,
  { sampleRate, channels }: ClipFormat,
): readonly Float32Array[] {
  checkWaveform(waveform);
  if (waveform.sampleRate !== sampleRate || waveform.channelData.length !== channels) {
    throw new RangeError(
      `this stream takes ${sampleRate} Hz in ${channels} channel${channels === 1 ? "" : "s"}; received ${waveform.sampleRate} Hz in ` +
        `${waveform.channelData.length}. Convert the pieces with an AudioConverter, or use encodeStream, which does`,
    );
  }
  checkFinite(waveform.channelData, { offset: numSamples });
  return waveform.channelData;
}
