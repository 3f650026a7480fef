import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { decodeAudio, formatWav } from "../../src/audio/index.ts";

// As if a bundler had left them out.
const leftOut = vi.hoisted(() => (): never => {
  throw new Error("Cannot find package");
});
vi.mock("@wasm-audio-decoders/flac", leftOut);
vi.mock("@wasm-audio-decoders/ogg-vorbis", leftOut);
vi.mock("mpg123-decoder", leftOut);
vi.mock("opus-decoder", leftOut);

test("WAV needs none of the decoders", async () => {
  const waveform = { channelData: [Float32Array.of(0.5, -0.25)], sampleRate: 8000 };
  expect(await decodeAudio(formatWav(waveform))).toEqual(waveform);
});

test.each([
  ["mono.flac", "FLAC"],
  ["mono.mp3", "MP3"],
  ["mono.ogg", "Ogg Vorbis"],
  ["mono.opus", "Ogg Opus"],
  ["stereo-flac.ogg", "FLAC"],
])("%s is refused where its decoder is left out", async (name, format) => {
  const bytes = new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));
  await expect(decodeAudio(bytes)).rejects.toMatchObject({
    name: "AudioFormatError",
    code: "AUDIO_UNSUPPORTED",
    message: expect.stringMatching(new RegExp(`^${format} cannot be decoded here: the package that does it could not be started`, "u")),
  });
});
