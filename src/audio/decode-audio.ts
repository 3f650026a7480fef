import { checkOptions, numSamplesOf } from "../core/index.ts";
import type { Waveform } from "../core/index.ts";
import type { AudioForm } from "./reading/audio-form.ts";
import { decodeAudioOptionNames } from "./reading/decode-audio-options.ts";
import type { DecodeAudioOptions } from "./reading/decode-audio-options.ts";
import { decodeStreamWith } from "./decode-audio-stream.ts";
import type { OtherDecoder } from "./decode-audio-stream.ts";
import { pcmFormats } from "./pcm/pcm-containers.ts";
import { inBatches } from "./reading/in-batches.ts";
import { joinedSize, joinWaveforms } from "./reading/join-waveforms.ts";
import { Pace } from "./reading/pace.ts";

/** Most samples, all channels together, that a file may decode to unless told otherwise: 4 GiB of float32. */
const maxNumSamples = 2 ** 30;

/**
 * Decodes a whole audio file, recognised by its bytes: any `AudioContainer` but `other`.
 *
 * Samples come at the file's own rate (Opus: 48 kHz) and with its own channels. The result starts and ends where the
 * original did as far as the file says so: encoder delay and padding are cut off. Decoders are WebAssembly, loaded
 * when first needed. Timers, signals and other events have their turn now and then while it works.
 *
 * Of a file that is cut short or damaged, everything that is sound is decoded, and `options.onWarning` is told what is not, with position
 * and samples. With `options.strict` it is refused.
 * @throws AudioFormatError `AUDIO_EMPTY` without bytes or samples, `AUDIO_UNKNOWN_FORMAT` for what is no audio,
 * `AUDIO_UNSUPPORTED` for audio of another kind or beyond `options.limits` (2^30 samples unless told otherwise),
 * `AUDIO_CORRUPT` for a file of which nothing can be decoded, and with `options.strict` for anything that is wrong with it.
 */
export async function decodeAudio(bytes: Uint8Array, options: DecodeAudioOptions = {}): Promise<Waveform> {
  checkOptions("decodeAudio", options, decodeAudioOptionNames);
  return decodeWith(undefined, bytes, options);
}

/** `decodeAudio` with a decoder that is asked for files that this package has none for. */
export async function decodeWith(
  otherDecoder: OtherDecoder | undefined,
  bytes: Uint8Array,
  options: DecodeAudioOptions,
): Promise<Waveform> {
  const { signal, limits, strict, onWarning } = options;
  signal?.throwIfAborted();
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`decodeAudio takes the bytes of an audio file as a Uint8Array; received ${typeof bytes}`);
  }
  const audio = await decodeStreamWith(otherDecoder, bytes, {
    signal,
    strict,
    onWarning,
    limits: { ...limits, maxSamples: limits?.maxSamples ?? maxNumSamples },
  });
  // Files of samples have bytes for all that they are said to have; of others, that is known only when they are decoded.
  if (audio.container in pcmFormats) return join(audio, audio, audio.numSamples!);
  const pieces: Waveform[] = [];
  // Of many channels there would be a million small arrays in the end, among which garbage collection takes a second.
  for await (const batch of inBatches(audio, (piece) => numSamplesOf(piece) * audio.channels, joinedSize))
    pieces.push(joinWaveforms(batch));
  return join(
    pieces,
    audio,
    pieces.reduce((sum, piece) => sum + numSamplesOf(piece), 0),
  );
}

async function join(
  pieces: AsyncIterable<Waveform> | Iterable<Waveform>,
  { sampleRate, channels }: AudioForm,
  numSamples: number,
): Promise<Waveform> {
  const channelData = Array.from({ length: channels }, () => new Float32Array(numSamples));
  const pace = new Pace();
  let position = 0;
  for await (const piece of pieces) {
    for (const [channel, samples] of piece.channelData.entries()) channelData[channel]!.set(samples, position);
    position += numSamplesOf(piece);
    await pace.spend(numSamplesOf(piece) * channels);
  }
  return { channelData, sampleRate };
}
