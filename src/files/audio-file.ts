import type { FormatWavOptions } from "../audio/index.ts";
import { decodeWith, formatWav } from "../audio/index.ts";
import type { Waveform } from "../core/index.ts";
import { AudioFormatError, checkOptions } from "../core/index.ts";
import { ffmpegDecoder } from "./ffmpeg-decoder.ts";
import { readAudioOptionNames } from "./find-ffmpeg.ts";
import type { ReadAudioOptions } from "./find-ffmpeg.ts";
import { readWholeFile } from "./read-file.ts";
import { spool } from "./spool.ts";
import { toPath } from "./to-path.ts";
import type { WriteFileOptions } from "./write-file.ts";
import { writeFileAtomically } from "./write-file.ts";

/**
 * Reads and decodes an audio file: any `AudioContainer`, `other` where an ffmpeg on this machine reads it (see `decodeAudio`).
 * @param source A path, a `file:` URL, or the bytes of such a file.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`.
 * @throws AudioFormatError as `decodeAudio` does, with the path before its message.
 */
export async function readAudio(source: string | URL | Uint8Array, options: ReadAudioOptions = {}): Promise<Waveform> {
  checkOptions("readAudio", options, readAudioOptionNames);
  if (source instanceof Uint8Array) return decodeBytes(source, options);
  const path = toPath(source);
  const bytes = await readWholeFile(path, options.signal);
  try {
    return await decodeBytes(bytes, options);
  } catch (error) {
    throw namingFile(error, path);
  }
}

async function decodeBytes(bytes: Uint8Array, options: ReadAudioOptions): Promise<Waveform> {
  const ffmpeg = ffmpegDecoder(() => spool([bytes], options.signal), options);
  try {
    return await decodeWith(ffmpeg.decode, bytes, options);
  } finally {
    await ffmpeg.close();
  }
}

/** Puts the path before the message of an `AudioFormatError`; other errors are given back as they are. */
export function namingFile(error: unknown, path: string): unknown {
  if (!(error instanceof AudioFormatError)) return error;
  const code = error.code as ConstructorParameters<typeof AudioFormatError>[0];
  return new AudioFormatError(code, `${path}: ${error.message}`, { cause: error });
}

/** How a WAV file is written. */
export interface WriteWavOptions extends FormatWavOptions, WriteFileOptions {}

/**
 * Writes a waveform as a WAV file, as a whole or not at all (see `formatWav` and `writeFileAtomically`).
 * @param path A path or a `file:` URL; the folder must exist.
 * @throws FileError `FILE_EXISTS`, `FILE_NOT_FOUND` or `FILE_UNWRITABLE`.
 * @throws TypeError, RangeError as `formatWav` does; nothing is written then.
 */
export async function writeWav(path: string | URL, waveform: Waveform, options: WriteWavOptions = {}): Promise<void> {
  const target = toPath(path);
  await writeFileAtomically(target, formatWav(waveform, options), options);
}
