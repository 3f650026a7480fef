import { checkWaveform } from "../core/index.ts";
import type { AudioCodes, Waveform } from "../core/index.ts";
import type { Latency } from "./codec-runner.ts";
import type { ClipFormat } from "./encode-clips.ts";
import { encoderStep, startEncoderStream } from "./encoder-steps.ts";
import type { EncoderJob, EncoderStreamState } from "./encoder-steps.ts";
import type { CallOptions } from "./options.ts";
import { checkFinite } from "./prepare-audio.ts";

/**
 * Audio to codes while it comes in: give it samples with `push`, and end it with `flush`.
 *
 * The codes of all calls, joined by `AudioCodes.concatenate`, are those that `encode` gives for all samples at once, however
 * they are cut. Any number of streams share one tokenizer; each holds a few hundred kilobytes of state.
 */
export class EncoderStream {
  readonly #job: EncoderJob;
  #state: EncoderStreamState;
  #isBusy = false;

  /** Made by `AudioTokenizer.createEncoder`. */
  constructor(job: EncoderJob, state: EncoderStreamState = startEncoderStream(job)) {
    if (state.numCodebooks !== job.numCodebooks) {
      throw new RangeError(`the state is of a stream with ${state.numCodebooks} codebooks; this one has ${job.numCodebooks}`);
    }
    this.#job = job;
    this.#state = state;
  }

  /** Codebooks in use (K). */
  get numCodebooks(): number {
    return this.#job.numCodebooks;
  }

  /**
   * Samples that come after the end of a frame before its codes are out; 0 for causal models. Where audio is coded in
   * segments, those of the rest of the segment, at most.
   */
  get latency(): number {
    return this.#latency.steady;
  }

  /** The same for the first frame, which has to wait longer: reflection at the beginning needs the samples behind it. */
  get startLatency(): number {
    return this.#latency.start;
  }

  get #latency(): Latency {
    const { runner, format } = this.#job;
    if (format.segment === null) return runner.encodingLatency;
    const rest = format.segment.length - format.hopLength;
    return { start: rest, steady: rest };
  }

  /** What the stream has come to; `createEncoder({ state })` goes on from it. */
  get state(): EncoderStreamState {
    return this.#state;
  }

  /**
   * Takes the next samples.
   * @param waveform Any number of samples at the model's rate and channels. `encodeStream` takes other ones.
   * @returns The codes that are settled now and were not before, or null.
   * @throws RangeError for another rate or number of channels, after `flush`, or while another call goes on.
   * @throws AudioFormatError for NaN or infinite samples. After an error the stream is as it was before the call.
   */
  async push(waveform: Waveform, { signal }: Pick<CallOptions, "signal"> = {}): Promise<AudioCodes | null> {
    const [codes] = await EncoderStream.stepBatch([{ stream: this, waveform }], { signal });
    return codes!;
  }

  /** Ends the stream. @returns The codes that were held back, or null. */
  async flush({ signal }: Pick<CallOptions, "signal"> = {}): Promise<AudioCodes | null> {
    const [codes] = await EncoderStream.stepBatch([{ stream: this, waveform: null }], { signal });
    return codes!;
  }

  /** Starts anew, as if nothing had come. */
  reset(): void {
    if (this.#isBusy) throw busy();
    this.#state = startEncoderStream(this.#job);
  }

  /** A second stream that goes on from here by itself. */
  clone(): EncoderStream {
    return new EncoderStream(this.#job, this.#state);
  }

  /**
   * Takes one step of several streams together, faster than one by one: their LSTMs share the recurrent weights.
   * @param entries Streams of one tokenizer, each once, and their next samples; null ends a stream.
   * @returns What `push` or `flush` of each would give.
   * @throws as `push` does, if any is at fault; all streams are then as they were before.
   */
  static async stepBatch(
    entries: readonly { readonly stream: EncoderStream; readonly waveform: Waveform | null }[],
    { signal }: Pick<CallOptions, "signal"> = {},
  ): Promise<(AudioCodes | null)[]> {
    if (entries.length === 0) return [];
    const job = entries[0]!.stream.#job;
    if (new Set(entries.map(({ stream }) => stream)).size < entries.length) throw new RangeError("a stream can take one step at a time; it is given twice");
    for (const { stream } of entries) {
      if (stream.#job.runner !== job.runner) throw new RangeError("the streams are of different tokenizers; step those of each together");
      if (stream.#isBusy) throw busy();
      if (stream.#state.hasEnded) throw new RangeError("the stream has ended; reset() it, or create another");
    }
    const steps = entries.map(({ stream, waveform }) => encoderStep(stream.#state, waveform && acceptedSamples(waveform, stream.#job.format), stream.#job));
    for (const { stream } of entries) stream.#isBusy = true;
    try {
      const results = await job.runner.advanceEncoding(steps.flatMap(({ pieces }) => pieces), { signal });
      let next = 0;
      return steps.map(({ pieces, finish }, index) => {
        const { codes, state } = finish(results.slice(next, (next += pieces.length)));
        entries[index]!.stream.#state = state;
        return codes;
      });
    } finally {
      for (const { stream } of entries) stream.#isBusy = false;
    }
  }
}

function acceptedSamples(waveform: Waveform, { sampleRate, channels }: ClipFormat): readonly Float32Array[] {
  checkWaveform(waveform);
  if (waveform.sampleRate !== sampleRate || waveform.channelData.length !== channels) {
    throw new RangeError(
      `this stream takes ${sampleRate} Hz in ${channels} channel${channels === 1 ? "" : "s"}; received ${waveform.sampleRate} Hz in ` +
        `${waveform.channelData.length}. Convert the pieces first, or use encodeStream, which does`,
    );
  }
  checkFinite(waveform);
  return waveform.channelData;
}

function busy(): RangeError {
  return new RangeError("the stream is at work on its last step; await that first");
}
