import { CodesError, joinArrays } from "../../core/index.ts";
import type { AudioCodes, Waveform } from "../../core/index.ts";
import type { DecoderJob } from "../clips/coding-job.ts";
import { addSegment, atLoudness, channelsOf, splitCodes } from "../clips/decode-clips.ts";
import { OverlapAdd } from "../clips/overlap-add.ts";
import type { OverlapState } from "../clips/overlap-add.ts";
import type { CodecRunner, DecoderPiece, DecoderResult, DecoderState } from "../network/codec-runner.ts";
import type { Segmenting } from "../../checkpoint/index.ts";
import { checkOrigin, isCount, stateOrigin } from "./state-origin.ts";
import type { StateOrigin } from "./state-origin.ts";
import type { StreamStep } from "./stream-position.ts";

/**
 * Where a stream of codes stands: plain data that nobody changes. It survives `structuredClone`, and any number of streams
 * can go on from it.
 */
export interface DecoderStreamState extends StateOrigin {
  /** Codebooks of all codes of the stream; null before the first. */
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
  /** Where the network stands in each lane; empty for codecs that work in segments. */
  readonly network: readonly DecoderState[];
  /** The samples of each lane that the next segment overlaps; empty where none does. */
  readonly overlap: readonly OverlapState[];
}

type DecoderStep = StreamStep<DecoderStreamState, DecoderPiece, DecoderResult, Waveform>;

/** The state before the first code. */
export function startDecoderStream({ format }: DecoderJob): DecoderStreamState {
  return {
    ...stateOrigin(format.provenance),
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

/** @throws RangeError for the state of a stream of another model, or not as it was given out. */
export function checkDecoderState(state: DecoderStreamState, job: DecoderJob): void {
  checkOrigin(state, job.format.provenance, "decoder");
  if (!isSound(state, job))
    throw new RangeError("the state is not as a decoder of this model gave it; keep it as it is (JSON loses its arrays)");
}

function isSound(state: DecoderStreamState, { runner, format }: DecoderJob): boolean {
  const { lanes } = format;
  const { numCodebooks, numSamples, numDecoded, scale, isCutShort, hasEnded, network, overlap } = state;
  const isPlain = isCount(numSamples) && isCount(numDecoded) && numDecoded <= numSamples && Number.isFinite(scale);
  if (!isPlain || typeof isCutShort !== "boolean" || typeof hasEnded !== "boolean" || !Array.isArray(network) || !Array.isArray(overlap))
    return false;
  if (numCodebooks === null) return numSamples === 0 && network.length === 0 && overlap.length === 0;
  if (!isCount(numCodebooks) || numCodebooks === 0 || numCodebooks % lanes !== 0) return false;
  if (format.segment === null) {
    const numFrames = Math.ceil(numSamples / format.hopLength);
    return (
      overlap.length === 0 &&
      network.length === lanes &&
      network.every(
        (each) =>
          runner.isDecoderState(each, numCodebooks / lanes, numFrames, hasEnded) &&
          numDecoded === Math.min(each.after * format.hopLength, numSamples),
      )
    );
  }
  const held = (samples: Float32Array | undefined): boolean =>
    samples instanceof Float32Array && samples.length === numSamples - numDecoded;
  return (
    network.length === 0 &&
    overlap.length === lanes &&
    overlap.every(
      (each?: OverlapState) =>
        isCount(each?.triangleLength) &&
        held(each?.weights) &&
        Array.isArray(each?.sums) &&
        each.sums.length === format.channels / lanes &&
        each.sums.every(held),
    )
  );
}

function startNetwork(runner: CodecRunner, lanes: number, numCodebooks: number): readonly DecoderState[] {
  return Array.from({ length: lanes }, () => runner.startDecoding(numCodebooks / lanes));
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
    if (clipScale(codes) !== scale)
      throw new CodesError("CODES_MISMATCH", `these codes have the scale ${clipScale(codes)}; those before have ${scale}`);
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

function continuousStep(state: DecoderStreamState, codes: AudioCodes | null, { runner, format }: DecoderJob): DecoderStep {
  const { lanes } = format;
  const numCodebooks = codes?.numCodebooks ?? state.numCodebooks!;
  const network = state.numCodebooks === null ? startNetwork(runner, lanes, numCodebooks) : state.network;
  const inputs = codes === null ? network.map(() => new Int32Array()) : splitCodes(codes, lanes).map((piece) => piece.codes);
  const scale = codes === null ? state.scale : clipScale(codes);
  const numSamples = state.numSamples + (codes?.numSamples ?? 0);
  const isCutShort = codes !== null && codes.numSamples < codes.numFrames * format.hopLength;
  return {
    pieces: inputs.map((input, lane) => ({ state: network[lane]!, input, isLast: codes === null })),
    finish: (results) => {
      const { frames } = results[0]!.output;
      const end = Math.min(state.numDecoded + frames * format.hopLength, numSamples);
      const channelData = results.flatMap(({ output: { data } }) =>
        channelsOf(atLoudness(data, scale), format.channels / lanes, end - state.numDecoded),
      );
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
  { runner, format }: DecoderJob,
  { length, stride }: Segmenting,
): DecoderStep {
  const { lanes } = format;
  const channels = format.channels / lanes;
  const numCodebooks = codes?.numCodebooks ?? state.numCodebooks!;
  const pieces = (codes === null ? [] : splitCodes(codes, lanes)).map((piece) => ({
    state: runner.startDecoding(numCodebooks / lanes),
    input: piece.codes,
    isLast: true,
  }));
  const isCutShort = codes !== null && codes.numSamples - (codes.numSegments - 1) * stride < length;
  const numSamples = codes === null ? state.numSamples : state.numDecoded + codes.numSamples;
  return {
    pieces,
    finish: (results) => {
      const parts = Array.from({ length: lanes }, (_, lane) => {
        const overlap = new OverlapAdd({ channels, stride }, state.overlap[lane]);
        const own = results.filter((_result, index) => index % lanes === lane);
        const settled = own.map(({ output: { data } }, segment) => addSegment(overlap, data, codes!, segment));
        if (codes === null) settled.push(overlap.finish());
        return { settled, overlap: overlap.state! };
      });
      const channelData = parts.flatMap(({ settled }) =>
        Array.from({ length: channels }, (_, channel) =>
          joinArrays(
            settled.map((piece) => piece[channel]!),
            Float32Array,
          ),
        ),
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
