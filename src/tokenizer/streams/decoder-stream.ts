import type { AudioCodes, AudioCodesData, Waveform } from "../../core/index.ts";
import type { StreamOptions } from "../call-options.ts";
import type { DecoderJob } from "../clips/coding-job.ts";
import type { CodecRunner, Latency } from "../network/codec-runner.ts";
import { checkDecoderState, decoderStep, startDecoderStream } from "./decoder-steps.ts";
import type { DecoderStreamState } from "./decoder-steps.ts";
import { isBatchOf, StreamPosition } from "./stream-position.ts";

interface DecoderStreamJob extends DecoderJob {
  /** @throws CodesError for codes of another kind of model. */
  readonly accept: (codes: AudioCodesData) => AudioCodes;
}

/**
 * Codes to audio while they come in: give it codes with `push`, and end it with `flush`.
 *
 * The audio of all calls, one piece after the other, is that which `decode` gives for all codes at once, however they are
 * cut. Any number of streams share one tokenizer; each holds a state of its own, some tens of kilobytes.
 */
export class DecoderStream {
  readonly #job: DecoderStreamJob;
  readonly #position: StreamPosition<CodecRunner, DecoderStreamState>;

  private constructor(job: DecoderStreamJob, state: DecoderStreamState) {
    this.#job = job;
    this.#position = new StreamPosition(job.runner, state);
  }

  /**
   * Begins a stream, or goes on from a state.
   * @throws RangeError for the state of another model's stream.
   * @internal `AudioTokenizer.createDecoder` is for users.
   */
  static open(job: DecoderStreamJob, state: DecoderStreamState = startDecoderStream(job)): DecoderStream {
    checkDecoderState(state, job);
    return new DecoderStream(job, state);
  }

  /**
   * Samples' worth of codes that have to come after a frame before its audio is out; 0 for causal models. Where audio is
   * coded in segments, the samples that are held back because the next segment overlaps them. Infinity where only the
   * whole will do.
   */
  get latency(): number {
    return this.#latency.steady;
  }

  /** The same for the first frame, which has to wait longer: reflection at the beginning needs the codes behind it. */
  get startLatency(): number {
    return this.#latency.start;
  }

  get #latency(): Latency {
    const { runner, format } = this.#job;
    if (format.segment === null) return runner.decodingLatency;
    const overlap = format.segment.length - format.segment.stride;
    return { start: overlap, steady: overlap };
  }

  /** What the stream has come to; `createDecoder({ state })` goes on from it. */
  get state(): DecoderStreamState {
    return this.#position.state;
  }

  /**
   * Takes the next codes, any number of frames.
   * @returns The audio that is settled now and was not before, or null.
   * @throws TypeError for anything but codes; `flush` ends the stream.
   * @throws CodesError if the codes are of another kind of model, or cannot follow those before: with another number of
   * codebooks, or after codes that ended within a frame.
   * @throws RangeError after `flush`, or while another call goes on. After an error the stream is as it was before the call.
   */
  async push(codes: AudioCodesData, options: StreamOptions = {}): Promise<Waveform | null> {
    // In stepBatch, null ends a stream; here it is most likely a mistake.
    if (typeof codes !== "object" || codes === null) throw new TypeError(`push takes codes; received ${codes}. flush() ends the stream`);
    const [waveform] = await DecoderStream.stepBatch([{ stream: this, codes }], options);
    return waveform!;
  }

  /** Ends the stream. @returns The audio that was held back, or null. */
  async flush(options: StreamOptions = {}): Promise<Waveform | null> {
    const [waveform] = await DecoderStream.stepBatch([{ stream: this, codes: null }], options);
    return waveform!;
  }

  /** Starts anew, as if nothing had come. @throws RangeError while a call goes on. */
  reset(): void {
    this.#position.goTo(startDecoderStream(this.#job));
  }

  /** A second stream that goes on from here by itself. */
  clone(): DecoderStream {
    return new DecoderStream(this.#job, this.state);
  }

  /**
   * Takes one step of several streams together, faster than one by one: their LSTMs share the recurrent weights.
   * @param entries Streams of one tokenizer, each once, and their next codes; null ends a stream.
   * @returns What `push` or `flush` of each would give.
   * @throws as `push` does, if any is at fault; all streams are then as they were before. TypeError for anything but such entries.
   */
  static async stepBatch(
    entries: readonly { readonly stream: DecoderStream; readonly codes: AudioCodesData | null }[],
    { signal }: StreamOptions = {},
  ): Promise<(Waveform | null)[]> {
    if (!isBatchOf(DecoderStream, entries)) {
      throw new TypeError("DecoderStream.stepBatch takes an array of { stream, codes }, each stream one of createDecoder()");
    }
    const moves = entries.map(({ stream, codes }) => ({
      position: stream.#position,
      stepFrom: (state: DecoderStreamState) => decoderStep(state, codes === null ? null : stream.#job.accept(codes), stream.#job),
    }));
    return StreamPosition.advance(moves, (runner, pieces) => runner.advanceDecoding(pieces, { signal }));
  }
}
