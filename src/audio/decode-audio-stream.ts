import { AudioFormatError, bytesSource, checkOptions, numSamplesOf } from "../core/index.ts";
import type { ByteSource, Waveform } from "../core/index.ts";
import { identifyContainer } from "./audio-container.ts";
import type { AudioContainer } from "./audio-container.ts";
import { allLimits, checkForm, checkNumSamples } from "./reading/audio-limits.ts";
import type { AllAudioLimits } from "./reading/audio-limits.ts";
import { WarningReport } from "./reading/audio-warning.ts";
import { ByteWindow } from "./reading/byte-window.ts";
import { decodeAudioOptionNames } from "./reading/decode-audio-options.ts";
import type { DecodeAudioOptions } from "./reading/decode-audio-options.ts";
import { openFlac } from "./flac/decode-flac.ts";
import { openMatroska } from "./media/read-matroska.ts";
import { openMp4 } from "./media/read-mp4.ts";
import { openMpeg } from "./mpeg/decode-mpeg.ts";
import { openOggAudio } from "./ogg/decode-ogg.ts";
import { FinalRefusal } from "./reading/final-refusal.ts";
import type { EncodedAudio } from "./reading/encoded-audio.ts";
import { openPcm } from "./pcm/open-pcm.ts";
import { pcmFormats } from "./pcm/pcm-containers.ts";
import type { PcmContainer } from "./pcm/pcm-containers.ts";
import { skipId3 } from "./reading/id3.ts";
import { slicePiece } from "./reading/trim-pieces.ts";
import { mayBeAudio, unreadableFileError } from "./unreadable-file.ts";

/**
 * Audio that is decoded while it is read: iterating gives it in order, in pieces of at most a second, none of them empty.
 * Leaving the loop early frees the decoder. Each loop starts anew from the beginning.
 */
export interface AudioStream extends AsyncIterable<Waveform> {
  readonly container: AudioContainer;
  /** The program that decodes it, with its version, such as `ffmpeg 5.1.9`; undefined where this package does so itself. */
  readonly decoder: string | undefined;
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
  checkOptions("decodeAudioStream", options, decodeAudioOptionNames);
  return decodeStreamWith(undefined, source, options);
}

/** Audio that another program decodes. */
export interface OtherAudio extends EncodedAudio {
  /** The program with its version. */
  readonly decoder: string;
}

/**
 * Opens a file that this package has no decoder for.
 * @param refusal What is to be said if it cannot be opened this way either.
 */
export type OtherDecoder = (refusal: AudioFormatError) => Promise<OtherAudio>;

/** `decodeAudioStream` with a decoder that is asked for files that this package has none for. */
export async function decodeStreamWith(
  otherDecoder: OtherDecoder | undefined,
  source: ByteSource | Uint8Array,
  options: DecodeAudioOptions,
): Promise<AudioStream> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (!(source instanceof Uint8Array) && typeof source?.read !== "function") {
    throw new TypeError(`decodeAudioStream takes bytes or a ByteSource { name, size, read }; received ${typeof source}`);
  }
  const limits = allLimits(options.limits);
  const wholeSource = source instanceof Uint8Array ? bytesSource(source, "audio") : source;
  if (wholeSource.size === 0) throw new AudioFormatError("AUDIO_EMPTY", "empty file: it has 0 bytes");
  const { container, decoder, audio } = await openContainer(new ByteWindow(wholeSource, signal), otherDecoder);
  const { sampleRate, channels, numSamples } = audio;
  const name = container === "other" ? "audio" : container;
  checkForm(name, audio, limits);
  checkNumSamples(name, (numSamples ?? 0) * channels, limits);
  return {
    container,
    decoder,
    sampleRate,
    channels,
    numSamples,
    [Symbol.asyncIterator]: () => inSeconds(audio, name, limits, options),
  };
}

function isForOthers(error: unknown): error is AudioFormatError {
  if (!(error instanceof AudioFormatError) || error instanceof FinalRefusal) return false;
  return error.code === "AUDIO_UNSUPPORTED" || error.code === "AUDIO_UNKNOWN_FORMAT";
}

async function openContainer(
  source: ByteWindow,
  otherDecoder: OtherDecoder | undefined,
): Promise<{ readonly container: AudioContainer; readonly decoder: string | undefined; readonly audio: EncodedAudio }> {
  const container = await identifyContainer(source);
  try {
    if (container === undefined) throw unreadableFileError(await headOf(source));
    return { container, decoder: undefined, audio: await openers[container](source) };
  } catch (error) {
    if (otherDecoder === undefined || !isForOthers(error) || !mayBeAudio(await headOf(source))) throw error;
    const audio = await otherDecoder(error);
    return { container: "other", decoder: audio.decoder, audio };
  }
}

/** The first bytes behind any ID3 tags. */
async function headOf(source: ByteWindow): Promise<Uint8Array> {
  return source.bytes(await skipId3(source, 0), 256);
}

const pcmOpeners = Object.fromEntries(
  (Object.keys(pcmFormats) as PcmContainer[]).map((container) => [
    container,
    async (source: ByteWindow) => openPcm(container, source.from(await skipId3(source, 0))),
  ]),
) as Record<PcmContainer, (source: ByteWindow) => Promise<EncodedAudio>>;

const openers: Readonly<Record<Exclude<AudioContainer, "other">, (source: ByteWindow) => Promise<EncodedAudio>>> = {
  ...pcmOpeners,
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
  name: string,
  limits: AllAudioLimits,
  options: DecodeAudioOptions,
): AsyncGenerator<Waveform, void> {
  const { signal } = options;
  const report = new WarningReport(options);
  signal?.throwIfAborted();
  let numSamples = 0;
  for await (const piece of audio.decode(report)) {
    numSamples += numSamplesOf(piece);
    checkNumSamples(name, numSamples * audio.channels, limits);
    for (let start = 0; start < numSamplesOf(piece); start += audio.sampleRate) {
      yield slicePiece(piece, start, start + audio.sampleRate);
      signal?.throwIfAborted();
    }
  }
  report.end();
}
