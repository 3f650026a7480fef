import { decodeAudioStream } from "../audio/index.ts";
import type { AudioStream } from "../audio/index.ts";
import { AudioFormatError, numSamplesOf } from "../core/index.ts";
import type { Waveform } from "../core/index.ts";
import { openRowSource } from "./row-bytes.ts";
import type { RowLocation } from "./row-bytes.ts";
import type { SampleRange } from "./sample-range.ts";

/** Audio of a row, open to be decoded; disposing it closes its file. */
export interface RowAudio extends AsyncDisposable {
  /** In hertz. */
  readonly sampleRate: number;
  /**
   * The samples `start` … `end` − 1, as far as there are any, in pieces of at most a second, one call at a time. What follows is not decoded,
   * and what stands before only if an earlier call has not come as far already.
   */
  pieces(range: SampleRange): AsyncGenerator<Waveform, void>;
  /** Samples up to where the last call of `pieces` came: those of the file, if it asked for all that there are. */
  readonly numDecoded: number;
}

/**
 * Opens the audio of a row.
 * @throws FileError, AudioFormatError for a file that cannot be read or decoded; while iterating, too.
 */
export async function openRowAudio(location: RowLocation): Promise<RowAudio> {
  const source = await openRowSource(location);
  try {
    const stream = await decodeAudioStream(source);
    if (stream.isCutOff) throw new AudioFormatError("AUDIO_CORRUPT", "truncated WAV: it ends before the samples that its header promises; fetch or export it again");
    return new OpenAudio(source, stream);
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

class OpenAudio implements RowAudio {
  readonly #source: AsyncDisposable;
  readonly #stream: AudioStream;
  /** Undefined before the start of the file. */
  #decoding: AsyncIterator<Waveform> | undefined;
  /** That came last, up to `numDecoded`. */
  #piece: Waveform | undefined;
  #numDecoded = 0;

  constructor(source: AsyncDisposable, stream: AudioStream) {
    this.#source = source;
    this.#stream = stream;
  }

  get sampleRate(): number {
    return this.#stream.sampleRate;
  }

  get numDecoded(): number {
    return this.#numDecoded;
  }

  async *pieces({ start, end }: SampleRange): AsyncGenerator<Waveform, void> {
    if (start < this.#pieceStart) await this.#rewind();
    do {
      if (this.#piece === undefined) continue;
      const { channelData, sampleRate } = this.#piece;
      const [from, to] = [Math.max(0, start - this.#pieceStart), Math.min(numSamplesOf(this.#piece), end - this.#pieceStart)];
      if (to > from) yield { channelData: channelData.map((samples) => samples.subarray(from, to)), sampleRate };
    } while (this.#numDecoded < end && (await this.#advance()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#rewind();
    } finally {
      await this.#source[Symbol.asyncDispose]();
    }
  }

  get #pieceStart(): number {
    return this.#numDecoded - (this.#piece === undefined ? 0 : numSamplesOf(this.#piece));
  }

  /** Decodes the next piece. @returns Whether there was one. */
  async #advance(): Promise<boolean> {
    this.#decoding ??= this.#stream[Symbol.asyncIterator]();
    const next = await this.#decoding.next();
    if (next.done === true) return false;
    this.#piece = next.value;
    this.#numDecoded += numSamplesOf(next.value);
    return true;
  }

  async #rewind(): Promise<void> {
    await this.#decoding?.return?.();
    this.#decoding = undefined;
    this.#piece = undefined;
    this.#numDecoded = 0;
  }
}

/** @throws AudioFormatError `AUDIO_NOT_FINITE` for samples that are NaN or infinite. */
export function checkFinite(channelData: readonly Float32Array[]): void {
  for (const [channel, samples] of channelData.entries()) {
    const sample = samples.find((value) => !Number.isFinite(value));
    if (sample !== undefined) throw new AudioFormatError("AUDIO_NOT_FINITE", `a sample of channel ${channel} is ${sample}; expected finite numbers`);
  }
}
