import type { AudioStream } from "../audio/index.ts";
import { decodeStreamWith } from "../audio/index.ts";
import type { ByteSource } from "../core/index.ts";
import { ffmpegDecoder } from "./ffmpeg-decoder.ts";
import type { ReadAudioOptions } from "./find-ffmpeg.ts";
import { spool } from "./spool.ts";

/** Audio of a source that somebody else closes. Disposing it ends the ffmpeg that decodes it, if there is one. */
export interface SourceAudio extends AudioStream, AsyncDisposable {}

/** Bytes that are copied at a time for an ffmpeg. */
const pieceBytes = 2 ** 20;

/**
 * Opens audio that is part of a file, such as a member of a tar, or in memory: `decodeAudioStream`, and where that has no decoder, an
 * ffmpeg, for which the bytes are written into a temporary file. The audio's `decoder` says who decodes it, for records of where clips come from.
 * @throws AudioFormatError as `decodeAudioStream` does; FileError `FILE_UNWRITABLE` for the temporary file; what `source` throws.
 */
export async function decodeSource(source: ByteSource, options: ReadAudioOptions = {}): Promise<SourceAudio> {
  const ffmpeg = ffmpegDecoder(() => spool(bytesOf(source), options.signal), options);
  try {
    return { ...(await decodeStreamWith(ffmpeg.decode, source, options)), [Symbol.asyncDispose]: () => ffmpeg.close() };
  } catch (error) {
    await ffmpeg.close();
    throw error;
  }
}

async function* bytesOf(source: ByteSource): AsyncGenerator<Uint8Array, void> {
  for (let offset = 0; offset < source.size; offset += pieceBytes) yield source.read(offset, Math.min(pieceBytes, source.size - offset));
}
