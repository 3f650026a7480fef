import { AudioFormatError, numSamplesOf } from "../../core/index.ts";
import { skipId3 } from "../reading/id3.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { DecodedPiece } from "../reading/decoded-piece.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { findFlacEnd, splitFlacFrames } from "./flac-frames.ts";
import type { FlacHeader } from "./flac-header.ts";
import { readFlacHeader } from "./flac-header.ts";
import type { Pace } from "../reading/pace.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import type { Damage, Packet, WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";

/** Sample widths that a FLAC frame can name itself; the decoder reads frames without their stream's header. */
const supportedBits: readonly number[] = [8, 12, 16, 20, 24];

/** Bytes read at a time. */
const pieceLength = 2 ** 16;

/**
 * Opens a FLAC file; integers of b bits become `value / 2^(b-1)`, as in `parseWav`.
 * The number of samples is held against what the header promises or, where an encoder writing to a pipe could not fill
 * that in, against the position of the last frame, so that a damaged or missing frame is always noticed.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openFlac(source: ByteWindow): Promise<EncodedAudio> {
  const header = await readFlacHeader(source, await skipId3(source, 0));
  checkSupported(header);
  const numSamples = header.numSamples ?? (await findFlacEnd(source, header.framesStart, header));
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (let offset = header.framesStart; offset < source.size; offset += pieceLength) yield source.bytes(offset, pieceLength);
  }
  return flacAudio(header, numSamples, chunks, source.pace);
}

/** @throws AudioFormatError `AUDIO_UNSUPPORTED` for a width of samples that the decoder does not know. */
export function checkSupported({ bitsPerSample }: FlacHeader): void {
  if (!supportedBits.includes(bitsPerSample)) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `FLAC with ${bitsPerSample} bits per sample is not supported (${supportedBits.join(", ")} are); ` +
        "convert it first: ffmpeg -i in.flac -c:a pcm_f32le out.wav",
    );
  }
}

/** @param chunks The stream from its first frame on, cut anywhere. */
export function flacAudio(header: FlacHeader, numSamples: number, chunks: () => AsyncIterable<Uint8Array>, pace: Pace): EncodedAudio {
  const { sampleRate, numChannels: channels } = header;
  async function* decodeAll(): AsyncGenerator<DecodedPiece, void> {
    let numDecoded = 0;
    for await (const piece of decodeFlacFrames(header, splitFlacFrames(chunks(), pace), pace)) {
      numDecoded += numSamplesOf(piece);
      if (numDecoded > numSamples) {
        throw new AudioFormatError(
          "AUDIO_CORRUPT",
          `damaged FLAC file: it should have ${numSamples} samples per channel, its frames have more`,
        );
      }
      yield piece;
    }
  }
  return { sampleRate, channels, numSamples, decode: (report) => trimPieces("FLAC", decodeAll(), { end: () => numSamples }, report) };
}

/** Decodes the frames of one stream. */
export async function* decodeFlacFrames(
  { sampleRate, bitsPerSample, numChannels: channels }: FlacHeader,
  frames: AsyncIterable<Packet | Damage>,
  pace: Pace,
): AsyncGenerator<DecodedPiece, void> {
  for await (const piece of runDecoder({ format: "FLAC", sampleRate, channels }, createFlacDecoder, frames, pace)) {
    for (const samples of piece.channelData) restoreIntegers(samples, bitsPerSample);
    yield piece;
  }
}

/** The decoder divides integers by 2^(bits−1) − 1. They are found again without loss, and divided by 2^(bits−1). */
function restoreIntegers(samples: Float32Array, bitsPerSample: number): void {
  const fullScale = 2 ** (bitsPerSample - 1);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(samples[i]! * (fullScale - 1)) / fullScale;
}

async function createFlacDecoder(): Promise<WasmDecoder<Packet>> {
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  const decoder = new FLACDecoder();
  return {
    ready: decoder.ready,
    async decode({ bytes }) {
      const decoded = await decoder.decodeFrames([bytes]);
      // It also reports frames that are missing in front of this one, which is decoded all the same.
      return { ...decoded, errors: decoded.errors.filter(({ message }) => !message.includes("ERROR_STATUS_MISSING_FRAME")) };
    },
    free: () => decoder.free(),
  };
}
