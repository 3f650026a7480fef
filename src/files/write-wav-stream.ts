import { formatWavHeader, formatWavSamples } from "../audio/index.ts";
import type { Waveform } from "../core/index.ts";
import { checkWaveform, numSamplesOf } from "../core/index.ts";
import type { WriteWavOptions } from "./audio-file.ts";
import { toPath } from "./to-path.ts";
import { createReplacement } from "./write-file.ts";

/** Samples, of all channels together, that are written before signals and timers have their turn: a few milliseconds of work. */
const samplesPerWrite = 2 ** 18;

/** How a WAV file is written piece by piece. */
export interface WriteWavStreamOptions extends WriteWavOptions {
  /** Stops the work between two pieces; the promise then rejects with the signal's reason, and no file is left. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes audio of any length as a WAV file while it comes: the same bytes as `writeWav` of the whole, as a whole or not
 * at all. Memory does not grow with its length.
 * @param path A path or a `file:` URL; the folder must exist.
 * @param pieces At least one, all of one sample rate and number of channels, such as an `AudioStream`.
 * @throws FileError as `writeWav` does.
 * @throws TypeError, RangeError as `formatWav` does, among them RangeError once the file grows over 4 GiB, which its
 * header cannot say; RangeError if pieces differ or there are none. Whatever `pieces` throws is passed on.
 */
export async function writeWavStream(
  path: string | URL,
  pieces: AsyncIterable<Waveform> | Iterable<Waveform>,
  options: WriteWavStreamOptions = {},
): Promise<void> {
  const { signal } = options;
  signal?.throwIfAborted();
  await using file = await createReplacement(toPath(path), options);
  let form: { readonly sampleRate: number; readonly channels: number } | undefined;
  let numSamples = 0;
  let numBytes = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    checkWaveform(piece);
    const { channelData, sampleRate } = piece;
    if (form === undefined) {
      form = { sampleRate, channels: channelData.length };
      await file.write(formatWavHeader({ ...form, numSamples: 0 }, options));
    }
    if (sampleRate !== form.sampleRate || channelData.length !== form.channels) {
      throw new RangeError(
        `every piece must be ${form.channels}-channel audio at ${form.sampleRate} Hz as the first; ` +
          `received ${channelData.length}-channel audio at ${sampleRate} Hz`,
      );
    }
    numSamples += numSamplesOf(piece);
    formatWavHeader({ ...form, numSamples }, options); // throws as soon as the file would be too long
    const length = Math.ceil(samplesPerWrite / form.channels);
    for (let start = 0; start < numSamplesOf(piece); start += length) {
      const samples = formatWavSamples(
        { channelData: channelData.map((channel) => channel.subarray(start, start + length)), sampleRate },
        options,
      );
      numBytes += samples.length;
      await file.write(samples);
      signal?.throwIfAborted();
    }
  }
  if (form === undefined)
    throw new RangeError("no piece of audio came, so there is no sample rate to write; give at least one, which may be empty");
  signal?.throwIfAborted();
  if (numBytes % 2 === 1) await file.write(new Uint8Array(1));
  await file.write(formatWavHeader({ ...form, numSamples }, options), 0);
  await file.publish();
}
