import { ReadableStream, TransformStream, type WritableStream } from "node:stream/web";
import { AudioConverter } from "../audio/index.ts";
import { AudioCodes, checkWaveform, durationOf, numSamplesOf } from "../core/index.ts";
import type { AudioCodesData, Waveform } from "../core/index.ts";
import { joinSamples } from "./columns.ts";
import type { DecoderStream } from "./decoder-stream.ts";
import type { ClipFormat } from "./encode-clips.ts";
import type { EncoderStream } from "./encoder-stream.ts";
import type { StreamOptions } from "./options.ts";
import { tileFrames } from "./piecewise-part.ts";
import { checkFinite } from "./prepare-audio.ts";
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
  { signal }: StreamOptions,
): AsyncGenerator<AudioCodes, void> {
  for await (const waveform of windowsOf(source, format, { signal })) {
    const codes = await encoder.push(waveform, { signal });
    if (codes !== null) yield codes;
  }
  const rest = await encoder.flush({ signal });
  if (rest !== null) yield rest;
}

/** Audio of codes in pieces, each as soon as it is settled. */
export async function* decodePieces(
  decoder: DecoderStream,
  source: Pieces<AudioCodesData>,
  { signal }: StreamOptions,
): AsyncGenerator<Waveform, void> {
  for await (const pieces of readAhead(source, { sizeOf: checkedFrames, limit: tileFrames, signal })) {
    for (const piece of pieces) {
      for (const codes of cutCodes(new AudioCodes(piece))) {
        const waveform = await decoder.push(codes, { signal });
        if (waveform !== null) yield waveform;
      }
    }
  }
  const rest = await decoder.flush({ signal });
  if (rest !== null) yield rest;
}

/** What an async generator makes of its source, as a web transform. Both ends fail together. */
export function transformOf<Input, Output>(
  code: (source: AsyncIterable<Input>, options: { readonly signal: AbortSignal }) => AsyncGenerator<Output, void>,
  { signal }: StreamOptions,
): CodingTransform<Input, Output> {
  const { writable, readable: source } = new TransformStream<Input, Input>();
  const cancelled = new AbortController();
  const pieces = code(source, { signal: signal === undefined ? cancelled.signal : AbortSignal.any([signal, cancelled.signal]) });
  const readable = new ReadableStream<Output>(
    {
      async pull(out) {
        const { done, value } = await pieces.next();
        if (done === true) out.close();
        else out.enqueue(value);
      },
      async cancel(reason) {
        // Else a generator that waits for its source would not hear of it.
        cancelled.abort(reason);
        await pieces.return();
      },
    },
    { highWaterMark: 0 },
  );
  return { writable, readable };
}

/** Audio at the codec's rate and channels: what has come meanwhile, at most as much as goes through the network at a time. */
async function* windowsOf(source: Pieces<Waveform>, format: ClipFormat, { signal }: StreamOptions): AsyncGenerator<Waveform, void> {
  const numSamples = format.segment === null ? tileFrames * format.hopLength : segmentsAtATime * format.segment.stride;
  const seconds = numSamples / format.sampleRate;
  let converter: AudioConverter | undefined;
  for await (const pieces of readAhead(source, { sizeOf: checkedDuration, limit: seconds, signal })) {
    let waiting: Waveform[] = [];
    let numWaiting = 0;
    for (const piece of pieces.flatMap((waveform) => cutWaveform(waveform, Math.ceil(seconds * waveform.sampleRate)))) {
      converter ??= new AudioConverter({ sampleRate: piece.sampleRate, channels: piece.channelData.length }, format);
      const converted = converter.push(piece);
      if (converted === undefined) continue;
      waiting.push(converted);
      numWaiting += numSamplesOf(converted);
      if (numWaiting < numSamples) continue;
      yield joinWaveforms(waiting);
      waiting = [];
      numWaiting = 0;
    }
    if (waiting.length > 0) yield joinWaveforms(waiting);
  }
  const rest = converter?.flush();
  if (rest !== undefined) yield rest;
}

/** In seconds. @throws as `encode` does, for what it would refuse. */
function checkedDuration(waveform: Waveform): number {
  checkWaveform(waveform);
  checkFinite(waveform);
  return durationOf(waveform);
}

/** @throws CodesError for what are no codes. */
function checkedFrames(codes: AudioCodesData): number {
  return new AudioCodes(codes).numFrames;
}

function cutWaveform(waveform: Waveform, length: number): Waveform[] {
  return Array.from({ length: Math.ceil(numSamplesOf(waveform) / length) }, (_, index) => ({
    ...waveform,
    channelData: waveform.channelData.map((samples) => samples.subarray(index * length, (index + 1) * length)),
  }));
}

function joinWaveforms(pieces: readonly Waveform[]): Waveform {
  const first = pieces[0]!;
  return { ...first, channelData: first.channelData.map((_, channel) => joinSamples(pieces.map(({ channelData }) => channelData[channel]!))) };
}

/** Codes of any length in stretches that are worked on at a time. */
function* cutCodes(codes: AudioCodes): Generator<AudioCodes> {
  const [unit, length] = codes.segment === null ? [tileFrames, codes.numFrames] : [segmentsAtATime, codes.numSegments];
  for (let start = 0; start < length; start += unit) {
    const end = Math.min(start + unit, length);
    yield codes.segment === null ? codes.sliceFrames(start, end) : codes.sliceSegments(start, end);
  }
}
