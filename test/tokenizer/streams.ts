import fc from "fast-check";
import { numSamplesOf } from "../../src/index.ts";
import type { AudioTokenizer, DecoderStream, EncoderStream, Waveform, AudioCodes } from "../../src/index.ts";

/** Noise over a tone, of any length: what a codec makes of it differs in every frame. */
export function noisyTone(
  { channels, sampleRate }: { channels: number; sampleRate: number },
  numSamples: number,
  seed: number = 1,
): Waveform {
  let state = seed + 1;
  const noise = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
  const channelData = Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: numSamples }, (_value, i) => 0.3 * Math.sin(i * (0.01 + 0.002 * channel)) + 0.2 * noise()),
  );
  return { channelData, sampleRate };
}

/** Samples `start` to `end` of a waveform. */
export function slice(waveform: Waveform, start: number, end?: number): Waveform {
  return { ...waveform, channelData: waveform.channelData.map((samples) => samples.subarray(start, end)) };
}

/** A waveform in pieces whose lengths are taken from a list, over and over. */
export function cut(waveform: Waveform, lengths: readonly number[]): Waveform[] {
  const pieces: Waveform[] = [];
  for (let start = 0, index = 0; start < numSamplesOf(waveform); index++) {
    const length = lengths[index % lengths.length]!;
    pieces.push(slice(waveform, start, start + length));
    start += length;
  }
  return pieces;
}

/** A frame at a time, or several, of a clip that is one segment; of others, segments. */
export function cutCodes(codes: AudioCodes, lengths: readonly number[]): AudioCodes[] {
  const isSegmented = codes.segment !== null;
  const total = isSegmented ? codes.numSegments : codes.numFrames;
  const pieces: AudioCodes[] = [];
  for (let start = 0, index = 0; start < total; index++) {
    const end = Math.min(total, start + Math.max(1, lengths[index % lengths.length]!));
    pieces.push(isSegmented ? codes.sliceSegments(start, end) : codes.sliceFrames(start, end));
    start = end;
  }
  return pieces;
}

/** All codes of a stream, from where it stands to its end. */
export async function encodeBy(encoder: EncoderStream, pieces: readonly Waveform[]): Promise<AudioCodes[]> {
  const codes: (AudioCodes | null)[] = [];
  for (const piece of pieces) codes.push(await encoder.push(piece));
  codes.push(await encoder.flush());
  return present(codes);
}

/** All audio of a stream, from where it stands to its end. */
export async function decodeBy(decoder: DecoderStream, pieces: readonly AudioCodes[]): Promise<Waveform[]> {
  const audio: (Waveform | null)[] = [];
  for (const piece of pieces) audio.push(await decoder.push(piece));
  audio.push(await decoder.flush());
  return present(audio);
}

/** What came out, without the steps in which nothing did. */
export function present<T>(outputs: readonly (T | null)[]): T[] {
  return outputs.filter((output) => output !== null);
}

/** Pieces of audio, one after the other. */
export function joinAudio(pieces: readonly Waveform[]): Waveform {
  const { channelData, sampleRate } = pieces[0]!;
  const joined = channelData.map((_, channel) => Float32Array.from(pieces.flatMap((piece) => [...piece.channelData[channel]!])));
  return { channelData: joined, sampleRate };
}

/** All values of an async iterable. */
export async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** Whether two pieces of audio are the same, bit for bit. */
export function sameAudio(a: Waveform, b: Waveform): boolean {
  return a.sampleRate === b.sampleRate && a.channelData.length === b.channelData.length && bytesOf(a).equals(bytesOf(b));
}

function bytesOf({ channelData }: Waveform): Buffer {
  return Buffer.concat(channelData.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)));
}

/** Lengths of pieces: none, one sample, around a hop, and many hops. At least one of them gets a stream further. */
export function pieceLengths({ hopLength, segment }: Pick<AudioTokenizer, "hopLength" | "segment">): fc.Arbitrary<number[]> {
  const most = segment === null ? 8 * hopLength : 2 * segment.length;
  const borders = [0, 1, hopLength - 1, hopLength, hopLength + 1, 5 * hopLength];
  return fc
    .array(fc.oneof(fc.constantFrom(...borders), fc.integer({ min: 0, max: most })), { minLength: 1, maxLength: 6 })
    .map((lengths) => [...lengths, Math.floor(most / 3)]);
}

/** Lengths of clips around frame and segment borders, and anything up to a little over two segments. */
export function clipLengths({ hopLength, segment }: Pick<AudioTokenizer, "hopLength" | "segment">): fc.Arbitrary<number> {
  const borders = [1, 2, hopLength - 1, hopLength, hopLength + 1, 7 * hopLength];
  if (segment !== null) borders.push(segment.stride, segment.stride + 1, segment.length, segment.length + 1, 2 * segment.stride + 100);
  const most = segment === null ? 30 * hopLength : 2 * segment.length;
  return fc.oneof(fc.constantFrom(...borders), fc.integer({ min: 1, max: most }));
}
