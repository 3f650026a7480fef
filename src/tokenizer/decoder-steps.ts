import { CodesError } from "../core/index.ts";
import type { AudioCodes, Waveform } from "../core/index.ts";
import type { CodecRunner, DecoderState } from "./codec-runner.ts";
import { addSegment, channelsOf, joinPieces, splitCodes } from "./decode-clips.ts";
import type { ClipFormat } from "./encode-clips.ts";
import { OverlapAdd } from "./overlap-add.ts";
import type { OverlapState } from "./overlap-add.ts";
import type { NextPiece } from "./piecewise-half.ts";
import type { PartOutput } from "./piecewise-part.ts";

/** What the decoding streams of one tokenizer have in common. */
export interface DecoderJob {
  readonly runner: CodecRunner;
  readonly format: ClipFormat;
  /** Mono clips that each clip was coded as. */
  readonly streams: number;
}

/**
 * Where a stream of codes stands: plain data that nobody changes. It survives `structuredClone`, and any number of streams
 * can go on from it.
 */
export interface DecoderStreamState {
  /** Of all codes of the stream; null before the first. */
  readonly numCodebooks: number | null;
  /** Samples per channel that the codes so far stand for. */
  readonly numSamples: number;
  /** Samples that are out. */
  readonly numDecoded: number;
  /** Whether the last codes ended within a frame or a segment, so that none can follow. */
  readonly isComplete: boolean;
  readonly hasEnded: boolean;
  /** Where the network stands in each stream; empty for codecs that work in segments. */
  readonly network: readonly DecoderState[];
  /** Per stream, the samples that the next segment overlaps; empty otherwise. */
  readonly overlap: readonly OverlapState[];
}

/** One step of a stream, ready to be computed together with those of others. */
export interface DecoderStep {
  readonly pieces: readonly NextPiece<Int32Array>[];
  /** Turns what the network gave for the pieces into audio and the state after the step. */
  readonly finish: (results: readonly { readonly output: PartOutput<Float32Array>; readonly state: DecoderState }[]) => {
    readonly waveform: Waveform | null;
    readonly state: DecoderStreamState;
  };
}

/** The state before the first code. */
export const decoderStreamStart: DecoderStreamState = {
  numCodebooks: null,
  numSamples: 0,
  numDecoded: 0,
  isComplete: false,
  hasEnded: false,
  network: [],
  overlap: [],
};

/**
 * The step that takes the next codes, or, without any, the step that ends the stream.
 * @throws CodesError if the codes cannot follow those before.
 */
export function decoderStep(state: DecoderStreamState, codes: AudioCodes | null, job: DecoderJob): DecoderStep {
  if (codes === null && state.numSamples === 0) {
    return { pieces: [], finish: () => ({ waveform: null, state: { ...state, hasEnded: true } }) };
  }
  if (codes !== null) checkFollows(state, codes);
  return job.format.segment === null ? continuousStep(state, codes, job) : segmentStep(state, codes, job, job.format.segment);
}

function checkFollows(state: DecoderStreamState, codes: AudioCodes): void {
  if (state.isComplete) {
    throw new CodesError("CODES_MISMATCH", "the codes before these ended within a frame or segment; only the last of a stream may");
  }
  if (state.numCodebooks !== null && codes.numCodebooks !== state.numCodebooks) {
    throw new CodesError("CODES_MISMATCH", `these codes have ${codes.numCodebooks} codebooks; those before have ${state.numCodebooks}`);
  }
}

function continuousStep(state: DecoderStreamState, codes: AudioCodes | null, { runner, format, streams }: DecoderJob): DecoderStep {
  const numCodebooks = codes?.numCodebooks ?? state.numCodebooks!;
  const perStream = numCodebooks / streams;
  const network = state.numCodebooks === null ? Array.from({ length: streams }, () => runner.startDecoding(perStream)) : state.network;
  const inputs = codes === null ? network.map(() => new Int32Array()) : splitCodes(codes, streams).map((piece) => piece.codes);
  const numSamples = state.numSamples + (codes?.numSamples ?? 0);
  const isComplete = codes !== null && codes.numSamples < codes.numFrames * format.hopLength;
  return {
    pieces: inputs.map((input, stream) => ({ state: network[stream]!, input, isLast: codes === null })),
    finish: (results) => {
      const { frames } = results[0]!.output;
      const end = Math.min(state.numDecoded + frames * format.hopLength, numSamples);
      const channelData = results.flatMap(({ output: { data } }) => channelsOf(data, format.channels / streams, end - state.numDecoded));
      return {
        waveform: end === state.numDecoded ? null : { channelData, sampleRate: format.sampleRate },
        state: {
          ...state,
          numCodebooks,
          numSamples,
          numDecoded: end,
          isComplete,
          hasEnded: codes === null,
          network: results.map((result) => result.state),
        },
      };
    },
  };
}

/** Segments go through the network on their own; what the next one overlaps is held back. */
function segmentStep(
  state: DecoderStreamState,
  codes: AudioCodes | null,
  { runner, format, streams }: DecoderJob,
  { stride }: { readonly stride: number },
): DecoderStep {
  const channels = format.channels / streams;
  const numCodebooks = codes?.numCodebooks ?? state.numCodebooks!;
  const pieces = (codes === null ? [] : splitCodes(codes, streams)).map((piece) => ({
    state: runner.startDecoding(numCodebooks / streams),
    input: piece.codes,
    isLast: true,
  }));
  const isComplete = codes !== null && codes.numSamples - (codes.numSegments - 1) * stride <= stride;
  const numSamples = codes === null ? state.numSamples : state.numDecoded + codes.numSamples;
  return {
    pieces,
    finish: (results) => {
      const parts = Array.from({ length: streams }, (_, stream) => {
        const overlap = new OverlapAdd({ channels, stride }, state.overlap[stream]);
        const own = results.filter((_, index) => index % streams === stream);
        const settled = own.map(({ output: { data } }, segment) => addSegment(overlap, data, codes!, segment));
        if (codes === null) settled.push(overlap.finish());
        return { settled, overlap: overlap.state! };
      });
      const channelData = parts.flatMap(({ settled }) =>
        Array.from({ length: channels }, (_, channel) => joinPieces(settled.map((piece) => piece[channel]!))),
      );
      const count = channelData[0]!.length;
      return {
        waveform: count === 0 ? null : { channelData, sampleRate: format.sampleRate },
        state: {
          ...state,
          numCodebooks,
          numSamples,
          numDecoded: state.numDecoded + count,
          isComplete,
          hasEnded: codes === null,
          overlap: parts.map(({ overlap }) => overlap),
        },
      };
    },
  };
}
