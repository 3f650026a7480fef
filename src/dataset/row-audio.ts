import { decodeAudioStream } from "../audio/index.ts";
import { AudioFormatError, numSamplesOf } from "../core/index.ts";
import type { Waveform } from "../core/index.ts";
import { openRowSource } from "./row-bytes.ts";
import type { RowLocation } from "./row-bytes.ts";
import type { SampleRange } from "./sample-range.ts";

/** Audio of a row, open to be decoded; disposing it closes its file. */
export interface RowAudio extends AsyncDisposable {
  /** In hertz. */
  readonly sampleRate: number;
  /** The samples `start` … `end` − 1, as far as there are any, in pieces of at most a second. What follows is not decoded. */
  pieces(range: SampleRange): AsyncGenerator<Waveform, void>;
}

/**
 * Opens the audio of a row.
 * @throws FileError, AudioFormatError for a file that cannot be read or decoded; while iterating, too.
 */
export async function openRowAudio(location: RowLocation): Promise<RowAudio> {
  const source = await openRowSource(location);
  const close = async (): Promise<void> => source[Symbol.asyncDispose]();
  try {
    const stream = await decodeAudioStream(source);
    if (stream.isCutOff) throw new AudioFormatError("AUDIO_CORRUPT", "truncated WAV: it ends before the samples that its header promises; fetch or export it again");
    return { sampleRate: stream.sampleRate, pieces: (range) => within(stream, range), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function* within(pieces: AsyncIterable<Waveform>, { start, end }: SampleRange): AsyncGenerator<Waveform, void> {
  let position = 0;
  for await (const piece of pieces) {
    const [from, to] = [Math.max(0, start - position), Math.min(numSamplesOf(piece), end - position)];
    position += numSamplesOf(piece);
    if (to > from) yield { channelData: piece.channelData.map((samples) => samples.subarray(from, to)), sampleRate: piece.sampleRate };
    if (position >= end) return;
  }
}

/** @throws AudioFormatError `AUDIO_NOT_FINITE` for samples that are NaN or infinite. */
export function checkFinite(channelData: readonly Float32Array[]): void {
  for (const [channel, samples] of channelData.entries()) {
    const sample = samples.find((value) => !Number.isFinite(value));
    if (sample !== undefined) throw new AudioFormatError("AUDIO_NOT_FINITE", `a sample of channel ${channel} is ${sample}; expected finite numbers`);
  }
}
