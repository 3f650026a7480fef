import type { AudioCodes, Waveform } from "../../core/index.ts";
import type { CallOptions } from "../call-options.ts";
import type { CodePiece } from "../network/codec-runner.ts";
import type { DecoderJob } from "./coding-job.ts";
import { OverlapAdd } from "./overlap-add.ts";

/** Audio of every clip; all their segments and lanes go through the network together. */
export async function decodeClips(clips: readonly AudioCodes[], job: DecoderJob, options: CallOptions): Promise<Waveform[]> {
  const { lanes } = job.format;
  const channels = job.format.channels / lanes;
  const parts = clips.flatMap((codes) => Array.from({ length: lanes }, () => new LaneAudio(codes, channels)));
  const pieces = clips.map((codes) => splitCodes(codes, lanes));
  // Of each piece: where its audio goes.
  const places = pieces.flatMap((own, clip) =>
    own.map((_, index) => ({ part: parts[clip * lanes + (index % lanes)]!, segment: Math.floor(index / lanes) })),
  );
  await job.runner.decode(pieces.flat(), options, (index, audio) => places[index]!.part.take(places[index]!.segment, audio));
  return clips.map((_, clip) => ({
    channelData: parts.slice(clip * lanes, (clip + 1) * lanes).flatMap(({ channelData }) => channelData),
    sampleRate: job.format.sampleRate,
  }));
}

/** The audio of one lane of a clip, joined from its segments while they come, so that few of them are held. */
class LaneAudio {
  readonly #codes: AudioCodes;
  readonly #channels: number;
  /** Segments that came before those that they follow. */
  readonly #early = new Map<number, Float32Array>();
  readonly #overlap: OverlapAdd;
  #nextSegment = 0;
  #numJoined = 0;
  channelData: Float32Array[] = [];

  constructor(codes: AudioCodes, channels: number) {
    this.#codes = codes;
    this.#channels = channels;
    this.#overlap = new OverlapAdd({ channels, stride: codes.segment?.stride ?? Infinity });
  }

  /** Takes the audio of a segment, which becomes its own. */
  take(segment: number, audio: Float32Array): void {
    const { segment: segmenting, scales, numSamples, numSegments } = this.#codes;
    if (segmenting === null) {
      // Not copied: it may be hours long.
      if (scales !== null) for (let i = 0; i < audio.length; i++) audio[i]! *= scales[0]!;
      const length = audio.length / this.#channels;
      this.channelData = Array.from({ length: this.#channels }, (_, channel) =>
        audio.subarray(channel * length, channel * length + numSamples),
      );
      return;
    }
    if (this.channelData.length === 0) this.channelData = Array.from({ length: this.#channels }, () => new Float32Array(numSamples));
    this.#early.set(segment, audio);
    for (let next = this.#early.get(this.#nextSegment); next !== undefined; next = this.#early.get(this.#nextSegment)) {
      this.#early.delete(this.#nextSegment);
      this.#append(addSegment(this.#overlap, next, this.#codes, this.#nextSegment));
      this.#nextSegment++;
    }
    if (this.#nextSegment === numSegments) this.#append(this.#overlap.finish());
  }

  #append(settled: readonly Float32Array[]): void {
    for (const [channel, samples] of settled.entries()) this.channelData[channel]!.set(samples, this.#numJoined);
    this.#numJoined += settled[0]!.length;
  }
}

/** One piece for each segment and lane, segments outermost, without the filling behind short segments. */
export function splitCodes(codes: AudioCodes, lanes: number): CodePiece[] {
  const { numSegments, numCodebooks, numFrames } = codes;
  const perLane = numCodebooks / lanes;
  return Array.from({ length: numSegments * lanes }, (_, index) => {
    const [segment, lane] = [Math.floor(index / lanes), index % lanes];
    const frames = codes.segmentFrames(segment);
    const piece = new Int32Array(perLane * frames);
    for (let k = 0; k < perLane; k++) {
      const from = (segment * numCodebooks + k * lanes + lane) * numFrames;
      piece.set(codes.data.subarray(from, from + frames), k * frames);
    }
    return { codes: piece, frames };
  });
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
