import { AudioCodes, bandwidthOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import type { CallOptions } from "../call-options.ts";
import type { AudioPiece, CodePiece } from "../network/codec-runner.ts";
import { segmentRanges } from "../network/segments.ts";
import { ClipAudio } from "./clip-audio.ts";
import type { EncoderJob } from "./coding-job.ts";
import { SegmentAudio } from "./segment-audio.ts";

/** Codes of every clip; all their segments and lanes go through the network together. */
export async function encodeClips(waveforms: readonly Waveform[], job: EncoderJob, options: CallOptions): Promise<AudioCodes[]> {
  const clips: ClipAudio[] = [];
  for (const waveform of waveforms) clips.push(await ClipAudio.open(waveform, job.format, options.signal));
  const segments = clips.map((clip) => segmentRanges(clip.numSamples, job.format.segment).map((range) => new SegmentAudio(clip, range, job)));
  const pieces = segments.flat().flatMap((segment) => piecesOf(segment, job.lanes));
  const coded = await job.runner.encode(pieces, job.numCodebooks / job.lanes, options);
  let next = 0;
  return segments.map((own, clip) => {
    const codes = own.map(() => coded.slice(next, (next += job.lanes)));
    const scales = job.isNormalized ? Float32Array.from(own, ({ scale }) => scale) : null;
    return assembleCodes(codes, { scales, numSamples: clips[clip]!.numSamples }, job);
  });
}

/** One piece for each lane. */
function piecesOf(segment: SegmentAudio, lanes: number): AudioPiece[] {
  return Array.from({ length: lanes }, (_, lane) => ({
    numSamples: segment.numSamples,
    read: (start: number, end: number) => segment.read(lane, start, end),
  }));
}

/** Lays the codes of segments onto one grid; codebook k of lane s becomes row `k * lanes + s`. */
export function assembleCodes(
  segments: readonly (readonly CodePiece[])[],
  { scales, numSamples }: { readonly scales: Float32Array | null; readonly numSamples: number },
  { format, lanes, numCodebooks }: EncoderJob,
): AudioCodes {
  const numFrames = segments[0]![0]!.frames;
  const data = new Uint16Array(segments.length * numCodebooks * numFrames);
  for (const [segment, pieces] of segments.entries()) {
    for (const [lane, { codes, frames }] of pieces.entries()) {
      for (let k = 0; k < numCodebooks / lanes; k++) {
        const row = segment * numCodebooks + k * lanes + lane;
        data.set(codes.subarray(k * frames, (k + 1) * frames), row * numFrames);
      }
    }
  }
  return new AudioCodes({
    data,
    shape: [segments.length, numCodebooks, numFrames],
    scales,
    numSamples,
    sampleRate: format.sampleRate,
    channels: format.channels,
    hopLength: format.hopLength,
    codebookSize: format.codebookSize,
    bandwidth: bandwidthOf({ ...format, numCodebooks }),
    segment: format.segment,
    provenance: format.provenance,
  });
}
