import { joinArrays } from "../../core/index.ts";
import type { AudioCodes } from "../../core/index.ts";
import type { EncoderJob } from "../clips/coding-job.ts";
import { assembleCodes } from "../clips/encode-clips.ts";
import { scaleOf } from "../clips/segment-scale.ts";
import type { EncoderPiece, EncoderResult, EncoderState, Latency } from "../network/codec-runner.ts";
import { planar, splitLanes } from "../network/planar.ts";
import type { Segmenting } from "../../checkpoint/index.ts";
import { checkOrigin, isCount, stateOrigin } from "./state-origin.ts";
import type { StateOrigin } from "./state-origin.ts";
import type { StreamStep } from "./stream-position.ts";

/**
 * Where a stream of audio stands: plain data that nobody changes. It survives `structuredClone`, and any number of streams
 * can go on from it.
 */
export interface EncoderStreamState extends StateOrigin {
  readonly numCodebooks: number;
  /** Samples per channel that have come. */
  readonly numSamples: number;
  /** Samples whose codes are out: whole frames, or whole strides of segments. */
  readonly numCoded: number;
  readonly hasEnded: boolean;
  /** Where the network stands in each lane; empty for codecs that work in segments. */
  readonly network: readonly EncoderState[];
  /** `[channels]`: samples of segments that are not complete; empty otherwise. */
  readonly pending: readonly Float32Array[];
}

type EncoderStep = StreamStep<EncoderStreamState, EncoderPiece, EncoderResult, AudioCodes>;

/**
 * The segments that audio is coded in. A codec that divides a clip by its loudness, and does not cut it, has one as long as
 * the clip: a stream can only code it at its end.
 */
function segmentingOfStream({ format }: EncoderJob): Segmenting | null {
  return format.segment ?? (format.isNormalized ? { length: Infinity, stride: Infinity } : null);
}

/** How far the codes of a stream are behind its samples. */
export function encoderLatency(job: EncoderJob): Latency {
  const segmenting = segmentingOfStream(job);
  if (segmenting === null) return job.runner.encodingLatency;
  const rest = segmenting.length - job.format.hopLength;
  return { start: rest, steady: rest };
}

/** The state before the first sample. */
export function startEncoderStream(job: EncoderJob): EncoderStreamState {
  const { runner, format, numCodebooks } = job;
  const isSegmented = segmentingOfStream(job) !== null;
  return {
    ...stateOrigin(format.provenance),
    numCodebooks,
    numSamples: 0,
    numCoded: 0,
    hasEnded: false,
    network: isSegmented ? [] : Array.from({ length: format.lanes }, () => runner.startEncoding()),
    pending: isSegmented ? Array.from({ length: format.channels }, () => new Float32Array()) : [],
  };
}

/** @throws RangeError for the state of a stream of another model, with another number of codebooks, or not as it was given out. */
export function checkEncoderState(state: EncoderStreamState, job: EncoderJob): void {
  checkOrigin(state, job.format.provenance, "encoder");
  if (state.numCodebooks !== job.numCodebooks) {
    throw new RangeError(`the state is of a stream with ${state.numCodebooks} codebooks; this one has ${job.numCodebooks}`);
  }
  if (!isSound(state, job))
    throw new RangeError("the state is not as an encoder of this model gave it; keep it as it is (JSON loses its arrays)");
}

function isSound({ numSamples, numCoded, hasEnded, network, pending }: EncoderStreamState, job: EncoderJob): boolean {
  const start = startEncoderStream(job);
  const isPlain = isCount(numSamples) && isCount(numCoded) && numCoded <= numSamples && typeof hasEnded === "boolean";
  if (!isPlain || !Array.isArray(network) || !Array.isArray(pending)) return false;
  return (
    network.length === start.network.length &&
    network.every(
      (each) =>
        job.runner.isEncoderState(each, numSamples, hasEnded) && numCoded === Math.min(each.after * job.format.hopLength, numSamples),
    ) &&
    pending.length === start.pending.length &&
    pending.every((samples) => samples instanceof Float32Array && samples.length === numSamples - numCoded)
  );
}

/** The step that takes the next samples, or, without any, the step that ends the stream. */
export function encoderStep(state: EncoderStreamState, samples: readonly Float32Array[] | null, job: EncoderJob): EncoderStep {
  const channels = samples ?? Array.from({ length: job.format.channels }, () => new Float32Array());
  const next = { ...state, numSamples: state.numSamples + channels[0]!.length, hasEnded: samples === null };
  if (next.numSamples === 0) return { pieces: [], finish: () => ({ output: null, state: next }) };
  const segmenting = segmentingOfStream(job);
  return segmenting === null ? continuousStep(next, channels, job) : segmentStep(next, channels, job, segmenting);
}

function continuousStep(state: EncoderStreamState, channels: readonly Float32Array[], job: EncoderJob): EncoderStep {
  const { format, numCodebooks } = job;
  const { lanes } = format;
  const pieces = splitLanes(channels, lanes).map((own, lane) => ({
    state: state.network[lane]!,
    input: planar(own),
    isLast: state.hasEnded,
    numCodebooks: numCodebooks / lanes,
  }));
  return {
    pieces,
    finish: (results) => {
      const { frames } = results[0]!.output;
      const network = results.map((result) => result.state);
      const end = Math.min(state.numCoded + frames * format.hopLength, state.numSamples);
      if (frames === 0) return { output: null, state: { ...state, network } };
      const outputs = results.map(({ output: { data } }) => ({ codes: data, frames }));
      const output = assembleCodes([outputs], { scales: null, numSamples: end - state.numCoded }, job);
      return { output, state: { ...state, network, numCoded: end } };
    },
  };
}

/** Segments that are complete, and at the stream's end all that are left; each goes through the network on its own. */
function segmentStep(
  state: EncoderStreamState,
  channels: readonly Float32Array[],
  job: EncoderJob,
  { length, stride }: Segmenting,
): EncoderStep {
  const { runner, format, numCodebooks } = job;
  const { lanes, isNormalized } = format;
  const audio = state.pending.map((samples, channel) => joinArrays([samples, channels[channel]!], Float32Array));
  const available = audio[0]!.length;
  const starts: number[] = [];
  for (let start = 0; state.hasEnded ? start < available : start + length <= available; start += stride) starts.push(start);
  const segments = starts.map((start) => {
    const own = audio.map((samples) => samples.subarray(start, start + length));
    return { own, numSamples: own[0]!.length, scale: isNormalized ? scaleOf(own) : 1 };
  });
  const pieces = segments.flatMap(({ own, scale }) =>
    splitLanes(own, lanes).map((each) => ({
      state: runner.startEncoding(),
      input: planar(each, scale),
      isLast: true,
      numCodebooks: numCodebooks / lanes,
    })),
  );
  const consumed = Math.min(starts.length * stride, available);
  const after = { ...state, pending: audio.map((samples) => samples.slice(consumed)), numCoded: state.numCoded + consumed };
  return {
    pieces,
    finish: (results) => {
      if (segments.length === 0) return { output: null, state: after };
      const outputs = results.map(({ output: { data, frames } }) => ({ codes: data, frames }));
      const perSegment = segments.map((_, index) => outputs.slice(index * lanes, (index + 1) * lanes));
      const numSamples = starts.at(-1)! + segments.at(-1)!.numSamples;
      const scales = isNormalized ? Float32Array.from(segments, ({ scale }) => scale) : null;
      return { output: assembleCodes(perSegment, { scales, numSamples }, job), state: after };
    },
  };
}
