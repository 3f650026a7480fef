import { AudioConverter } from "../../audio/index.ts";
import type { AudioForm } from "../../audio/index.ts";
import { nextTurn, numSamplesOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import { checkFinite } from "./check-finite.ts";

/** Audio that is converted at most before the event loop gets its turn; unusual rates are converted in shorter steps. */
const secondsPerStep = 0.25;

/** An `AudioConverter` that lets the event loop turn between steps, hears an abort there, and refuses what overflows. */
export class StepwiseConverter {
  readonly #converter: AudioConverter;
  readonly #signal: AbortSignal | undefined;
  readonly #stepLength: number;
  /** Samples taken in since the event loop had its turn. */
  #sinceTurn = 0;
  /** Samples given out. */
  #numConverted = 0;

  /** @throws RangeError, TypeError as `convertAudio` does. */
  constructor(from: AudioForm, to: AudioForm, signal: AbortSignal | undefined) {
    this.#converter = new AudioConverter(from, to);
    this.#signal = signal;
    this.#stepLength = Math.min(this.#converter.stepLength, Math.ceil(secondsPerStep * from.sampleRate));
  }

  /** Takes in the next audio, of any length, step by step as the results are asked for. */
  async *push(waveform: Waveform): AsyncGenerator<Waveform, void> {
    // Even an empty piece has to be of the right form.
    for (let start = 0; start === 0 || start < numSamplesOf(waveform); start += this.#stepLength) {
      if (this.#sinceTurn >= this.#stepLength) {
        this.#sinceTurn = 0;
        await nextTurn();
        this.#signal?.throwIfAborted();
      }
      const channelData = waveform.channelData.map((samples) => samples.subarray(start, start + this.#stepLength));
      this.#sinceTurn += channelData[0]!.length;
      yield* this.#checked(this.#converter.push({ ...waveform, channelData }));
    }
  }

  /** The rest, at the audio's end. */
  async *flush(): AsyncGenerator<Waveform, void> {
    for (const rest of this.#converter.flushInSteps()) {
      yield* this.#checked(rest);
      await nextTurn();
      this.#signal?.throwIfAborted();
    }
  }

  *#checked(converted: Waveform | undefined): Generator<Waveform, void> {
    if (converted === undefined) return;
    checkFinite(converted.channelData, { offset: this.#numConverted, origin: ` after conversion to ${converted.sampleRate} Hz` });
    this.#numConverted += numSamplesOf(converted);
    yield converted;
  }
}
