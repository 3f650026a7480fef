import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { AudioWarning } from "../../src/audio/index.ts";
import { decodeAudio } from "../../src/audio/index.ts";

const folder = new URL("../fixtures/audio/ogg/", import.meta.url);
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)));

interface Reading {
  readonly numSamples: number;
  readonly channels: number;
  readonly sampleRate: number;
  /** RMS of eight equal parts over all channels. */
  readonly rms8: readonly number[];
}

/** What libsndfile 1.2 or ffmpeg 5.1 makes of each, whichever follows the specification. */
const readings = JSON.parse(readFileSync(new URL("readers.json", folder), "utf8")) as Record<string, Reading>;

const warningsOf: Readonly<Record<string, readonly AudioWarning["code"][]>> = {
  "end-before-start.opus": ["AUDIO_EXTRA"],
  "chained.opus": ["AUDIO_CHANGED"],
  "no-granules.ogg": ["AUDIO_EXTRA"],
  "cut.oga": ["AUDIO_TRUNCATED"], // its header has the length of the whole
};

test.each(Object.entries(readings))("%s", async (name, { numSamples, channels, sampleRate, rms8 }) => {
  const warnings: AudioWarning[] = [];
  const audio = await decodeAudio(bytesOf(name), { onWarning: (warning) => warnings.push(warning) });
  expect(audio.sampleRate).toBe(sampleRate);
  expect(audio.channelData.map(({ length }) => length)).toEqual(Array.from({ length: channels }, () => numSamples));
  const rms = Array.from({ length: 8 }, (_, part) => rmsOf(audio.channelData, (numSamples * part) / 8, (numSamples * (part + 1)) / 8));
  // Decoders of Opus, and ways to cut in eight, differ by so much.
  for (const [part, value] of rms.entries()) expect(Math.abs(value - rms8[part]!), `part ${part}`).toBeLessThan(2e-3);
  expect(warnings.map(({ code }) => code)).toEqual(warningsOf[name] ?? []);
});

test("the message for a stream of another codec names it", async () => {
  await expect(decodeAudio(bytesOf("speex.ogg"))).rejects.toMatchObject({
    code: "AUDIO_UNSUPPORTED",
    message: "Ogg file without a Vorbis, Opus or FLAC stream, but with Speex; convert it first: ffmpeg -i in.ogg out.wav",
  });
});

function rmsOf(channelData: readonly Float32Array[], from: number, to: number): number {
  const samples = channelData.flatMap((channel) => [...channel.subarray(Math.floor(from), Math.floor(to))]);
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);
}
