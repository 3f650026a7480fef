import { AudioCodes, bandwidthOf, numSamplesOf } from "../core/index.ts";
import type { Provenance, Waveform } from "../core/index.ts";
import type { AudioPiece, CodePiece, CodecRunner } from "./codec-runner.ts";
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

interface EncodeJob {
  readonly runner: CodecRunner;
  readonly format: ClipFormat;
  /** Mono clips that each clip is coded as. */
  readonly streams: number;
  /** Over all streams. */
  readonly numCodebooks: number;
  /** Whether each segment is divided by its loudness. */
  readonly isNormalized: boolean;
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
    return assemble(codes, prepared, numSamplesOf(clips[clip]!), job);
  });
}

function prepareSegments(clip: Waveform, { format, streams, isNormalized }: EncodeJob): PreparedSegment[] {
  return segmentRanges(numSamplesOf(clip), format.segment).map(({ start, end }) => {
    const channels = clip.channelData.map((samples) => samples.subarray(start, end));
    const scale = isNormalized ? scaleOf(channels) : 1;
    const perStream = channels.length / streams;
    const pieces = Array.from({ length: streams }, (_, stream) => audioPiece(channels.slice(stream * perStream, (stream + 1) * perStream), scale));
    return { pieces, scale };
  });
}

/** A piece of audio that is divided by its loudness when it is read. */
function audioPiece(channels: readonly Float32Array[], scale: number): AudioPiece {
  return {
    numSamples: channels[0]!.length,
    read: (start, end) => {
      const parts = channels.map((samples) => samples.subarray(start, end));
      const samples = parts.length === 1 ? parts[0]! : planar(parts, end - start);
      return scale === 1 ? samples : samples.map((sample) => sample / scale);
    },
  };
}

function planar(channels: readonly Float32Array[], numSamples: number): Float32Array {
  const samples = new Float32Array(channels.length * numSamples);
  for (const [index, channel] of channels.entries()) samples.set(channel, index * numSamples);
  return samples;
}

/** Lays the codes of a clip's segments onto one grid; codebook k of stream s becomes row `k * streams + s`. */
function assemble(
  segments: readonly (readonly CodePiece[])[],
  prepared: readonly PreparedSegment[],
  numSamples: number,
  { format, streams, numCodebooks, isNormalized }: EncodeJob,
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
    scales: isNormalized ? Float32Array.from(prepared, ({ scale }) => scale) : null,
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
