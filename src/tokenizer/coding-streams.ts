import { ReadableStream, TransformStream, type WritableStream } from "node:stream/web";
import { convertAudioStream } from "../audio/index.ts";
import { AudioCodes, numSamplesOf } from "../core/index.ts";
import type { AudioCodesData, Waveform } from "../core/index.ts";
import type { DecoderStream } from "./decoder-stream.ts";
import type { ClipFormat } from "./encode-clips.ts";
import type { EncoderStream } from "./encoder-stream.ts";
import type { CallOptions } from "./options.ts";
import { tileFrames } from "./piecewise-part.ts";
import { readAhead } from "./read-ahead.ts";

/** Pieces that come now or later. */
export type Pieces<T> = AsyncIterable<T> | Iterable<T>;

/** A web `TransformStream`: the two ends of a stream that codes. */
export interface CodingTransform<Input, Output> {
  readonly writable: WritableStream<Input>;
  readonly readable: ReadableStream<Output>;
}

/** Segments that go through the network at a time. */
const segmentsAtATime = 8;

/** Codes of audio in pieces, each as soon as it is settled. */
export async function* encodePieces(
  encoder: EncoderStream,
  source: Pieces<Waveform>,
  format: ClipFormat,
  { signal }: CallOptions,
): AsyncGenerator<AudioCodes, void> {
  const limit = format.segment === null ? tileFrames * format.hopLength : segmentsAtATime * format.segment.stride;
  for await (const pieces of readAhead(convertAudioStream(source, format), { sizeOf: numSamplesOf, limit, signal })) {
    const waveform = joinWaveforms(pieces);
    for (let start = 0; start < numSamplesOf(waveform); start += limit) {
      const channelData = waveform.channelData.map((samples) => samples.subarray(start, start + limit));
      const codes = await encoder.push({ ...waveform, channelData }, { signal });
      if (codes !== null) yield codes;
    }
  }
  const rest = await encoder.flush({ signal });
  if (rest !== null) yield rest;
}

/** Audio of codes in pieces, each as soon as it is settled. */
export async function* decodePieces(
  decoder: DecoderStream,
  source: Pieces<AudioCodesData>,
  { signal }: CallOptions,
): AsyncGenerator<Waveform, void> {
  const sizeOf = ({ shape }: AudioCodesData): number => shape[0] * shape[2];
  for await (const pieces of readAhead(source, { sizeOf, limit: tileFrames, signal })) {
    for (const piece of pieces) {
      for (const codes of windowsOf(new AudioCodes(piece))) {
        const waveform = await decoder.push(codes, { signal });
        if (waveform !== null) yield waveform;
      }
    }
  }
  const rest = await decoder.flush({ signal });
  if (rest !== null) yield rest;
}

/** What an async generator makes of its source, as a web transform. Both ends fail together. */
export function transformOf<Input, Output>(code: (source: AsyncIterable<Input>) => AsyncGenerator<Output, void>): CodingTransform<Input, Output> {
  const { writable, readable } = new TransformStream<Input, Input>();
  return { writable, readable: ReadableStream.from(code(readable)) };
}

function joinWaveforms(pieces: readonly Waveform[]): Waveform {
  const first = pieces[0]!;
  if (pieces.length === 1) return first;
  const numSamples = pieces.reduce((sum, piece) => sum + numSamplesOf(piece), 0);
  const channelData = first.channelData.map((_, channel) => {
    const samples = new Float32Array(numSamples);
    let at = 0;
    for (const piece of pieces) {
      samples.set(piece.channelData[channel]!, at);
      at += numSamplesOf(piece);
    }
    return samples;
  });
  return { ...first, channelData };
}

/** Codes of any length in stretches that are worked on at a time. */
function windowsOf(codes: AudioCodes): AudioCodes[] {
  const [unit, length] = codes.segment === null ? [tileFrames, codes.numFrames] : [segmentsAtATime, codes.numSegments];
  if (length <= unit) return [codes];
  return Array.from({ length: Math.ceil(length / unit) }, (_, index) => {
    const [start, end] = [index * unit, Math.min((index + 1) * unit, length)];
    return codes.segment === null ? codes.sliceFrames(start, end) : codes.sliceSegments(start, end);
  });
}
