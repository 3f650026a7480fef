import { AudioFormatError, bytesSource, numSamplesOf } from "../core/index.ts";
import type { ByteSource, Waveform } from "../core/index.ts";
import { identifyContainer } from "./audio-container.ts";
import type { AudioContainer } from "./audio-container.ts";
import { allLimits, checkForm, checkNumSamples } from "./reading/audio-limits.ts";
import type { AllAudioLimits } from "./reading/audio-limits.ts";
import { WarningReport } from "./reading/audio-warning.ts";
import { ByteWindow } from "./reading/byte-window.ts";
import type { DecodeAudioOptions } from "./reading/decode-audio-options.ts";
import { openFlac } from "./flac/decode-flac.ts";
import { openMatroska } from "./media/read-matroska.ts";
import { openMp4 } from "./media/read-mp4.ts";
import { openMpeg } from "./mpeg/decode-mpeg.ts";
import { openOggAudio } from "./ogg/decode-ogg.ts";
import type { EncodedAudio } from "./reading/encoded-audio.ts";
import { skipId3 } from "./reading/id3.ts";
import { openWav } from "./pcm/parse-wav.ts";
import { slicePiece } from "./reading/trim-pieces.ts";
import { unreadableFileError } from "./unreadable-file.ts";

/**
 * Audio that is decoded while it is read: iterating gives it in order, in pieces of at most a second, none of them empty.
 * Leaving the loop early frees the decoder. Each loop starts anew from the beginning.
 */
export interface AudioStream extends AsyncIterable<Waveform> {
  readonly container: AudioContainer;
  /** Sample rate in hertz, that of every piece. */
  readonly sampleRate: number;
  /** Number of channels, that of every piece. */
  readonly channels: number;
  /**
   * Samples per channel of all pieces together, as the file gives it before it is decoded: undefined if it does not,
   * another number where the file is wrong.
   */
  readonly numSamples: number | undefined;
}

/**
 * Opens an audio file of any length, recognised by its bytes as `decodeAudio` does, to decode it piece by piece.
 *
 * The pieces are, sample by sample, what `decodeAudio` gives for the whole. What is held in memory does not grow with
 * the file. The same damage is found as well, with the pieces around it or at the latest at the end of the file, so audio
 * is only known to be whole when the loop has ended; each loop reports it anew. Timers, signals and other events have their turn between pieces.
 * @param source The bytes of a file, or a way to read ranges of them.
 * @throws AudioFormatError as `decodeAudio` does; while iterating, too. Whatever `source` throws is passed on.
 */
export async function decodeAudioStream(source: ByteSource | Uint8Array, options: DecodeAudioOptions = {}): Promise<AudioStream> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (!(source instanceof Uint8Array) && typeof source?.read !== "function") {
    throw new TypeError(`decodeAudioStream takes bytes or a ByteSource { name, size, read }; received ${typeof source}`);
  }
  const limits = allLimits(options.limits);
  const wholeSource = source instanceof Uint8Array ? bytesSource(source, "audio") : source;
  if (wholeSource.size === 0) throw new AudioFormatError("AUDIO_EMPTY", "empty file: it has 0 bytes");
  const window = new ByteWindow(wholeSource, signal);
  const container = await identifyContainer(window);
  if (container === undefined) throw unreadableFileError(await window.bytes(await skipId3(window, 0), 256));
  const audio = await openers[container](window);
  const { sampleRate, channels, numSamples } = audio;
  checkForm(container, audio, limits);
  checkNumSamples(container, (numSamples ?? 0) * channels, limits);
  return {
    container,
    sampleRate,
    channels,
    numSamples,
    [Symbol.asyncIterator]: () => inSeconds(audio, container, limits, options),
  };
}

const openers: Readonly<Record<AudioContainer, (source: ByteWindow) => Promise<EncodedAudio>>> = {
  wav: async (source) => openWav(source.from(await skipId3(source, 0))),
  flac: openFlac,
  ogg: openOggAudio,
  mp3: openMpeg,
  mp2: openMpeg,
  mp1: openMpeg,
  matroska: async (source) => openMatroska(source.from(await skipId3(source, 0))),
  mp4: async (source) => openMp4(source.from(await skipId3(source, 0))),
};

async function* inSeconds(
  audio: EncodedAudio,
  container: AudioContainer,
  limits: AllAudioLimits,
  options: DecodeAudioOptions,
): AsyncGenerator<Waveform, void> {
  const { signal } = options;
  const report = new WarningReport(options);
  signal?.throwIfAborted();
  let numSamples = 0;
  for await (const piece of audio.decode(report)) {
    numSamples += numSamplesOf(piece);
    checkNumSamples(container, numSamples * audio.channels, limits);
    for (let start = 0; start < numSamplesOf(piece); start += audio.sampleRate) {
      yield slicePiece(piece, start, start + audio.sampleRate);
      signal?.throwIfAborted();
    }
  }
  report.end();
}
