import { frameRateOf, hopLengthOf, numCodebooksFor, segmentingOf } from "./codec-config.ts";
import type { CodecConfig, Segmenting } from "./codec-config.ts";

/** What audio a codec takes, and what codes it gives. */
export interface CodecForm {
  /** Sample rate in hertz. */
  readonly sampleRate: number;
  /** Number of channels, 1 or 2. */
  readonly channels: number;
  /** Samples per frame. */
  readonly hopLength: number;
  /** Frames per second, rounded up as the reference does. */
  readonly frameRate: number;
  /** Codes are 0…codebookSize − 1. */
  readonly codebookSize: number;
  /** Codebooks that the checkpoint has, over all lanes. */
  readonly numQuantizers: number;
  /** Bandwidths in kbps that the checkpoint was trained for, ascending, with the codebooks that each takes; both over all lanes. */
  readonly bandwidths: readonly { readonly bandwidth: number; readonly numCodebooks: number }[];
  /** Segment length and stride in samples, or null where audio is coded in one piece. */
  readonly segment: Segmenting | null;
  /** Whether each segment is divided by its loudness, which codes then have as scales. */
  readonly isNormalized: boolean;
  /** Mono clips that one clip is coded as: 2 where left and right of stereo go through a mono codec one by one, otherwise 1. */
  readonly lanes: 1 | 2;
}

/** The form of a codec. @param lanes 2 for a mono codec only. */
export function codecFormOf(config: CodecConfig, lanes: CodecForm["lanes"]): CodecForm {
  const bandwidths = config.targetBandwidths.map((bandwidth) => ({
    bandwidth: bandwidth * lanes,
    numCodebooks: numCodebooksFor(config, bandwidth) * lanes,
  }));
  return {
    sampleRate: config.samplingRate,
    channels: config.audioChannels * lanes,
    hopLength: hopLengthOf(config),
    frameRate: frameRateOf(config),
    codebookSize: config.codebookSize,
    numQuantizers: bandwidths.at(-1)!.numCodebooks,
    bandwidths,
    segment: segmentingOf(config),
    isNormalized: config.normalize,
    lanes,
  };
}
