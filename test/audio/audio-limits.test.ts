import { describe, expect, test } from "vitest";
import { concatBytes } from "./concat-bytes.ts";
import { decodeAudio, decodeAudioStream, formatWav, parseWav } from "../../src/audio/index.ts";
import type { AudioLimits } from "../../src/audio/index.ts";
import { numSamplesOf } from "../../src/core/index.ts";
import { constantFlacFrame, flacHeader } from "./flac-bytes.ts";
import { silentMp3Frame } from "./mp3-bytes.ts";
import { collect } from "./ogg-bytes.ts";
import { silentVorbis } from "./vorbis-bytes.ts";
import { chunk, formatChunk, wav } from "./wav-bytes.ts";

const wavOf = (numChannels: number, sampleRate: number, numSamples = 10): Uint8Array =>
  wav([
    ...formatChunk({ bits: 8, numChannels, sampleRate }),
    ...chunk(
      "data",
      Array.from({ length: numChannels * numSamples }, () => 128),
    ),
  ]);

/** What each way to read a file says of it: its number of samples, or why not. */
async function readings(bytes: Uint8Array, limits?: AudioLimits): Promise<unknown[]> {
  const whole = async (): Promise<number> => numSamplesOf(await decodeAudio(bytes, { limits }));
  const stream = async (): Promise<number> =>
    (await collect(await decodeAudioStream(bytes, { limits }))).reduce((sum, piece) => sum + numSamplesOf(piece), 0);
  const inOneGo = async (): Promise<number> => numSamplesOf(parseWav(bytes, { limits }));
  return Promise.all(
    [whole, stream, ...(bytes[0] === 0x52 ? [inOneGo] : [])].map((read) =>
      read().catch((error: { code: string; message: string }) => `${error.code} ${error.message}`),
    ),
  );
}

const refusal = (text: string): unknown => expect.stringMatching(new RegExp(`^AUDIO_UNSUPPORTED ${text}`, "u"));

describe("a file beyond the limits is refused by everything that reads it, and read where the limits are moved", () => {
  test.each([
    [
      "a sample every second",
      wavOf(1, 1),
      "wav file at 1 Hz, and audio is read from 1000 Hz on; if that is right, lower limits.minSampleRate",
      { minSampleRate: 1 },
    ],
    ["999 of them", wavOf(1, 999), "wav file at 999 Hz", { minSampleRate: 500 }],
    [
      "a million and one",
      wavOf(1, 1_000_001),
      "wav file at 1000001 Hz, and audio is read up to 1000000 Hz; .*limits.maxSampleRate",
      { maxSampleRate: 2e6 },
    ],
    ["four billion", wavOf(1, 2 ** 32 - 1), "wav file at 4294967295 Hz", { maxSampleRate: Infinity }],
    ["65 channels", wavOf(65, 8000), "wav file with 65 channels, and at most 64 are read; .*limits.maxChannels", { maxChannels: 65 }],
    ["65 535 channels", wavOf(65_535, 8000), "wav file with 65535 channels", { maxChannels: 65_535 }],
    ["a Vorbis file with 200 channels", silentVorbis(5, { channels: 200 }), "ogg file with 200 channels", { maxChannels: 255 }],
    ["a Vorbis file at 5 Hz", silentVorbis(5, { sampleRate: 5 }), "ogg file at 5 Hz", { minSampleRate: 5 }],
  ] as const)("%s", async (_, making, message, limits) => {
    const bytes = await making;
    for (const reading of await readings(bytes)) expect(reading).toEqual(refusal(message));
    for (const reading of await readings(bytes, limits)) expect(reading).toBeGreaterThan(0);
  });

  test.each([wavOf(1, 1000), wavOf(8, 384_000), wavOf(2, 768_000), wavOf(64, 48_000), wavOf(1, 4000)])(
    "what is usual is not %#",
    async (bytes) => {
      for (const reading of await readings(bytes)) expect(reading).toBe(10);
    },
  );
});

describe("the number of samples", () => {
  const small = { blockSize: 100, numChannels: 2 };
  const flac = (promised: number): Uint8Array =>
    concatBytes([flacHeader(promised, small), ...Array.from({ length: 10 }, (_, i) => constantFlacFrame(i, i, small))]);

  test("counts all channels, and is refused before anything is decoded where the header tells it", async () => {
    const message = "flac file with over 1999 samples; if that is right, raise limits.maxSamples";
    await expect(decodeAudioStream(flac(1000), { limits: { maxSamples: 1999 } })).rejects.toMatchObject({
      code: "AUDIO_UNSUPPORTED",
      message: expect.stringContaining(message),
    });
    for (const reading of await readings(flac(1000), { maxSamples: 2000 })) expect(reading).toBe(1000);
  });

  test("is refused while it is decoded where the header does not tell it", async () => {
    const audio = await decodeAudioStream(concatBytes([silentMp3Frame, silentMp3Frame, silentMp3Frame]), { limits: { maxSamples: 1727 } });
    expect(audio.numSamples).toBeUndefined();
    await expect(collect(audio)).rejects.toMatchObject({
      code: "AUDIO_UNSUPPORTED",
      message: expect.stringContaining("mp3 file with over 1727 samples"),
    });
  });

  test("is limited for a whole file unless told otherwise, though a few bytes promise more", async () => {
    const bytes = flacHeader(2 ** 30 + 2); // one channel
    await expect(decodeAudio(bytes)).rejects.toMatchObject({
      code: "AUDIO_UNSUPPORTED",
      message: expect.stringContaining(`over ${2 ** 30} samples`),
    });
    await expect(decodeAudio(bytes, { limits: { maxSamples: 2 ** 31 } })).rejects.toMatchObject({ code: "AUDIO_CORRUPT" });
    await expect(decodeAudioStream(bytes)).resolves.toMatchObject({ numSamples: 2 ** 30 + 2 });
  });

  test("of a WAV file is that of its bytes, whatever its header says", async () => {
    const bytes = formatWav({ channelData: [new Float32Array(100)], sampleRate: 8000 });
    new DataView(bytes.buffer).setUint32(40, 0x7fffffff, true);
    for (const reading of await readings(bytes, { maxSamples: 100 })) expect(reading).toBe(100);
  });
});

test.each([{ minSampleRate: 0 }, { maxSampleRate: -1 }, { maxChannels: NaN }, { maxSamples: "2" as unknown as number }])(
  "%o are no limits",
  async (limits) => {
    await expect(decodeAudioStream(wavOf(1, 8000), { limits })).rejects.toThrow(/^limits\.m\w+ must be a positive number; received/u);
  },
);
