import { decodeAudioStream, maxWarnings } from "../../audio/index.ts";
import type { AudioStream } from "../../audio/index.ts";
import { AudioFormatError, firstNotFinite, numSamplesOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import type { ReadAudioOptions } from "../../files/index.ts";
import { openRowSource } from "../inputs/row-bytes.ts";
import type { RowLocation, RowSource } from "../inputs/row-bytes.ts";
import type { RowWarning } from "./clip-damage.ts";
import type { RowRecipe } from "./row-recipe.ts";
import type { SampleRange } from "./sample-range.ts";

/** What of a recipe says how a file is read. */
export type ReadingRecipe = Pick<RowRecipe, "limits" | "strict" | "ffmpeg">;

/**
 * Audio of a row's file, open to be decoded from its beginning on; disposing it closes the file.
 * After an error of its pieces nothing more can be had of it.
 */
export class RowAudio implements AsyncDisposable {
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  /** The program that decodes it, with its version; undefined where this package does so itself. */
  readonly decoder: string | undefined;
  readonly #audio: AudioStream & Partial<AsyncDisposable>;
  readonly #source: RowSource;
  readonly #decoding: AsyncIterator<Waveform>;
  readonly #warnings: RowWarning[];
  /** What was decoded last, and which sample of the file it starts with. */
  #piece: Waveform | undefined;
  #start = 0;
  /** What was decoded after it. */
  readonly #ahead: Waveform[] = [];

  private constructor(source: RowSource, decoded: AudioStream & Partial<AsyncDisposable>, warnings: RowWarning[]) {
    this.sampleRate = decoded.sampleRate;
    this.decoder = decoded.decoder;
    this.#audio = decoded;
    this.#warnings = warnings;
    this.#source = source;
    this.#decoding = decoded[Symbol.asyncIterator]();
  }

  /** @throws FileError, AudioFormatError for a file that cannot be read or decoded; `pieces` too. */
  static async open(location: RowLocation, { limits, strict, ffmpeg }: ReadingRecipe): Promise<RowAudio> {
    const source = await openRowSource(location);
    const warnings: RowWarning[] = [];
    try {
      const decoded = await decode(source, { limits, strict, ffmpeg, onWarning: (warning) => void warnings.push(warning) });
      return new RowAudio(source, decoded, warnings);
    } catch (error) {
      await source[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** State of the file when it was opened. */
  get version(): string {
    return this.#source.version;
  }

  /** Samples of the file that are decoded. */
  get numDecoded(): number {
    return this.#start + this.#pieceLength;
  }

  /**
   * What is wrong with the file, as far as it is decoded. Whatever is wrong before a sample is known once that sample is decoded and `settle` has been waited for, but in a file that
   * is wrong in a hundred places: there the last warning is about all that follows.
   */
  get warnings(): readonly RowWarning[] {
    const last = this.#warnings[maxWarnings - 1];
    if (last === undefined) return this.#warnings;
    const { position } = last;
    const message = `the file is damaged in ${maxWarnings} places up to sample ${position}; what follows is damaged as well, or may be`;
    return [...this.#warnings.slice(0, maxWarnings - 1), { code: "AUDIO_GAP", message, position, numLost: 0, isLasting: true }];
  }

  /** Whether samples from `start` on can be had without decoding the file anew. */
  reaches(start: number): boolean {
    return start >= this.#start;
  }

  /**
   * The samples `start` … `end` − 1, as far as there are any, in pieces of at most a second whose memory is their own. What follows is not decoded.
   * @param range Starts at a sample that `reaches` tells to be there.
   */
  async *pieces({ start, end }: SampleRange): AsyncGenerator<Waveform, void> {
    for (;;) {
      const [from, to] = [Math.max(0, start - this.#start), Math.min(this.#pieceLength, end - this.#start)];
      if (to > from) yield { channelData: this.#piece!.channelData.map((samples) => samples.slice(from, to)), sampleRate: this.sampleRate };
      if (this.numDecoded >= end) return;
      const next = this.#ahead.shift() ?? (await this.#next());
      if (next === undefined) return;
      this.#start = this.numDecoded;
      this.#piece = next;
    }
  }

  /**
   * Decodes on while there is nothing but silence: it may stand for audio that is missing, of which is told when it is known how much that is. At most a
   * minute is looked at.
   */
  async settle(): Promise<void> {
    let length = 0;
    for (let last = this.#ahead.at(-1) ?? this.#piece; last !== undefined && isSilent(last) && length < 60 * this.sampleRate;) {
      last = await this.#next();
      if (last === undefined) return;
      this.#ahead.push(last);
      length += numSamplesOf(last);
    }
  }

  async #next(): Promise<Waveform | undefined> {
    const next = await this.#decoding.next();
    return next.done === true ? undefined : next.value;
  }

  get #pieceLength(): number {
    return this.#piece === undefined ? 0 : numSamplesOf(this.#piece);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#decoding.return?.();
    await this.#audio[Symbol.asyncDispose]?.();
    await this.#source[Symbol.asyncDispose]();
  }
}

/** Opens audio to be decoded here, or where that cannot be, by an ffmpeg. What asks one is loaded when it is needed: threads are to start fast. */
async function decode(source: RowSource, { ffmpeg, ...options }: ReadAudioOptions): Promise<AudioStream & Partial<AsyncDisposable>> {
  try {
    return await decodeAudioStream(source, options);
  } catch (error) {
    const isForOthers = error instanceof AudioFormatError && (error.code === "AUDIO_UNSUPPORTED" || error.code === "AUDIO_UNKNOWN_FORMAT");
    if (!isForOthers || ffmpeg === false) throw error;
    const { decodeSource } = await import("../../files/index.ts");
    return await decodeSource(source, { ...options, ffmpeg });
  }
}

function isSilent({ channelData }: Waveform): boolean {
  return channelData.every((samples) => samples.every((sample) => sample === 0));
}

/** @throws AudioFormatError `AUDIO_NOT_FINITE` for samples that are NaN or infinite. */
export function refuseNotFinite(channelData: readonly Float32Array[]): void {
  for (const [channel, samples] of channelData.entries()) {
    const index = firstNotFinite(samples);
    if (index >= 0)
      throw new AudioFormatError("AUDIO_NOT_FINITE", `a sample of channel ${channel} is ${samples[index]}; expected finite numbers`);
  }
}
