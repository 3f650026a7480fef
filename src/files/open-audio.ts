import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import type { AudioStream, DecodeAudioOptions } from "../audio/index.ts";
import { decodeAudioStream } from "../audio/index.ts";
import type { ByteSource, Waveform } from "../core/index.ts";
import { checkRange, DisposedError, FileError } from "../core/index.ts";
import { namingFile } from "./audio-file.ts";
import { readError } from "./read-file.ts";
import { readRange } from "./read-range.ts";
import { toPath } from "./to-path.ts";

/** An audio file that is open to be read once, piece by piece. It is closed when the loop ends, however it ends, or by disposing it. */
export interface AudioFile extends AudioStream, AsyncDisposable {}

/**
 * Opens an audio file of any length to decode it piece by piece (see `decodeAudioStream`); memory does not grow with the file.
 *
 *     await using audio = await openAudio("concert.flac");
 *     for await (const piece of audio) …
 * @param path A path or a `file:` URL of a regular file: pipes have no ends to look at.
 * @throws FileError `FILE_NOT_FOUND` or `FILE_UNREADABLE`; while iterating, too.
 * @throws AudioFormatError as `decodeAudioStream` does, with the path before its message.
 * @throws DisposedError if it is iterated after it was closed.
 */
export async function openAudio(path: string | URL, options: DecodeAudioOptions = {}): Promise<AudioFile> {
  const name = toPath(path);
  options.signal?.throwIfAborted();
  const { handle, size } = await openRegularFile(name);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= handle.close());
  try {
    const stream = await decodeAudioStream(rangesOf(handle, name, size), options);
    return {
      container: stream.container,
      sampleRate: stream.sampleRate,
      channels: stream.channels,
      numSamples: stream.numSamples,
      async *[Symbol.asyncIterator](): AsyncGenerator<Waveform, void> {
        if (closing !== undefined) throw new DisposedError(name);
        try {
          yield* stream;
        } catch (error) {
          throw namingFile(error, name);
        } finally {
          await close();
        }
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw namingFile(error, name);
  }
}

async function openRegularFile(path: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  try {
    // Before opening, which would wait for a writer if this were a pipe.
    const stats = await stat(path);
    if (!stats.isFile()) {
      const what = stats.isDirectory() ? "it is a folder" : "it is a pipe or a device, whose length is not known";
      throw new FileError("FILE_UNREADABLE", path, `cannot read ${path}: ${what}; give the name of a file`);
    }
    return { handle: await open(path, "r"), size: stats.size };
  } catch (error) {
    throw error instanceof FileError ? error : readError(path, error);
  }
}

function rangesOf(handle: FileHandle, name: string, size: number): ByteSource {
  return {
    name,
    size,
    async read(offset, length) {
      checkRange(name, size, offset, length);
      const bytes = await readRange(handle, offset, length).catch((error: unknown) => {
        throw readError(name, error);
      });
      if (bytes.length === length) return bytes;
      throw new FileError(
        "FILE_UNREADABLE",
        name,
        `${name} became shorter while it was read: it had ${size} bytes and now ends at ${offset + bytes.length}`,
      );
    },
  };
}
