import type { Waveform } from "../core/index.ts";
import { AudioFormatError } from "../core/index.ts";
import { identifyContainer } from "./audio-container.ts";
import { decodeFlac } from "./decode-flac.ts";
import { decodeMp3 } from "./decode-mp3.ts";
import { decodeOgg } from "./decode-ogg.ts";
import { parseWav } from "./parse-wav.ts";
import { unreadableFileError } from "./unreadable-file.ts";

export interface DecodeAudioOptions {
  /** Stops the work between two pieces of the file; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

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
 * `AUDIO_UNSUPPORTED` for audio of another kind, `AUDIO_CORRUPT` for damaged or truncated files.
 */
export async function decodeAudio(bytes: Uint8Array, options: DecodeAudioOptions = {}): Promise<Waveform> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`decodeAudio takes the bytes of an audio file as a Uint8Array; received ${typeof bytes}`);
  }
  if (bytes.length === 0) {
    throw new AudioFormatError("AUDIO_EMPTY", "empty file: it has 0 bytes");
  }
  switch (identifyContainer(bytes)) {
    case "wav":
      return parseWav(bytes);
    case "flac":
      return decodeFlac(bytes, signal);
    case "ogg":
      return decodeOgg(bytes, signal);
    case "mp3":
      return decodeMp3(bytes, signal);
    case undefined:
      throw unreadableFileError(bytes);
  }
}
