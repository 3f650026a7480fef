import { AudioCodes, bandwidthOf, numSamplesOf } from "../core/index.ts";
import type { Provenance, Waveform } from "../core/index.ts";
import type { AudioPiece, CodePiece } from "./codec-runner.ts";
import type { EncoderJob } from "./encoder-steps.ts";
import type { CallOptions } from "./options.ts";
import { prepareAudio, scaleOf } from "./prepare-audio.ts";
import { segmentRanges } from "./segments.ts";
import type { Segmenting } from "./segments.ts";

/** What a codec's clips have in common. */
export interface ClipFormat {
  readonly sampleRate: number;
  readonly channels: number;
  readonly frameRate: number;
  readonly hopLength: number;
  readonly codebookSize: number;
  readonly segment: Segmenting | null;
  readonly provenance: Provenance;
}

interface EncodeJob extends EncoderJob {
  readonly options: CallOptions;
}

/** A segment of a clip on its way to codes: one piece for each stream. */
interface PreparedSegment {
  readonly pieces: readonly AudioPiece[];
  readonly scale: number;
}

/** Codes of every clip; all their segments and streams go through the network together. */
export async function encodeClips(waveforms: readonly Waveform[], job: EncodeJob): Promise<AudioCodes[]> {
  const clips = waveforms.map((waveform) => {
    job.options.signal?.throwIfAborted();
    return prepareAudio(waveform, job.format);
  });
  const segments = clips.map((clip) => prepareSegments(clip, job));
  const pieces = segments.flat().flatMap((segment) => segment.pieces);
  const coded = await job.runner.encode(pieces, job.numCodebooks / job.streams, job.options);
  let next = 0;
  return segments.map((prepared, clip) => {
    const codes = prepared.map(({ pieces: { length } }) => coded.slice(next, (next += length)));
    const scales = job.isNormalized ? Float32Array.from(prepared, ({ scale }) => scale) : null;
    return assembleCodes(codes, { scales, numSamples: numSamplesOf(clips[clip]!) }, job);
  });
}

function prepareSegments(clip: Waveform, { format, streams, isNormalized }: EncodeJob): PreparedSegment[] {
  return segmentRanges(numSamplesOf(clip), format.segment).map(({ start, end }) => {
    const channels = clip.channelData.map((samples) => samples.subarray(start, end));
    const scale = isNormalized ? scaleOf(channels) : 1;
    const pieces = splitStreams(channels, streams).map((own) => ({
      numSamples: end - start,
      read: (from: number, to: number) => planar(own.map((samples) => samples.subarray(from, to)), scale),
    }));
    return { pieces, scale };
  });
}

/** The channels that each stream codes: all of them, or one each. */
export function splitStreams(channels: readonly Float32Array[], streams: number): Float32Array[][] {
  const perStream = channels.length / streams;
  return Array.from({ length: streams }, (_, stream) => channels.slice(stream * perStream, (stream + 1) * perStream));
}

/** Channels one after the other, divided by their loudness. */
export function planar(channels: readonly Float32Array[], scale: number = 1): Float32Array {
  const samples = channels.length === 1 ? channels[0]! : joinChannels(channels);
  return scale === 1 ? samples : samples.map((sample) => sample / scale);
}

function joinChannels(channels: readonly Float32Array[]): Float32Array {
  const numSamples = channels[0]!.length;
  const samples = new Float32Array(channels.length * numSamples);
  for (const [index, channel] of channels.entries()) samples.set(channel, index * numSamples);
  return samples;
}

/** Lays the codes of segments onto one grid; codebook k of stream s becomes row `k * streams + s`. */
export function assembleCodes(
  segments: readonly (readonly CodePiece[])[],
  { scales, numSamples }: { readonly scales: Float32Array | null; readonly numSamples: number },
  { format, streams, numCodebooks }: EncoderJob,
): AudioCodes {
  const numFrames = segments[0]![0]!.frames;
  const data = new Uint16Array(segments.length * numCodebooks * numFrames);
  for (const [segment, pieces] of segments.entries()) {
    for (const [stream, { codes, frames }] of pieces.entries()) {
      for (let k = 0; k < numCodebooks / streams; k++) {
        const row = segment * numCodebooks + k * streams + stream;
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
