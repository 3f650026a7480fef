import { fileURLToPath } from "node:url";
import type { DecodeAudioOptions, FormatWavOptions } from "../audio/index.ts";
import { decodeAudio, formatWav } from "../audio/index.ts";
import type { Waveform } from "../core/index.ts";
import { AudioFormatError } from "../core/index.ts";
import { readWholeFile } from "./read-file.ts";
import type { WriteFileOptions } from "./write-file.ts";
import { writeFileAtomically } from "./write-file.ts";

/**
 * Reads and decodes an audio file: WAV, FLAC, MP3, or Ogg with Vorbis, Opus or FLAC (see `decodeAudio`).
 * @param source A path, a `file:` URL, or the bytes of such a file.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`.
 * @throws AudioFormatError as `decodeAudio` does, with the path before its message.
 */
export async function readAudio(source: string | URL | Uint8Array, options: DecodeAudioOptions = {}): Promise<Waveform> {
  if (source instanceof Uint8Array) return decodeAudio(source, options);
  const path = toPath(source);
  const bytes = await readWholeFile(path, options.signal);
  try {
    return await decodeAudio(bytes, options);
  } catch (error) {
    if (!(error instanceof AudioFormatError)) throw error;
    const code = error.code as ConstructorParameters<typeof AudioFormatError>[0];
    throw new AudioFormatError(code, `${path}: ${error.message}`, { cause: error });
  }
}

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

function toPath(source: string | URL): string {
  if (typeof source === "string") {
    if (/^[a-z]+:\/\//i.test(source)) throw wrongScheme(source);
    return source;
  }
  if (!(source instanceof URL)) throw new TypeError(`expected a path, a file: URL or bytes; received ${typeof source}`);
  if (source.protocol !== "file:") throw wrongScheme(source.href);
  return fileURLToPath(source);
}

function wrongScheme(url: string): TypeError {
  return new TypeError(`expected a path or a URL object with file:; received ${url}. Download it first and pass the bytes`);
}
