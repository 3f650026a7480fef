import type { Waveform } from "../../core/index.ts";
import { checkWaveform, numSamplesOf } from "../../core/index.ts";
import { mixChannels } from "./channels.ts";
import type { AudioForm } from "../reading/audio-form.ts";
import { joinedSize, joinWaveforms } from "../reading/join-waveforms.ts";
import { Pace, workPerTurn } from "../reading/pace.ts";
import type { ResamplerState } from "./resampler.ts";
import { Resampler } from "./resampler.ts";
import { slicePiece } from "../reading/trim-pieces.ts";

/** Where an `AudioConverter` stands: plain data that can be copied and stored; undefined where rates are equal. */
export type AudioConverterState = ResamplerState | undefined;

/**
 * Brings audio that comes in pieces to another sample rate and number of channels. However it is cut, the results
 * together are, sample by sample, what `convertAudio` gives for the whole; memory does not grow with its length.
 */
export class AudioConverter {
  readonly #from: AudioForm;
  readonly #to: AudioForm;
  #resampler: Resampler | undefined;

  /**
   * @param from What the pieces will be.
   * @param state The `state` of another converter with the same `from` and `to`, to go on where it stood.
   * @throws RangeError, TypeError as `convertAudio` does.
   */
  constructor(from: AudioForm, to: AudioForm, state?: AudioConverterState) {
    this.#from = { sampleRate: from.sampleRate, channels: from.channels };
    this.#to = { sampleRate: to.sampleRate, channels: to.channels };
    mixChannels({ channelData: Array.from({ length: from.channels }, () => new Float32Array()), sampleRate: from.sampleRate }, to.channels);
    this.#resampler = this.#createResampler(state);
  }

  /** A copy of everything that later results depend on. */
  get state(): AudioConverterState {
    return this.#resampler?.state;
  }

  /**
   * Samples per channel that can be pushed at a time for some milliseconds of work, whatever the rates: for those who have
   * other things to do meanwhile.
   */
  get stepLength(): number {
    return this.#resampler?.stepLength ?? Math.ceil(workPerTurn / Math.max(this.#from.channels, this.#to.channels));
  }

  /**
   * Takes in the next piece, of any length.
   * @returns What can be told by now; undefined if that is nothing yet.
   * @throws RangeError for a piece of another sample rate or number of channels than the converter was made for.
   */
  push(piece: Waveform): Waveform | undefined {
    checkWaveform(piece);
    const { sampleRate, channels } = this.#from;
    if (piece.sampleRate !== sampleRate || piece.channelData.length !== channels) {
      throw new RangeError(
        `every piece must be ${channels}-channel audio at ${sampleRate} Hz; ` +
          `received ${piece.channelData.length}-channel audio at ${piece.sampleRate} Hz`,
      );
    }
    const mixed = channels === 1 ? piece : mixChannels(piece, this.#to.channels);
    return this.#finish(this.#resampler === undefined ? mixed.channelData : this.#resampler.push(mixed.channelData));
  }

  /**
   * Ends the audio; the converter then starts anew.
   * @returns The rest, undefined if there is none.
   */
  flush(): Waveform | undefined {
    const rest = [...this.flushInSteps()];
    return rest.length < 2 ? rest[0] : joinWaveforms(rest);
  }

  /** What `flush` does, in pieces that each take some milliseconds of work. The converter starts anew when all of them were taken. */
  *flushInSteps(): Generator<Waveform, void> {
    for (const rest of this.#resampler?.flush() ?? []) yield this.#finish(rest)!;
    this.#resampler = this.#createResampler();
  }

  #createResampler(state?: AudioConverterState): Resampler | undefined {
    const { sampleRate, channels } = this.#from;
    if (sampleRate === this.#to.sampleRate) return undefined;
    // One channel is resampled before it is repeated; two are mixed before.
    return new Resampler(sampleRate, this.#to.sampleRate, channels === 1 ? 1 : this.#to.channels, state);
  }

  #finish(channelData: readonly Float32Array[]): Waveform | undefined {
    const waveform = { channelData, sampleRate: this.#to.sampleRate };
    return numSamplesOf(waveform) === 0 ? undefined : mixChannels(waveform, this.#to.channels);
  }
}

/**
 * Brings audio to another sample rate and number of channels while it is read: `convertAudio` for audio of any length.
 * Timers, signals and other events have their turn every few milliseconds, however long the pieces are: a very long one gives several.
 * @param pieces All of one sample rate and number of channels, such as an `AudioStream`.
 * @param options The form wanted, and a signal that ends the work with its reason.
 * @throws RangeError, TypeError as `convertAudio` does, or if the pieces differ; and what `pieces` throws.
 */
export async function* convertAudioStream(
  pieces: AsyncIterable<Waveform> | Iterable<Waveform>,
  options: AudioForm & { readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Waveform, void> {
  const pace = new Pace(options.signal);
  let converter: AudioConverter | undefined;
  for await (const piece of pieces) {
    converter ??= new AudioConverter({ sampleRate: piece.sampleRate, channels: piece.channelData.length }, options);
    const { stepLength } = converter;
    let converted: Waveform[] = [];
    let numConverted = 0;
    // Even an empty piece has to be of the right form.
    for (let start = 0; start === 0 || start < numSamplesOf(piece); start += stepLength) {
      const step = slicePiece(piece, start, start + stepLength);
      const part = converter.push(step);
      if (part !== undefined) converted.push(part);
      await pace.spend((workPerTurn * numSamplesOf(step)) / stepLength);
      numConverted += part === undefined ? 0 : numSamplesOf(part);
      if (numConverted * options.channels < joinedSize) continue;
      yield joinWaveforms(converted);
      converted = [];
      numConverted = 0;
    }
    if (converted.length > 0) yield joinWaveforms(converted);
  }
  const rest: Waveform[] = [];
  for (const step of converter?.flushInSteps() ?? []) {
    rest.push(step);
    await pace.spend(workPerTurn);
  }
  if (rest.length > 0) yield joinWaveforms(rest);
}
