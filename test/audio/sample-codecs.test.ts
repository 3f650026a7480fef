import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAudio, parseWav } from "../../src/audio/index.ts";
import type { AudioWarning } from "../../src/audio/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { chunk, formatChunk, int16s, littleEndian, wav } from "./wav-bytes.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/pcm/${name}`, import.meta.url)));

/** The first 16 bytes of the SHA-256 of interleaved float32 samples. */
function digestOf({ channelData }: Waveform): string {
  const numChannels = channelData.length;
  const samples = Float32Array.from(
    { length: numChannels * channelData[0]!.length },
    (_, i) => channelData[i % numChannels]![Math.floor(i / numChannels)]!,
  );
  return createHash("sha256").update(new Uint8Array(samples.buffer)).digest("hex").slice(0, 32);
}

const in16Bits = ({ channelData }: Waveform): number[][] => channelData.map((samples) => Array.from(samples, (sample) => sample * 2 ** 15));

describe("files of other programs give the samples that other readers give", () => {
  test.each([
    ["telephone-gsm.wav", 1, 3200, "ce072e043421a010a3a56cbd5be7fc15"],
    ["stereo-ima.wav", 2, 3030, "38e90e4425d9c4b947bb268e5b577755"],
    ["stereo-ima.aiff", 2, 3008, "5bc98847a7d728555665ffc8788e5203"],
    ["stereo-ms.wav", 2, 3000, "560d31e69580371828a82380a89e2b7c"],
  ])("%s", async (name, channels, numSamples, digest) => {
    const waveform = await decodeAudio(fixture(name), { strict: true });
    expect({ channels: waveform.channelData.length, numSamples: waveform.channelData[0]!.length, sampleRate: waveform.sampleRate }).toEqual(
      {
        channels,
        numSamples,
        sampleRate: 8000,
      },
    );
    expect(digestOf(waveform)).toBe(digest);
  });
});

const imaFormat = (channels: number, bytesPerFrame: number): number[] =>
  formatChunk({ tag: 0x11, numChannels: channels, bits: 4, bytesPerFrame, extension: [2, 0, ...littleEndian(2 * bytesPerFrame - 7, 2)] });

describe("IMA ADPCM, by hand", () => {
  test("goes from sample to sample by steps that follow the signal", () => {
    // Steps 7, 16, 34 and 73: 7 + 3 + 1, -(16 + 8 + 4 + 2), 34 + 17 + 8 + 4, and an eighth of 73; then an eighth of 66, 60, 55 and 50.
    const block = [...int16s(100), 0, 0, 0xf7, 0x07, 0x88, 0x00];
    const expected = [100, 111, 81, 144, 153, 145, 138, 144, 150];
    expect(in16Bits(parseWav(wav([...imaFormat(1, 8), ...chunk("data", block)])))).toEqual([expected]);
  });

  test("stays within 16 bits", () => {
    const block = [...int16s(32_000), 88, 0, 0x77, 0x77, 0x77, 0xff];
    const [samples] = in16Bits(parseWav(wav([...imaFormat(1, 8), ...chunk("data", block)])));
    expect(samples!.slice(1, 7)).toEqual(Array.from({ length: 6 }, () => 32_767));
    expect(samples!.slice(7)).toEqual([-28_669, -32_768]);
  });

  test("a block that ends early has the samples that it has; one with a step that does not exist is silence, which is told", async () => {
    const good = [...int16s(50), 0, 0, 0x07, 0, 0, 0];
    const bad = good.with(2, 89);
    const warnings: AudioWarning[] = [];
    const bytes = wav([...imaFormat(1, 8), ...chunk("data", [...good, ...bad, ...good.slice(0, 6)])]);
    const waveform = await decodeAudio(bytes, { onWarning: (warning) => void warnings.push(warning) });
    const [samples] = in16Bits(waveform);
    expect(samples).toHaveLength(19);
    expect(samples!.slice(9)).toEqual([...Array.from({ length: 9 }, () => 0), 50]);
    expect(warnings).toEqual([
      {
        code: "AUDIO_GAP",
        message: expect.stringMatching(/^damaged WAV file: the block of IMA ADPCM at byte 56/),
        position: 9,
        numLost: 9,
      },
    ]);
    await expect(decodeAudio(bytes, { strict: true })).rejects.toMatchObject({ code: "AUDIO_CORRUPT" });
  });

  test("blocks that hold no header are refused", () => {
    expect(() => parseWav(wav([...imaFormat(2, 7), ...chunk("data", [1, 2, 3, 4, 5, 6, 7, 8])]))).toThrow(
      /IMA ADPCM of 2 channels in blocks of 7 bytes, at least 8/,
    );
  });
});

const msFormat = (bytesPerFrame: number, channels = 1): number[] => formatChunk({ tag: 2, numChannels: channels, bits: 4, bytesPerFrame });

describe("Microsoft's ADPCM, by hand", () => {
  test("predicts each sample from the two before it", () => {
    // Predictor 1 is 2 a - b. Steps: 16, 16 (the least), 614 / 256 of that, 230 / 256 of that.
    const block = [1, ...int16s(16, 100, 90), 0x17, 0xf0];
    const expected = [90, 100, 110 + 16, 152 + 7 * 16, 402 - 38, 464];
    expect(in16Bits(parseWav(wav([...msFormat(9), ...chunk("data", block)])))).toEqual([expected]);
  });

  test("rounds predictions towards zero", () => {
    // Predictor 4 is (240 a) / 256: -15 / 16 of a sample is nothing.
    const block = [4, ...int16s(16, -1, 0), 0x00];
    expect(in16Bits(parseWav(wav([...msFormat(8), ...chunk("data", block)])))).toEqual([[0, -1, 0, 0].map((sample) => sample + 0)]);
  });

  test("a predictor that does not exist leaves silence", async () => {
    const warnings: AudioWarning[] = [];
    const bytes = wav([...msFormat(8), ...chunk("data", [7, ...int16s(16, 100, 90), 0x17])]);
    const waveform = await decodeAudio(bytes, { onWarning: (warning) => void warnings.push(warning) });
    expect(waveform.channelData).toEqual([new Float32Array(4)]);
    expect(warnings).toMatchObject([{ code: "AUDIO_GAP", position: 0, numLost: 4 }]);
  });
});

describe("blocks in a long file", () => {
  test.each([
    ["GSM 6.10", formatChunk({ tag: 0x31, bits: 0, bytesPerFrame: 65, extension: [2, 0, ...littleEndian(320, 2)] }), 65],
    ["IMA ADPCM", imaFormat(1, 256), 256],
    ["Microsoft's ADPCM", formatChunk({ tag: 2, numChannels: 2, bits: 4, bytesPerFrame: 140 }), 140],
  ])("%s gives the same in pieces as in one go", async (_, format, bytesPerBlock) => {
    const numBlocks = Math.ceil(300_000 / bytesPerBlock);
    const data = fc
      .sample(fc.uint8Array({ minLength: bytesPerBlock, maxLength: bytesPerBlock }), { numRuns: numBlocks, seed: 3 })
      .flatMap((block) => {
        block[0]! %= 7;
        block[1]! %= 7;
        block[2]! %= 89;
        return Array.from(block);
      });
    const bytes = wav([...format, ...chunk("data", data)]);
    const pieces = await decodeAudio(bytes, { strict: true });
    const whole = parseWav(bytes);
    expect(pieces.channelData[0]!.length).toBe(whole.channelData[0]!.length);
    expect(digestOf(pieces)).toBe(digestOf(whole));
  });
});
