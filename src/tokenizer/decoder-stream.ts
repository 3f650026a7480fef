import { AudioCodes } from "../core/index.ts";
import type { AudioCodesData, Waveform } from "../core/index.ts";
import type { Latency } from "./codec-runner.ts";
import { decoderStep, decoderStreamStart } from "./decoder-steps.ts";
import type { DecoderJob, DecoderStreamState } from "./decoder-steps.ts";
import type { CallOptions } from "./options.ts";

/**
 * Codes to audio while they come in: give it codes with `push`, and end it with `flush`.
 *
 * The audio of all calls, one piece after the other, is that which `decode` gives for all codes at once, however they are
 * cut. Any number of streams share one tokenizer; each holds a few hundred kilobytes of state.
 */
export class DecoderStream {
  readonly #job: DecoderJob & { readonly accept: (codes: AudioCodesData) => AudioCodes };
  #state: DecoderStreamState;
  #isBusy = false;

  /** Made by `AudioTokenizer.createDecoder`. */
  constructor(job: DecoderJob & { readonly accept: (codes: AudioCodesData) => AudioCodes }, state: DecoderStreamState = decoderStreamStart) {
    this.#job = job;
    this.#state = state;
  }

  /**
   * Samples' worth of codes that come after a frame before its audio is out; 0 for causal models. Where audio is coded in
   * segments, the samples that are held back because the next segment overlaps them.
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
    return this.#state;
  }

  /**
   * Takes the next codes, any number of frames.
   * @returns The audio that is settled now and was not before, or null.
   * @throws CodesError if the codes are of another kind of model, or cannot follow those before: with another number of
   * codebooks, or after codes that ended within a frame.
   * @throws RangeError after `flush`, or while another call goes on. After an error the stream is as it was before the call.
   */
  async push(codes: AudioCodesData, { signal }: Pick<CallOptions, "signal"> = {}): Promise<Waveform | null> {
    const [waveform] = await DecoderStream.stepBatch([{ stream: this, codes }], { signal });
    return waveform!;
  }

  /** Ends the stream. @returns The audio that was held back, or null. */
  async flush({ signal }: Pick<CallOptions, "signal"> = {}): Promise<Waveform | null> {
    const [waveform] = await DecoderStream.stepBatch([{ stream: this, codes: null }], { signal });
    return waveform!;
  }

  /** Starts anew, as if nothing had come. */
  reset(): void {
    if (this.#isBusy) throw busy();
    this.#state = decoderStreamStart;
  }

  /** A second stream that goes on from here by itself. */
  clone(): DecoderStream {
    return new DecoderStream(this.#job, this.#state);
  }

  /**
   * Takes one step of several streams together, faster than one by one: their LSTMs share the recurrent weights.
   * @param entries Streams of one tokenizer, each once, and their next codes; null ends a stream.
   * @returns What `push` or `flush` of each would give.
   * @throws as `push` does, if any is at fault; all streams are then as they were before.
   */
  static async stepBatch(
    entries: readonly { readonly stream: DecoderStream; readonly codes: AudioCodesData | null }[],
    { signal }: Pick<CallOptions, "signal"> = {},
  ): Promise<(Waveform | null)[]> {
    if (entries.length === 0) return [];
    const { runner } = entries[0]!.stream.#job;
    if (new Set(entries.map(({ stream }) => stream)).size < entries.length) throw new RangeError("a stream takes one step at a time; one is given twice");
    for (const { stream } of entries) {
      if (stream.#job.runner !== runner) throw new RangeError("the streams are of different tokenizers; step those of each together");
      if (stream.#isBusy) throw busy();
      if (stream.#state.hasEnded) throw new RangeError("the stream has ended; reset() it, or create another");
    }
    const steps = entries.map(({ stream, codes }) => decoderStep(stream.#state, codes && stream.#job.accept(codes), stream.#job));
    for (const { stream } of entries) stream.#isBusy = true;
    try {
      const results = await runner.advanceDecoding(steps.flatMap(({ pieces }) => pieces), { signal });
      let next = 0;
      return steps.map(({ pieces, finish }, index) => {
        const { waveform, state } = finish(results.slice(next, (next += pieces.length)));
        entries[index]!.stream.#state = state;
        return waveform;
      });
    } finally {
      for (const { stream } of entries) stream.#isBusy = false;
    }
  }
}

function busy(): RangeError {
  return new RangeError("the stream is at work on its last step; await that first");
}
