import { AudioCodes, bandwidthOf } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";
import type { CallOptions } from "../call-options.ts";
import type { AudioPiece, CodePiece } from "../network/codec-runner.ts";
import { segmentRanges } from "../network/segments.ts";
import { ClipAudio } from "./clip-audio.ts";
import type { ClipFormat, EncoderJob } from "./coding-job.ts";
import { SegmentAudio } from "./segment-audio.ts";

/** Codes of every clip; all their segments and lanes go through the network together. */
export async function encodeClips(waveforms: readonly Waveform[], job: EncoderJob, options: CallOptions): Promise<AudioCodes[]> {
  const clips: ClipAudio[] = [];
  for (const waveform of waveforms) clips.push(await ClipAudio.open(waveform, job.format, options.signal));
  const { lanes, isNormalized } = job.format;
  const segments = clips.map((clip) =>
    segmentRanges(clip.numSamples, job.format.segment).map((range) => closedSegment(clip, range, job.format)),
  );
  const pieces = segments.flat().flatMap((segment) => piecesOf(segment, lanes));
  const coded = await job.runner.encode(pieces, job.numCodebooks / lanes, options);
  const all: AudioCodes[] = [];
  let next = 0;
  for (const [clip, own] of segments.entries()) {
    const codes = own.map(() => coded.slice(next, (next += lanes)));
    const scales = isNormalized ? Float32Array.from(await Promise.all(own.map(({ open }) => open())), ({ scale }) => scale) : null;
    all.push(assembleCodes(codes, { scales, numSamples: clips[clip]!.numSamples }, job));
  }
  return all;
}

/** A segment that is opened once, when the first of its samples are needed. */
interface ClosedSegment {
  readonly numSamples: number;
  readonly open: () => Promise<SegmentAudio>;
}

function closedSegment(clip: ClipAudio, range: { readonly start: number; readonly end: number }, format: ClipFormat): ClosedSegment {
  let opened: Promise<SegmentAudio> | undefined;
  return { numSamples: range.end - range.start, open: () => (opened ??= SegmentAudio.open(clip, range, format)) };
}

/** One piece for each lane. */
function piecesOf({ numSamples, open }: ClosedSegment, lanes: number): AudioPiece[] {
  return Array.from({ length: lanes }, (_, lane) => ({
    numSamples,
    read: async (start: number, end: number) => (await open()).read(lane, start, end),
  }));
}

/** Lays the codes of segments onto one grid; codebook k of lane s becomes row `k * lanes + s`. */
export function assembleCodes(
  segments: readonly (readonly CodePiece[])[],
  { scales, numSamples }: { readonly scales: Float32Array | null; readonly numSamples: number },
  { format, numCodebooks }: EncoderJob,
): AudioCodes {
  const { lanes } = format;
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
