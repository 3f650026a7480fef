import { readFileSync } from "node:fs";
import { concatBytes } from "./concat-bytes.ts";
import { formatWavHeader, formatWavSamples } from "../../src/audio/index.ts";
import { flacFrame, flacHeader } from "./flac-bytes.ts";
import { lengthsOf, packetsOf, pagedOgg } from "./paged-ogg.ts";
import { noise } from "./pieces.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));

/** The same 4096 samples of noise over and over, as integers. */
export const noiseBlock: Int16Array = Int16Array.from(noise(1, 4096)[0]!, (sample) => Math.round(sample * 10_000));

/** Files of about as many seconds as asked for, made of the fixtures repeated, or of `NOISE_BLOCK`; in parts. */
export const longFiles: Readonly<Record<string, (seconds: number) => AsyncGenerator<Uint8Array, void>>> = {
  async *wav(seconds) {
    const numBlocks = Math.ceil((seconds * 16_000) / 4096);
    const block = { channelData: [Float32Array.from(noiseBlock, (sample) => sample / 2 ** 15)], sampleRate: 16_000 };
    yield formatWavHeader({ sampleRate: 16_000, channels: 1, numSamples: numBlocks * 4096 });
    for (let i = 0; i < numBlocks; i++) yield formatWavSamples(block);
  },
  async *flac(seconds) {
    const numFrames = Math.ceil((seconds * 16_000) / 4096);
    yield flacHeader(numFrames * 4096);
    for (let i = 0; i < numFrames; i++) yield flacFrame(i, noiseBlock);
  },
  async *pipedFlac(seconds) {
    const numFrames = Math.ceil((seconds * 16_000) / 4096);
    yield flacHeader(0);
    for (let i = 0; i < numFrames; i++) yield flacFrame(i, noiseBlock);
  },
  async *mp3(seconds) {
    const frames = fixture("mono-no-info.mp3"); // 13 of 1152 samples
    for (let i = 0; i < seconds * 44_100; i += 13 * 1152) yield frames;
  },
  opus: (seconds) => repeatPackets("mono.opus", { numHeaders: 2, sampleRate: 48_000, numSamples: 960, preSkip: 312 }, seconds),
  vorbis: (seconds) => repeatPackets("mono.ogg", { numHeaders: 3, sampleRate: 44_100, numSamples: 576, preSkip: 0 }, seconds),
};

export async function longFile(kind: string, seconds: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of longFiles[kind]!(seconds)) parts.push(part);
  return concatBytes(parts);
}

/**
 * @param numSamples What a packet decodes to, at least.
 * @param preSkip Samples at the start that are no audio.
 */
async function* repeatPackets(
  name: string,
  { numHeaders, sampleRate, numSamples, preSkip }: Record<"numHeaders" | "sampleRate" | "numSamples" | "preSkip", number>,
  seconds: number,
): AsyncGenerator<Uint8Array, void> {
  const { headers, audio } = await packetsOf(name, numHeaders);
  const count = Math.ceil((seconds * sampleRate) / numSamples) + 5;
  const repeated = Array.from({ length: count }, (_, i) => audio[i % audio.length]!);
  const lengths = lengthsOf(headers, repeated);
  const end = lengths.reduce((sum, length) => sum + length, 0) - preSkip;
  const { headerPages, audioPages } = pagedOgg({ headers, audio: repeated, lengths, end }, { sizes: repeated.map(() => 32) });
  yield* [...headerPages, ...audioPages];
}
