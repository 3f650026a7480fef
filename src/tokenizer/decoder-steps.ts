import { CodesError } from "../core/index.ts";
import type { AudioCodes, Waveform } from "../core/index.ts";
import type { CodecRunner, DecoderPiece, DecoderResult, DecoderState } from "./codec-runner.ts";
import { joinSamples } from "./columns.ts";
import { addSegment, atLoudness, channelsOf, splitCodes } from "./decode-clips.ts";
import type { ClipFormat } from "./encode-clips.ts";
import { OverlapAdd } from "./overlap-add.ts";
import type { OverlapState } from "./overlap-add.ts";
import { areAlike } from "./piecewise-half.ts";
import type { Segmenting } from "./segments.ts";
import type { StreamStep } from "./stream-position.ts";

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
  /** In hertz; tells states of other models. */
  readonly sampleRate: number;
  /** Of all codes of the stream; null before the first. */
  readonly numCodebooks: number | null;
  /** Loudness of the whole clip; 1 for codecs that do not normalise, or normalise segment by segment. */
  readonly scale: number;
  /** Samples per channel that the codes so far stand for. */
  readonly numSamples: number;
  /** Samples that are out. */
  readonly numDecoded: number;
  /** Whether the last codes ended within a frame or a segment. */
  readonly isCutShort: boolean;
  readonly hasEnded: boolean;
  /** Where the network stands in each stream; empty for codecs that work in segments. */
  readonly network: readonly DecoderState[];
  /** Per stream, the samples that the next segment overlaps; empty otherwise. */
  readonly overlap: readonly OverlapState[];
}

type DecoderStep = StreamStep<DecoderStreamState, DecoderPiece, DecoderResult, Waveform>;

/** The state before the first code. */
export function startDecoderStream({ format }: DecoderJob): DecoderStreamState {
  return {
    sampleRate: format.sampleRate,
    numCodebooks: null,
    scale: 1,
    numSamples: 0,
    numDecoded: 0,
    isCutShort: false,
    hasEnded: false,
    network: [],
    overlap: [],
  };
}

/** @throws RangeError for the state of a stream of another model. */
export function checkDecoderState(state: DecoderStreamState, { runner, format, streams }: DecoderJob): void {
  const { numCodebooks, network, overlap } = state;
  const isStarted = numCodebooks !== null;
  const networkStart = isStarted && format.segment === null ? startNetwork(runner, streams, numCodebooks) : [];
  const numOverlaps = isStarted && format.segment !== null ? streams : 0;
  if (state.sampleRate !== format.sampleRate || !areAlike(network, networkStart) || overlap.length !== numOverlaps) {
    throw new RangeError("the state is of a decoder of another model; go on from it with the model that it came from");
  }
}

function startNetwork(runner: CodecRunner, streams: number, numCodebooks: number): readonly DecoderState[] {
  return Array.from({ length: streams }, () => runner.startDecoding(numCodebooks / streams));
}

/**
 * The step that takes the next codes, or, without any, the step that ends the stream.
 * @throws CodesError if the codes cannot follow those before.
 */
export function decoderStep(state: DecoderStreamState, codes: AudioCodes | null, job: DecoderJob): DecoderStep {
  if (codes === null && state.numSamples === 0) {
    return { pieces: [], finish: () => ({ output: null, state: { ...state, hasEnded: true } }) };
  }
  if (codes !== null && state.numCodebooks !== null) checkFollows(codes, state);
  return job.format.segment === null ? continuousStep(state, codes, job) : segmentStep(state, codes, job, job.format.segment);
}

/** @throws CodesError if together with the codes before these would not be the codes of one clip. */
function checkFollows(codes: AudioCodes, { numCodebooks, scale, isCutShort, numSamples, numDecoded }: DecoderStreamState): void {
  if (codes.numCodebooks !== numCodebooks) {
    throw new CodesError("CODES_MISMATCH", `these codes have ${codes.numCodebooks} codebooks; those before have ${numCodebooks}`);
  }
  if (codes.segment === null) {
    if (isCutShort) throw new CodesError("CODES_MISMATCH", "the codes before these ended within a frame; only the last of a stream may");
    if (clipScale(codes) !== scale) throw new CodesError("CODES_MISMATCH", `these codes have the scale ${clipScale(codes)}; those before have ${scale}`);
    return;
  }
  const numOverlapping = numSamples - numDecoded;
  if (isCutShort && numOverlapping === 0) {
    throw new CodesError("CODES_MISMATCH", "the codes before these ended within a segment; only the last of a stream may");
  }
  if (codes.numSamples < numOverlapping || (isCutShort && codes.numSamples > numOverlapping)) {
    throw new CodesError(
      "CODES_MISMATCH",
      `these codes stand for ${codes.numSamples} samples; the segment before reaches ${numOverlapping} samples into them, ` +
        `so that ${isCutShort ? "exactly" : "at least"} as many are expected`,
    );
  }
}

function clipScale({ segment, scales }: AudioCodes): number {
  return segment === null && scales !== null ? scales[0]! : 1;
}

function continuousStep(state: DecoderStreamState, codes: AudioCodes | null, { runner, format, streams }: DecoderJob): DecoderStep {
  const numCodebooks = codes?.numCodebooks ?? state.numCodebooks!;
  const network = state.numCodebooks === null ? startNetwork(runner, streams, numCodebooks) : state.network;
  const inputs = codes === null ? network.map(() => new Int32Array()) : splitCodes(codes, streams).map((piece) => piece.codes);
  const scale = codes === null ? state.scale : clipScale(codes);
  const numSamples = state.numSamples + (codes?.numSamples ?? 0);
  const isCutShort = codes !== null && codes.numSamples < codes.numFrames * format.hopLength;
  return {
    pieces: inputs.map((input, stream) => ({ state: network[stream]!, input, isLast: codes === null })),
    finish: (results) => {
      const { frames } = results[0]!.output;
      const end = Math.min(state.numDecoded + frames * format.hopLength, numSamples);
      const channelData = results.flatMap(({ output: { data } }) => channelsOf(atLoudness(data, scale), format.channels / streams, end - state.numDecoded));
      return {
        output: end === state.numDecoded ? null : { channelData, sampleRate: format.sampleRate },
        state: {
          ...state,
          numCodebooks,
          scale,
          numSamples,
          numDecoded: end,
          isCutShort,
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
  { length, stride }: Segmenting,
): DecoderStep {
  const channels = format.channels / streams;
  const numCodebooks = codes?.numCodebooks ?? state.numCodebooks!;
  const pieces = (codes === null ? [] : splitCodes(codes, streams)).map((piece) => ({
    state: runner.startDecoding(numCodebooks / streams),
    input: piece.codes,
    isLast: true,
  }));
  const isCutShort = codes !== null && codes.numSamples - (codes.numSegments - 1) * stride < length;
  const numSamples = codes === null ? state.numSamples : state.numDecoded + codes.numSamples;
  return {
    pieces,
    finish: (results) => {
      const parts = Array.from({ length: streams }, (_, stream) => {
        const overlap = new OverlapAdd({ channels, stride }, state.overlap[stream]);
        const own = results.filter((_result, index) => index % streams === stream);
        const settled = own.map(({ output: { data } }, segment) => addSegment(overlap, data, codes!, segment));
        if (codes === null) settled.push(overlap.finish());
        return { settled, overlap: overlap.state! };
      });
      const channelData = parts.flatMap(({ settled }) =>
        Array.from({ length: channels }, (_, channel) => joinSamples(settled.map((piece) => piece[channel]!))),
      );
      const count = channelData[0]!.length;
      return {
        output: count === 0 ? null : { channelData, sampleRate: format.sampleRate },
        state: {
          ...state,
          numCodebooks,
          numSamples,
          numDecoded: state.numDecoded + count,
          isCutShort,
          hasEnded: codes === null,
          overlap: parts.map(({ overlap }) => overlap),
        },
      };
    },
  };
}
