import type { AudioCodes, Waveform } from "../core/index.ts";
import type { CodePiece, CodecRunner } from "./codec-runner.ts";
import { joinSamples } from "./columns.ts";
import type { ClipFormat } from "./encode-clips.ts";
import type { CallOptions } from "./options.ts";
import { OverlapAdd } from "./overlap-add.ts";

interface DecodeJob {
  readonly runner: CodecRunner;
  readonly format: ClipFormat;
  /** Mono clips that each clip was coded as. */
  readonly streams: number;
  readonly options: CallOptions;
}

/** Audio of every clip; all their segments and streams go through the network together. */
export async function decodeClips(clips: readonly AudioCodes[], job: DecodeJob): Promise<Waveform[]> {
  const pieces = clips.map((codes) => splitCodes(codes, job.streams));
  const decoded = await job.runner.decode(pieces.flat(), job.options);
  let next = 0;
  return clips.map((codes, clip) => joinAudio(decoded.slice(next, (next += pieces[clip]!.length)), codes, job));
}

/** One piece for each segment and stream, segments outermost, without the filling behind short segments. */
export function splitCodes(codes: AudioCodes, streams: number): CodePiece[] {
  const { numSegments, numCodebooks, numFrames } = codes;
  const perStream = numCodebooks / streams;
  return Array.from({ length: numSegments * streams }, (_, index) => {
    const [segment, stream] = [Math.floor(index / streams), index % streams];
    const frames = codes.segmentFrames(segment);
    const piece = new Int32Array(perStream * frames);
    for (let k = 0; k < perStream; k++) {
      const from = (segment * numCodebooks + k * streams + stream) * numFrames;
      piece.set(codes.data.subarray(from, from + frames), k * frames);
    }
    return { codes: piece, frames };
  });
}

function joinAudio(decoded: readonly Float32Array[], codes: AudioCodes, { format, streams }: DecodeJob): Waveform {
  const channels = format.channels / streams;
  const perStream = Array.from({ length: streams }, (_, stream) => {
    const segments = decoded.filter((_piece, index) => index % streams === stream);
    return codes.segment === null ? wholeClip(atLoudness(segments[0]!, codes.scales?.[0]), channels, codes.numSamples) : joinSegments(segments, codes, channels);
  });
  return { channelData: perStream.flat(), sampleRate: format.sampleRate };
}

/** One channel is not copied: it may be hours long. */
function wholeClip(audio: Float32Array, channels: number, numSamples: number): Float32Array[] {
  return channels === 1 ? [audio.subarray(0, numSamples)] : channelsOf(audio, channels, numSamples);
}

function joinSegments(segments: readonly Float32Array[], codes: AudioCodes, channels: number): Float32Array[] {
  const overlap = new OverlapAdd({ channels, stride: codes.segment!.stride });
  const settled = segments.map((segment, index) => addSegment(overlap, segment, codes, index));
  settled.push(overlap.finish());
  return Array.from({ length: channels }, (_, channel) => joinSamples(settled.map((piece) => piece[channel]!)));
}

/** Adds a decoded segment; gives what is settled by it. */
export function addSegment(overlap: OverlapAdd, decoded: Float32Array, codes: AudioCodes, segment: number): Float32Array[] {
  const { length, stride } = codes.segment!;
  return overlap.add(atLoudness(decoded, codes.scales?.[segment]), Math.min(length, codes.numSamples - segment * stride));
}

/** Decoded audio as loud as it was. */
export function atLoudness(decoded: Float32Array, scale: number = 1): Float32Array {
  return scale === 1 ? decoded : decoded.map((sample) => sample * scale);
}

/** The channels of planar audio, each cut to `numSamples`. */
export function channelsOf(data: Float32Array, channels: number, numSamples: number): Float32Array[] {
  const length = data.length / channels;
  return Array.from({ length: channels }, (_, channel) => data.slice(channel * length, channel * length + numSamples));
}
