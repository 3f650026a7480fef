import { FLACDecoder } from "@wasm-audio-decoders/flac";
import { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { concatBytes } from "./concat-bytes.ts";
import { decodeAudio, decodeAudioStream } from "../../src/audio/index.ts";
import { WarningReport } from "../../src/audio/reading/audio-warning.ts";
import { trimPieces } from "../../src/audio/reading/trim-pieces.ts";
import { numSamplesOf } from "../../src/core/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { constantFlacFrame, flacHeader, withFlacChecksums } from "./flac-bytes.ts";
import { collect, oggFile, takeApart, withChecksums, withEndGranule } from "./ogg-bytes.ts";
import { opusHeaders, silentOpus, silentOpusPacket } from "./opus-bytes.ts";
import { orderedCodebooks, silentVorbis, silentVorbisPacket, vorbisHeaders } from "./vorbis-bytes.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));

afterEach(() => {
  vi.restoreAllMocks();
});

/** The most samples, of all channels together, that a decoder gave for one call. */
async function mostPerCall(results: readonly { readonly value: unknown }[]): Promise<number> {
  const decoded = await Promise.all(
    results.map(async ({ value }) => (await value) as { channelData: Float32Array[]; samplesDecoded: number }),
  );
  return Math.max(...decoded.map(({ channelData, samplesDecoded }) => channelData.length * samplesDecoded));
}

describe("what is decoded in one go does not depend on how short it is when compressed", () => {
  test("FLAC: one frame, which may have half a million", async () => {
    const decode = vi.spyOn(FLACDecoder.prototype, "decodeFrames");
    const form = { blockSize: 65_535, numChannels: 8 };
    const bytes = concatBytes([flacHeader(20 * 65_535, form), ...Array.from({ length: 20 }, (_, i) => constantFlacFrame(i, -3, form))]);
    const [samples] = (await decodeAudio(bytes)).channelData;
    expect(bytes.length).toBeLessThan(1000);
    expect(samples!.every((sample) => sample === -3 / 2 ** 15)).toBe(true);
    expect(await mostPerCall(decode.mock.results)).toBe(8 * 65_535);
  });

  test("Vorbis: one packet", async () => {
    const decode = vi.spyOn(OggVorbisDecoder.prototype, "decodeOggPages");
    const form = { channels: 40, blocks: 0xd6 };
    const packets = Array.from({ length: 20 }, () => silentVorbisPacket(true));
    const whole = await decodeAudio(withEndGranule(await oggFile([...vorbisHeaders(form), ...packets]), 19 * 4096));
    expect(numSamplesOf(whole)).toBe(19 * 4096);
    expect(await mostPerCall(decode.mock.results)).toBe(40 * 4096);
  });
});

describe("headers that would make decoders work for nothing are refused", () => {
  test.each([
    ["more entries than any encoder has", orderedCodebooks(256, 8192, 13), "AUDIO_UNSUPPORTED", "codebooks have over 131072 entries"],
    [
      "a codebook of sixteen million entries",
      orderedCodebooks(1, 2 ** 24 - 1, 24),
      "AUDIO_UNSUPPORTED",
      "codebooks have over 131072 entries",
    ],
  ] as const)("Vorbis codebooks: %s", async (_, codebooks, code, message) => {
    const bytes = await silentVorbis(4, { codebooks });
    await expect(decodeAudio(bytes)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("Vorbis codebooks that are within reason are not, and the setups of encoders are read to their end", async () => {
    expect(numSamplesOf(await decodeAudio(await silentVorbis(4, { codebooks: orderedCodebooks(256, 512, 9) })))).toBe(96);
    expect(numSamplesOf(await decodeAudio(await silentVorbis(4)))).toBe(96);
    const { packets, endGranule } = await takeApart(fixture("mono.ogg"));
    const cut = await oggFile(packets.with(2, packets[2]!.subarray(0, 1000)));
    await expect(decodeAudio(withEndGranule(cut, endGranule))).rejects.toMatchObject({
      code: "AUDIO_CORRUPT",
      message: expect.stringContaining("its setup header ends too early"),
    });
    const shifted = packets[2]!.slice().fill(0, 8, 11); // the first codebook's sync pattern
    await expect(decodeAudio(withEndGranule(await oggFile(packets.with(2, shifted)), endGranule))).rejects.toMatchObject({
      code: "AUDIO_CORRUPT",
      message: expect.stringContaining("codebook 0 does not start"),
    });
  });

  test.each([0x85, 0x68, 0xe6])("Vorbis blocks of lengths that there are not: %i", async (blocks) => {
    await expect(decodeAudio(await silentVorbis(4, { blocks }))).rejects.toMatchObject({
      code: "AUDIO_CORRUPT",
      message: expect.stringContaining("its header gives blocks of"),
    });
  });

  test("Opus streams that no channel comes from, or channels from streams that are not there", async () => {
    const bytes = await silentOpus(3, { channels: 3 });
    const changed = (at: number, value: number): Uint8Array => withChecksums(bytes.with(28 + at, value)); // the first packet starts at byte 28
    expect(numSamplesOf(await decodeAudio(bytes))).toBe(3 * 960);
    for (const [at, value] of [
      [19, 0],
      [19, 200],
      [20, 4],
      [23, 3],
      [23, 254],
    ] as const) {
      await expect(decodeAudio(changed(at, value)), `${value} at ${at}`).rejects.toMatchObject({
        code: "AUDIO_CORRUPT",
        message: expect.stringMatching(/its header makes 3 channels of \d+ streams/u),
      });
    }
    expect((await decodeAudio(changed(23, 255))).channelData[2]!.every((sample) => sample === 0)).toBe(true); // a silent channel
  });
});

test("what a file holds after its own end is decoded as far as a sound file may have it, and no further", async () => {
  let decoded = 0;
  async function* pieces(): AsyncGenerator<Waveform, void> {
    for (; decoded < 100; decoded++) yield { channelData: [new Float32Array(2 ** 20)], sampleRate: 8000 };
  }
  await expect(collect(trimPieces("Ogg Vorbis", pieces(), { end: () => 24 }, new WarningReport({ strict: true })))).rejects.toThrow(
    "it ends after 24 samples",
  );
  expect(decoded).toBeLessThan(6);
});

test("decoders print nothing of what they report, and the console is as it was", async () => {
  const printers = (["log", "warn", "error"] as const).map((name) => vi.spyOn(console, name).mockImplementation(() => undefined));
  const before = { ...console };
  const noise = Uint8Array.from({ length: 40 }, (_, i) => (i * 97) % 256);
  const flac = fixture("mono.flac").fill(0x55, 200, 260);
  const opus = await oggFile([...opusHeaders(), silentOpusPacket(), noise]);
  const mp3 = fixture("mono-no-info.mp3").fill(0xff, 425, 700);
  const files = [
    withFlacChecksums(flac),
    withEndGranule(opus, 1920),
    mp3,
    await silentVorbis(4, { codebooks: orderedCodebooks(3, 20_000, 15) }),
  ];
  const codes = await Promise.all(
    files.map((bytes) =>
      collect(piecesOf(bytes)).then(
        () => "read",
        (failure: { code: string }) => failure.code,
      ),
    ),
  );
  expect(codes).toContain("AUDIO_CORRUPT");
  for (const print of printers) expect(print).not.toHaveBeenCalled();
  expect({ ...console }).toEqual(before);
});

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<unknown, void> {
  yield* await decodeAudioStream(bytes, { strict: true });
}
