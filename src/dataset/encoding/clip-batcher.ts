import { numSamplesOf } from "../../core/index.ts";
import type { AudioCodes, Waveform } from "../../core/index.ts";

/** Encodes clips side by side: codes are those of each clip alone. */
export type EncodeBatch = (waveforms: readonly Waveform[]) => Promise<readonly AudioCodes[]>;

interface WaitingClip {
  readonly waveform: Waveform;
  readonly resolve: (codes: AudioCodes) => void;
  readonly reject: (error: unknown) => void;
}

/** Batches under way: while the threads of one exchange data, the model has the other to work on. */
const batchesAtATime = 2;

/** Share of a full batch that a model without work takes at once: most of what the LSTM saves by batches is saved with a few clips, and idle cores save nothing. */
const leastShare = 1 / 4;

/**
 * Groups clips by length, so that the steps of the LSTM are shared. A batch is the clip that waits longest and those of the most similar
 * lengths among all that wait. The last clips are divided evenly.
 */
export class ClipBatcher {
  readonly #encode: EncodeBatch;
  readonly #batchClips: number;
  #waiting: WaitingClip[] = [];
  #expected = 0;
  #running = 0;

  /** @param batchClips The most clips of a batch. */
  constructor(encode: EncodeBatch, batchClips: number) {
    this.#encode = encode;
    this.#batchClips = batchClips;
  }

  /** Codes of a clip, in one of the next batches. */
  encode(waveform: Waveform): Promise<AudioCodes> {
    const codes = new Promise<AudioCodes>((resolve, reject) => this.#waiting.push({ waveform, resolve, reject }));
    this.#start();
    return codes;
  }

  /** Does work that may bring clips soon, for which a batch that is not full waits. */
  async expecting<T>(work: () => Promise<T>): Promise<T> {
    this.#expected++;
    try {
      return await work();
    } finally {
      this.#expected--;
      setImmediate(() => this.#start()); // after the clips that the work brought
    }
  }

  #start(): void {
    while (this.#running < batchesAtATime && this.#waiting.length > 0 && this.#waiting.length >= this.#enough)
      void this.#run(this.#takeBatch());
  }

  /** Clips that have to wait for a batch to begin. */
  get #enough(): number {
    if (this.#expected === 0) return 1;
    return this.#running === 0 ? Math.ceil(leastShare * this.#batchClips) : this.#batchClips;
  }

  #takeBatch(): readonly WaitingClip[] {
    const numBatches = Math.ceil(this.#waiting.length / this.#batchClips);
    const size = this.#expected === 0 ? Math.ceil(this.#waiting.length / numBatches) : this.#batchClips;
    const length = numSamplesOf(this.#waiting[0]!.waveform);
    const distances = this.#waiting.map(({ waveform }, index) => ({ index, distance: Math.abs(numSamplesOf(waveform) - length) }));
    const chosen = new Set(
      distances
        .toSorted((a, b) => a.distance - b.distance)
        .slice(0, size)
        .map(({ index }) => index),
    );
    const batch = this.#waiting.filter((_, index) => chosen.has(index));
    this.#waiting = this.#waiting.filter((_, index) => !chosen.has(index));
    return batch;
  }

  async #run(batch: readonly WaitingClip[]): Promise<void> {
    this.#running++;
    try {
      const codes = await this.#encode(batch.map(({ waveform }) => waveform));
      for (const [index, { resolve }] of batch.entries()) resolve(codes[index]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#running--;
      this.#start();
    }
  }
}
