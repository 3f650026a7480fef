import type { AudioCodes } from "../core/index.ts";
import type { CodecRunner, EncoderState } from "./codec-runner.ts";
import { assembleCodes, planar, splitStreams } from "./encode-clips.ts";
import type { ClipFormat } from "./encode-clips.ts";
import type { NextPiece } from "./piecewise-half.ts";
import type { PartOutput } from "./piecewise-part.ts";
import { scaleOf } from "./prepare-audio.ts";

/** What the streams of one tokenizer with the same number of codebooks have in common. */
export interface EncoderJob {
  readonly runner: CodecRunner;
  readonly format: ClipFormat;
  /** Mono clips that each clip is coded as. */
  readonly streams: number;
  /** Over all streams. */
  readonly numCodebooks: number;
  readonly isNormalized: boolean;
}

/**
 * Where a stream of audio stands: plain data that nobody changes. It survives `structuredClone`, and any number of streams
 * can go on from it.
 */
export interface EncoderStreamState {
  readonly numCodebooks: number;
  /** Samples per channel that have come. */
  readonly numSamples: number;
  /** Samples whose codes are out: whole frames, or whole strides of segments. */
  readonly numCoded: number;
  readonly hasEnded: boolean;
  /** Where the network stands in each stream; empty for codecs that work in segments. */
  readonly network: readonly EncoderState[];
  /** `[channels]`: samples of segments that are not complete; empty otherwise. */
  readonly pending: readonly Float32Array[];
}

/** One step of a stream, ready to be computed together with those of others. */
export interface EncoderStep {
  readonly pieces: readonly (NextPiece<Float32Array> & { readonly numCodebooks: number })[];
  /** Turns what the network gave for the pieces into codes and the state after the step. */
  readonly finish: (results: readonly { readonly output: PartOutput<Int32Array>; readonly state: EncoderState }[]) => {
    readonly codes: AudioCodes | null;
    readonly state: EncoderStreamState;
  };
}

/** The state before the first sample. */
export function startEncoderStream({ runner, format, streams, numCodebooks }: EncoderJob): EncoderStreamState {
  return {
    numCodebooks,
    numSamples: 0,
    numCoded: 0,
    hasEnded: false,
    network: format.segment === null ? Array.from({ length: streams }, () => runner.startEncoding()) : [],
    pending: format.segment === null ? [] : Array.from({ length: format.channels }, () => new Float32Array()),
  };
}

/** The step that takes the next samples, or, without any, the step that ends the stream. */
export function encoderStep(state: EncoderStreamState, samples: readonly Float32Array[] | null, job: EncoderJob): EncoderStep {
  const channels = samples ?? Array.from({ length: job.format.channels }, () => new Float32Array());
  const next = { ...state, numSamples: state.numSamples + channels[0]!.length, hasEnded: samples === null };
  if (next.numSamples === 0) return { pieces: [], finish: () => ({ codes: null, state: next }) };
  return job.format.segment === null ? continuousStep(next, channels, job) : segmentStep(next, channels, job, job.format.segment);
}

function continuousStep(state: EncoderStreamState, channels: readonly Float32Array[], job: EncoderJob): EncoderStep {
  const { format, streams, numCodebooks } = job;
  const pieces = splitStreams(channels, streams).map((own, stream) => ({
    state: state.network[stream]!,
    input: planar(own),
    isLast: state.hasEnded,
    numCodebooks: numCodebooks / streams,
  }));
  return {
    pieces,
    finish: (results) => {
      const { frames } = results[0]!.output;
      const network = results.map((result) => result.state);
      const end = Math.min(state.numCoded + frames * format.hopLength, state.numSamples);
      if (frames === 0) return { codes: null, state: { ...state, network } };
      const outputs = results.map(({ output: { data } }) => ({ codes: data, frames }));
      const codes = assembleCodes([outputs], { scales: null, numSamples: end - state.numCoded }, job);
      return { codes, state: { ...state, network, numCoded: end } };
    },
  };
}

/** Segments that are complete, and at the stream's end all that are left; each goes through the network on its own. */
function segmentStep(
  state: EncoderStreamState,
  channels: readonly Float32Array[],
  job: EncoderJob,
  { length, stride }: { readonly length: number; readonly stride: number },
): EncoderStep {
  const { runner, streams, numCodebooks, isNormalized } = job;
  const audio = state.pending.map((samples, channel) => concatenate(samples, channels[channel]!));
  const available = audio[0]!.length;
  const starts: number[] = [];
  for (let start = 0; state.hasEnded ? start < available : start + length <= available; start += stride) starts.push(start);
  const segments = starts.map((start) => {
    const own = audio.map((samples) => samples.subarray(start, start + length));
    return { own, numSamples: own[0]!.length, scale: isNormalized ? scaleOf(own) : 1 };
  });
  const pieces = segments.flatMap(({ own, scale }) =>
    splitStreams(own, streams).map((each) => ({
      state: runner.startEncoding(),
      input: planar(each, scale),
      isLast: true,
      numCodebooks: numCodebooks / streams,
    })),
  );
  const consumed = Math.min(starts.length * stride, available);
  const after = { ...state, pending: audio.map((samples) => samples.slice(consumed)), numCoded: state.numCoded + consumed };
  return {
    pieces,
    finish: (results) => {
      if (segments.length === 0) return { codes: null, state: after };
      const outputs = results.map(({ output: { data, frames } }) => ({ codes: data, frames }));
      const perSegment = segments.map((_, index) => outputs.slice(index * streams, (index + 1) * streams));
      const numSamples = starts.at(-1)! + segments.at(-1)!.numSamples;
      const scales = isNormalized ? Float32Array.from(segments, ({ scale }) => scale) : null;
      return { codes: assembleCodes(perSegment, { scales, numSamples }, job), state: after };
    },
  };
}

function concatenate(a: Float32Array, b: Float32Array): Float32Array {
  if (a.length === 0) return b;
  const joined = new Float32Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
