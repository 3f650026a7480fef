import type { AudioCodes, Waveform } from "../core/index.ts";
import type { CodePiece, CodecRunner } from "./codec-runner.ts";
import type { ClipFormat } from "./encode-clips.ts";
import type { CallOptions } from "./options.ts";
import { overlapAdd } from "./segments.ts";

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
function splitCodes(codes: AudioCodes, streams: number): CodePiece[] {
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
  const { numSamples, scales, segment } = codes;
  const channels = format.channels / streams;
  const perStream = Array.from({ length: streams }, (_, stream) => {
    const segments = decoded.filter((_piece, index) => index % streams === stream);
    const scaled = scales === null ? segments : segments.map((samples, index) => samples.map((sample) => sample * scales[index]!));
    if (segment !== null) return overlapAdd(scaled, { channels, stride: segment.stride, numSamples });
    const length = scaled[0]!.length / channels;
    return Array.from({ length: channels }, (_value, channel) => scaled[0]!.slice(channel * length, channel * length + numSamples));
  });
  return { channelData: perStream.flat(), sampleRate: format.sampleRate };
}
