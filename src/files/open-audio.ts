import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { onAbort } from "../async/index.ts";
import type { AudioStream } from "../audio/index.ts";
import { decodeStreamWith } from "../audio/index.ts";
import type { ByteSource, Waveform } from "../core/index.ts";
import { checkOptions, DisposedError, FileError, rangesOf } from "../core/index.ts";
import { namingFile } from "./audio-file.ts";
import { ffmpegDecoder } from "./ffmpeg-decoder.ts";
import type { FfmpegDecoder } from "./ffmpeg-decoder.ts";
import { readAudioOptionNames } from "./find-ffmpeg.ts";
import type { ReadAudioOptions } from "./find-ffmpeg.ts";
import { readError } from "./read-file.ts";
import { readingPipe } from "./reading-pipe.ts";
import { spool } from "./spool.ts";
import type { OpenedFile } from "./spool.ts";
import { toPath } from "./to-path.ts";

/** An audio file that is open to be read once, piece by piece. It is closed when the loop ends, however it ends, or by disposing it. */
export interface AudioFile extends AudioStream, AsyncDisposable {}

/**
 * Opens an audio file of any length to decode it piece by piece (see `decodeAudioStream`); memory does not grow with the file. An ffmpeg
 * on this machine is asked for what this package has no decoder for: the audio's `decoder` tells.
 *
 *     await using audio = await openAudio("concert.flac");
 *     for await (const piece of audio) …
 *
 * Audio files have to be looked at in more than one place, so what comes through a pipe or a stream is first written to
 * a temporary file, to its end.
 * @param source A path or a `file:` URL, of a pipe as well; or the bytes of such a file as they come, such as
 * `process.stdin` or the body of a response.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`, while iterating, too; `FILE_UNWRITABLE` for the temporary file.
 * @throws AudioFormatError as `decodeAudioStream` does, with the path before its message.
 * @throws DisposedError if it is iterated after it was closed.
 */
export async function openAudio(source: string | URL | AsyncIterable<Uint8Array>, options: ReadAudioOptions = {}): Promise<AudioFile> {
  checkOptions("openAudio", options, readAudioOptionNames);
  const { signal } = options;
  signal?.throwIfAborted();
  if (isStream(source)) return decodeOpened(await spool(source, signal), "audio", (error) => error, options);
  const path = toPath(source);
  return decodeOpened(await openPath(path, signal), path, (error) => namingFile(error, path), options);
}

function isStream(source: string | URL | AsyncIterable<Uint8Array>): source is AsyncIterable<Uint8Array> {
  return typeof source === "object" && source !== null && Symbol.asyncIterator in source;
}

/** Closes the files of audio that nobody has read to its end or disposed, and nobody can reach any more. */
const abandoned = new FinalizationRegistry<Pick<OpenedFile, "close">>((file) => void file.close().catch(() => {})); // there is nobody to tell

/** @param toError What to make of errors about the audio. */
async function decodeOpened(
  file: OpenedFile,
  name: string,
  toError: (error: unknown) => unknown,
  options: ReadAudioOptions,
): Promise<AudioFile> {
  let closing: Promise<void> | undefined;
  let audio: AudioFile | undefined;
  const opened = decodable(file, options);
  const close = (): Promise<void> => {
    if (audio !== undefined) abandoned.unregister(audio); // and so whoever has come to an iterator can reach the audio
    return (closing ??= opened.close());
  };
  try {
    const stream = await decodeStreamWith(opened.decode, rangesOfAudio(file, name), options);
    const decode = async function* (): AsyncGenerator<Waveform, void> {
      if (closing !== undefined) throw new DisposedError(name);
      try {
        yield* stream;
      } catch (error) {
        throw toError(error);
      } finally {
        await close();
      }
    };
    audio = {
      container: stream.container,
      decoder: stream.decoder,
      sampleRate: stream.sampleRate,
      channels: stream.channels,
      numSamples: stream.numSamples,
      [Symbol.asyncIterator]() {
        const pieces = decode();
        return {
          next: () => pieces.next(),
          async return() {
            await pieces.return();
            await close(); // a generator that was asked for nothing yet does not
            return { done: true, value: undefined };
          },
        };
      },
      [Symbol.asyncDispose]: close,
    };
    abandoned.register(audio, opened, audio);
    return audio;
  } catch (error) {
    await close();
    throw toError(error);
  }
}

/**
 * An open file with the ffmpeg that may be asked for it. It is made where no audio is in reach: what it refers to cannot be found to be abandoned.
 */
function decodable(file: OpenedFile, { ffmpeg, signal }: ReadAudioOptions): FfmpegDecoder {
  const { decode, close } = ffmpegDecoder(async () => ({ ...file, close: async () => {} }), { ffmpeg, signal });
  return { decode, close: () => close().finally(() => file.close()) };
}

async function spoolPipe(path: string, signal: AbortSignal | undefined): Promise<OpenedFile> {
  const pipe = createReadStream(path);
  using _ = onAbort(signal, () => pipe.destroy());
  return await spool(pipe, signal);
}

async function openPath(path: string, signal: AbortSignal | undefined): Promise<OpenedFile> {
  try {
    // Before opening, which would wait for a writer if this were a pipe.
    const stats = await stat(path);
    if (stats.isFIFO() || stats.isSocket()) return await readingPipe(path, signal, () => spoolPipe(path, signal));
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? "it is a folder" : "it is a device";
      throw new FileError("FILE_UNREADABLE", path, `cannot read ${path}: ${what}; give the name of a file`);
    }
    const handle = await open(path, "r");
    return { handle, size: stats.size, close: () => handle.close() };
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof FileError ? error : readError(path, error);
  }
}

function rangesOfAudio({ handle, size }: OpenedFile, name: string): ByteSource {
  return rangesOf(handle, {
    name,
    size,
    toError: (error) => readError(name, error),
    cutShort: (end) =>
      new FileError("FILE_UNREADABLE", name, `${name} became shorter while it was read: it had ${size} bytes and now ends at ${end}`),
  });
}
