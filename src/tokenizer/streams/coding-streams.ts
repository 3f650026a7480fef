import { whileAlive } from "../../async/index.ts";
import { AudioCodes, CodesError, checkWaveform, durationOf, numSamplesOf } from "../../core/index.ts";
import type { AudioCodesData, Waveform } from "../../core/index.ts";
import type { StreamOptions } from "../call-options.ts";
import { checkFinite } from "../clips/check-finite.ts";
import type { ClipFormat } from "../clips/coding-job.ts";
import { StepwiseConverter } from "../clips/stepwise-converter.ts";
import { tileFrames } from "../network/piecewise-part.ts";
import type { DecoderStream } from "./decoder-stream.ts";
import type { EncoderStream } from "./encoder-stream.ts";
import { readAhead } from "./read-ahead.ts";
import type { Accepted } from "./read-ahead.ts";
import { SampleQueue } from "./sample-queue.ts";

/** Pieces that come now or later. */
export type Pieces<T> = AsyncIterable<T> | Iterable<T>;

/** A web `TransformStream`: the two ends of a stream that codes. Their types are the global ones: the DOM's where a program has those. */
export interface CodingTransform<Input, Output> {
  readonly writable: WritableStream<Input>;
  readonly readable: ReadableStream<Output>;
}

/** What ends a stream, even one that waits for a silent source: the caller's signal, and the tokenizer's disposal. */
interface StreamEnds extends StreamOptions {
  readonly life: AbortSignal;
}

/** Segments that go through the network at a time. */
const segmentsAtATime = 8;

/** Codes of audio in pieces, each as soon as it is settled. */
export async function* encodePieces(
  encoder: EncoderStream,
  source: Pieces<Waveform>,
  format: ClipFormat,
  ends: StreamEnds,
): AsyncGenerator<AudioCodes, void> {
  using alive = whileAlive(ends.signal, ends.life);
  const { signal } = alive;
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
  { segment, hopLength }: ClipFormat,
  ends: StreamEnds,
): AsyncGenerator<Waveform, void> {
  using alive = whileAlive(ends.signal, ends.life);
  const { signal } = alive;
  const limit = segment === null ? tileFrames : segmentsAtATime * Math.ceil(segment.length / hopLength);
  for await (const pieces of readAhead(source, { accept: acceptCodes, limit, signal })) {
    for (const codes of joinCodes(pieces).flatMap(cutCodes)) {
      const waveform = await decoder.push(codes, { signal });
      if (waveform !== null) yield waveform;
    }
  }
  const rest = await decoder.flush({ signal });
  if (rest !== null) yield rest;
}

/**
 * What an async generator makes of its source, as a web transform. Both ends fail together and with the same error, be it the
 * source's, the generator's or the signal's, and whether or not anybody reads.
 */
export function transformOf<Input, Output>(
  code: (source: AsyncIterable<Input>, options: { readonly signal: AbortSignal }) => AsyncGenerator<Output, void>,
  ends: StreamEnds,
): CodingTransform<Input, Output> {
  let input!: TransformStreamDefaultController<Input>;
  let output!: ReadableStreamDefaultController<Output>;
  const { writable, readable: source } = new TransformStream<Input, Input>({ start: (controller) => void (input = controller) });
  const stopping = new AbortController();
  const reader = source.getReader();
  // It cannot be left: that would end the writable side before the reason is known.
  const incoming: AsyncIterableIterator<Input> = {
    next: () => reader.read() as Promise<IteratorResult<Input>>,
    [Symbol.asyncIterator]: () => incoming,
  };
  const pieces = code(incoming, { signal: stopping.signal });
  const alive = whileAlive(ends.signal, ends.life);
  const { signal } = alive;
  const listenNoMore = (): void => {
    signal.removeEventListener("abort", abort);
    alive[Symbol.dispose]();
  };
  /** A generator that never began leaves nothing, and one that nobody asks for more hears nothing: the ends are told here. */
  const stop = (reason: unknown): void => {
    listenNoMore();
    stopping.abort(reason);
    input.error(stopping.signal.reason);
    output.error(stopping.signal.reason);
    pieces.return().catch(() => {});
  };
  const abort = (): void => stop(signal.reason);
  const readable = new ReadableStream<Output>(
    {
      start: (controller) => void (output = controller),
      async pull() {
        try {
          const { done, value } = await pieces.next();
          if (stopping.signal.aborted) return;
          if (done !== true) return output.enqueue(value);
          listenNoMore();
          output.close();
        } catch (error) {
          stop(error);
        }
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  return { writable, readable };
}

/** Audio at the codec's rate and channels: what has come meanwhile, at most as much as goes through the network at a time. */
async function* windowsOf(source: Pieces<Waveform>, format: ClipFormat, { signal }: StreamOptions): AsyncGenerator<Waveform, void> {
  const { sampleRate, segment, hopLength } = format;
  const numSamples = segment === null ? tileFrames * hopLength : segmentsAtATime * segment.stride;
  const waiting = new SampleQueue();
  let converter: StepwiseConverter | undefined;
  for await (const pieces of readAhead(source, {
    accept: audioAcceptor(numSamples / sampleRate),
    limit: numSamples / sampleRate,
    signal,
  })) {
    for (const piece of pieces) {
      converter ??= new StepwiseConverter({ sampleRate: piece.sampleRate, channels: piece.channelData.length }, format, signal);
      for await (const { channelData } of converter.push(piece)) {
        waiting.push(channelData);
        while (waiting.length >= numSamples) yield { channelData: waiting.take(numSamples), sampleRate };
      }
    }
    if (waiting.length > 0) yield { channelData: waiting.take(numSamples), sampleRate };
  }
  if (converter !== undefined) yield* converter.flush();
}

/** Takes audio as `encode` does, counted in seconds, and copies it, so many of them at a time. */
function audioAcceptor(seconds: number): (waveform: Waveform) => Generator<Accepted<Waveform>, void> {
  let offset = 0;
  return function* (waveform) {
    checkWaveform(waveform);
    const numSamples = numSamplesOf(waveform);
    const length = Math.ceil(seconds * waveform.sampleRate);
    // Even an empty piece has to be of the right form.
    for (let start = 0; start === 0 || start < numSamples; start += length) {
      const channelData = waveform.channelData.map((samples) => samples.slice(start, start + length));
      checkFinite(channelData, { offset: offset + start });
      const value = { channelData, sampleRate: waveform.sampleRate };
      yield { value, size: durationOf(value) };
    }
    offset += numSamples;
  };
}

/** Copies codes, counted in frames. @throws CodesError for what are none. */
function acceptCodes(codes: AudioCodesData): Accepted<AudioCodes>[] {
  const checked = codes instanceof AudioCodes ? codes : new AudioCodes(codes);
  const value = new AudioCodes({ ...checked, data: checked.data.slice(), scales: checked.scales?.slice() ?? null });
  return [{ value, size: value.numSegments * value.numFrames }];
}

/** Codes that came meanwhile as one clip, if they follow each other; the stream says what is wrong with others. */
function joinCodes(pieces: readonly AudioCodes[]): readonly AudioCodes[] {
  if (pieces.length === 1 || !pieces.slice(0, -1).every(fillsItsFrames)) return pieces;
  try {
    return [AudioCodes.concatenate(pieces)];
  } catch (error) {
    if (error instanceof CodesError) return pieces;
    throw error;
  }
}

/** Whether others may follow: the last frame, or the last segment, is whole. */
function fillsItsFrames({ segment, numSegments, numFrames, hopLength, numSamples }: AudioCodes): boolean {
  return numSamples === (segment === null ? numFrames * hopLength : (numSegments - 1) * segment.stride + segment.length);
}

/** Codes of any length in stretches that are worked on at a time. */
function cutCodes(codes: AudioCodes): AudioCodes[] {
  const [unit, length] = codes.segment === null ? [tileFrames, codes.numFrames] : [segmentsAtATime, codes.numSegments];
  if (length <= unit) return [codes];
  return Array.from({ length: Math.ceil(length / unit) }, (_, index) => {
    const [start, end] = [index * unit, Math.min((index + 1) * unit, length)];
    return codes.segment === null ? codes.sliceFrames(start, end) : codes.sliceSegments(start, end);
  });
}
