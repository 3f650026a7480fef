import type { AudioForm } from "../../audio/index.ts";
import { AudioFormatError, checkWaveform, joinArrays, nextTurn, numSamplesOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import { checkFinite } from "./check-finite.ts";
import { StepwiseConverter } from "./stepwise-converter.ts";

/** Samples, of all channels together, that are checked before the event loop gets its turn: a few milliseconds of work. */
const samplesPerCheck = 2 ** 20;

/**
 * A clip at the codec's rate and channels. It is converted while it is read, and what lies before the last reading is
 * forgotten: read it from its beginning to its end. Going back is possible, and converts it once more.
 */
export class ClipAudio {
  /** Samples per channel, after conversion. */
  readonly numSamples: number;
  readonly #waveform: Waveform;
  readonly #to: AudioForm;
  readonly #signal: AbortSignal | undefined;
  #pieces: AsyncGenerator<Waveform, void>;
  /** What is kept of the converted clip, from sample `start` on. */
  #kept: { readonly start: number; readonly channelData: readonly Float32Array[] };

  private constructor(waveform: Waveform, to: AudioForm, signal: AbortSignal | undefined) {
    this.numSamples = Math.ceil((to.sampleRate * numSamplesOf(waveform)) / waveform.sampleRate);
    this.#waveform = waveform;
    this.#to = to;
    this.#signal = signal;
    this.#pieces = this.#convert();
    this.#kept = this.#nothing();
  }

  /**
   * Checks a waveform, and that it can be brought to the codec's rate and channels.
   * @throws TypeError or RangeError for a malformed waveform or channels that cannot be mixed.
   * @throws AudioFormatError if there are no samples, or one is NaN or infinite.
   */
  static async open(waveform: Waveform, to: AudioForm, signal: AbortSignal | undefined): Promise<ClipAudio> {
    checkWaveform(waveform);
    if (numSamplesOf(waveform) === 0) {
      throw new AudioFormatError("AUDIO_EMPTY", "the waveform has no samples; there is nothing to encode");
    }
    const clip = new ClipAudio(waveform, to, signal);
    const length = Math.ceil(samplesPerCheck / waveform.channelData.length);
    for (let offset = 0; offset < numSamplesOf(waveform); offset += length) {
      if (offset > 0) await nextTurn();
      signal?.throwIfAborted();
      checkFinite(
        waveform.channelData.map((samples) => samples.subarray(offset, offset + length)),
        { offset },
      );
    }
    return clip;
  }

  /** Samples `start` to `end` of each channel. One reading has to be over before the next. */
  async read(start: number, end: number): Promise<readonly Float32Array[]> {
    const { channelData, sampleRate } = this.#waveform;
    if (sampleRate === this.#to.sampleRate && channelData.length === this.#to.channels) {
      return channelData.map((samples) => samples.subarray(start, end));
    }
    if (start < this.#kept.start) {
      this.#pieces = this.#convert();
      this.#kept = this.#nothing();
    }
    const parts = [this.#kept.channelData];
    for (let known = this.#kept.start + parts[0]![0]!.length; known < end;) {
      const { value } = await this.#pieces.next();
      parts.push(value!.channelData);
      known += numSamplesOf(value!);
    }
    const offset = start - this.#kept.start;
    const joined = parts[0]!.map((_, channel) =>
      joinArrays(
        parts.map((part) => part[channel]!),
        Float32Array,
      ).subarray(offset),
    );
    this.#kept = { start, channelData: joined };
    return joined.map((samples) => samples.subarray(0, end - start));
  }

  #nothing(): { start: number; channelData: Float32Array[] } {
    return { start: 0, channelData: Array.from({ length: this.#to.channels }, () => new Float32Array()) };
  }

  /** The converter is made at once, so that audio which cannot be converted is refused at once. */
  #convert(): AsyncGenerator<Waveform, void> {
    const waveform = this.#waveform;
    const converter = new StepwiseConverter(
      { sampleRate: waveform.sampleRate, channels: waveform.channelData.length },
      this.#to,
      this.#signal,
    );
    return (async function* () {
      yield* converter.push(waveform);
      yield* converter.flush();
    })();
  }
}
