import type { Waveform } from "../core/index.ts";
import { AudioFormatError, numSamplesOf } from "../core/index.ts";
import type { AudioStream, DecodeAudioOptions } from "./decode-audio-stream.ts";
import { decodeAudioStream } from "./decode-audio-stream.ts";
import { parseWav } from "./parse-wav.ts";
import { isWav } from "./wav-header.ts";

/** Most samples, all channels together, that a compressed file may decode to: 4 GiB of float32. */
const MAX_NUM_SAMPLES = 2 ** 30;

/**
 * Decodes a whole audio file, recognised by its bytes: WAV, FLAC, MP3, or Ogg with Vorbis, Opus or FLAC.
 *
 * Samples come at the file's own rate (Opus: 48 kHz) and with its own channels. The result starts and ends where the
 * original did as far as the file says so: encoder delay and padding are cut off. Decoders are WebAssembly, loaded
 * when first needed.
 *
 * Compressed files that are cut short or damaged are refused rather than decoded in part; WAV files that end early
 * keep what they have (see `parseWav`).
 * @throws AudioFormatError `AUDIO_EMPTY` without bytes or samples, `AUDIO_UNKNOWN_FORMAT` for what is no audio,
 * `AUDIO_UNSUPPORTED` for audio of another kind or over 2^30 samples, `AUDIO_CORRUPT` for damaged or truncated files.
 */
export async function decodeAudio(bytes: Uint8Array, options: DecodeAudioOptions = {}): Promise<Waveform> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`decodeAudio takes the bytes of an audio file as a Uint8Array; received ${typeof bytes}`);
  }
  return isWav(bytes) ? parseWav(bytes) : collectPieces(await decodeAudioStream(bytes, options));
}

async function collectPieces(audio: AudioStream): Promise<Waveform> {
  const { container, sampleRate, channels } = audio;
  const pieces: Waveform[] = [];
  let numSamples = 0;
  for await (const piece of audio) {
    pieces.push(piece);
    numSamples += numSamplesOf(piece);
    if (numSamples * channels > MAX_NUM_SAMPLES) {
      throw new AudioFormatError(
        "AUDIO_UNSUPPORTED",
        `${container} file with over ${MAX_NUM_SAMPLES} samples; decode it piece by piece with decodeAudioStream, ` +
          "or cut it into parts first: ffmpeg -i in -f segment -segment_time 3600 out%03d.wav",
      );
    }
  }
  const channelData = Array.from({ length: channels }, () => new Float32Array(numSamples));
  let position = 0;
  for (const piece of pieces) {
    for (const [channel, samples] of piece.channelData.entries()) channelData[channel]!.set(samples, position);
    position += numSamplesOf(piece);
  }
  return { channelData, sampleRate };
}
