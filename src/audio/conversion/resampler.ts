import { createKernel, interpolate, resampledLength } from "./resample.ts";
import type { ResamplingKernel } from "./resampling-kernel.ts";

/** Where a `Resampler` stands: plain data that can be copied and stored. */
export interface ResamplerState {
  /** Samples taken in so far, per channel. */
  readonly numInput: number;
  /** Samples given out so far, per channel. */
  readonly numOutput: number;
  /** The last samples taken in, which later outputs still look at: one array per channel. */
  readonly recent: readonly Float32Array[];
}

/**
 * Changes the sample rate of a signal that comes in pieces. Each output is given out as soon as the last input that it
 * looks at is there, so results do not depend on how the signal was cut: together they are what `resample` gives.
 */
export class Resampler {
  readonly #kernel: ResamplingKernel;
  /** One buffer per channel, longer than what is in use; before the first input it holds silence. */
  #buffers: Float32Array[];
  /** Position of the buffers' first sample in the signal, and how many samples they hold. */
  #start: number;
  #length: number;
  #numInput = 0;
  #numOutput = 0;

  /**
   * @param state To go on where another resampler of the same rates and channels stood.
   * @throws TypeError, RangeError as `resample` does.
   */
  constructor(fromRate: number, toRate: number, channels: number, state?: ResamplerState) {
    this.#kernel = createKernel(fromRate, toRate);
    const { halfWidth } = this.#kernel;
    this.#start = -halfWidth;
    this.#length = halfWidth;
    this.#buffers = Array.from({ length: channels }, () => new Float32Array(2 * halfWidth));
    if (state !== undefined) {
      this.#numInput = state.numInput;
      this.#numOutput = state.numOutput;
      this.#buffers = state.recent.map((samples) => samples.slice());
      this.#length = this.#buffers[0]!.length;
      this.#start = state.numInput - this.#length;
    }
  }

  /** A copy of everything that later outputs depend on. */
  get state(): ResamplerState {
    const recent = this.#buffers.map((buffer) => buffer.slice(this.#numPassed(), this.#length));
    return { numInput: this.#numInput, numOutput: this.#numOutput, recent };
  }

  /** @returns The outputs that can be computed now, one array per channel, perhaps empty. */
  push(channelData: readonly Float32Array[]): Float32Array[] {
    this.#append(channelData);
    this.#numInput += channelData[0]!.length;
    const { from, to, halfWidth } = this.#kernel;
    // One sample less than the filter reaches, so that rounding cannot matter.
    return this.#outputsUntil(Math.floor(((this.#numInput - halfWidth - 1) * to) / from));
  }

  /** The outputs that look beyond the signal's end, which counts as silence, step by step. The resampler is spent then. */
  *flush(): Generator<Float32Array[], void> {
    const silence = new Float32Array(this.#kernel.halfWidth + 1);
    this.#append(this.#buffers.map(() => silence));
    const end = resampledLength(this.#kernel, this.#numInput);
    while (this.#numOutput < end) yield this.#outputsUntil(Math.min(end, this.#numOutput + this.#kernel.outputsPerStep));
  }

  /** Samples that can be taken in, in one push, for some milliseconds of work. */
  get stepLength(): number {
    const { from, to, outputsPerStep } = this.#kernel;
    return Math.max(1, Math.floor((outputsPerStep * from) / to / this.#buffers.length));
  }

  #outputsUntil(end: number): Float32Array[] {
    const first = this.#numOutput;
    this.#numOutput = Math.max(first, end);
    return this.#buffers.map((buffer) => {
      const output = new Float32Array(this.#numOutput - first);
      interpolate(this.#kernel, buffer, this.#start, output, first);
      return output;
    });
  }

  /** Samples at the buffers' start that no output will look at again. */
  #numPassed(): number {
    const { from, to, halfWidth } = this.#kernel;
    return Math.max(0, Math.floor((this.#numOutput * from) / to) - halfWidth - this.#start);
  }

  /** Makes room first, by dropping what has passed and, where that is too little, by longer buffers. */
  #append(channelData: readonly Float32Array[]): void {
    const numAdded = channelData[0]!.length;
    const capacity = this.#buffers[0]!.length;
    if (this.#length + numAdded > capacity) {
      const numPassed = this.#numPassed();
      const numKept = this.#length - numPassed;
      // Twice of what is needed, so that many short pieces do not move the same samples each time.
      const isShort = 2 * (numKept + numAdded) > capacity;
      this.#buffers = this.#buffers.map((buffer) => {
        const roomy = isShort ? new Float32Array(2 * (numKept + numAdded)) : buffer;
        roomy.set(buffer.subarray(numPassed, this.#length));
        return roomy;
      });
      this.#start += numPassed;
      this.#length = numKept;
    }
    for (const [channel, samples] of channelData.entries()) this.#buffers[channel]!.set(samples, this.#length);
    this.#length += numAdded;
  }
}
