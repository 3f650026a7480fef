import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeAudio, formatWav } from "../../src/audio/index.ts";
import { concatBytes } from "./concat-bytes.ts";
import { oggFile, pageOffsets, takeApart, withChecksums, withEndGranule } from "./ogg-bytes.ts";
import { fixtureSignal, snr } from "./signals.ts";
import { ascii } from "./wav-bytes.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));
const id3 = Uint8Array.from([...ascii("ID3"), 4, 0, 0, 0, 0, 1, 5, ...Array.from({ length: 133 }, () => 7)]);

test("WAV is recognised and read", async () => {
  const waveform = fixtureSignal(44_100, 2);
  expect(await decodeAudio(formatWav(waveform))).toEqual(waveform);
});

describe("FLAC gives back exactly what was encoded", () => {
  test.each([
    ["mono.flac", 1],
    ["stereo.flac", 2],
    ["stereo-24.flac", 2],
    ["stereo-piped.flac", 2], // its header does not know the length
    ["stereo-flac.ogg", 2],
  ] as const)("%s", async (name, numChannels) => {
    expect(await decodeAudio(fixture(name))).toEqual(fixtureSignal(44_100, numChannels));
  });

  test("behind an ID3 tag", async () => {
    expect(await decodeAudio(concatBytes([id3, fixture("mono.flac")]))).toEqual(fixtureSignal(44_100, 1));
  });
});

describe("lossy formats have the length and timing of what was encoded", () => {
  // Shifted by a single sample, the sweep against itself has 8 dB. At a fixed bit rate LAME lowers the level to 95 %,
  // which alone leaves 26 dB; the other files measure 30 to 45.
  test.each([
    ["mono.mp3", 44_100, 1],
    ["stereo.mp3", 44_100, 2],
    ["mono-vbr.mp3", 44_100, 1],
    ["stereo-vbr.mp3", 44_100, 2],
    ["mono.ogg", 44_100, 1],
    ["stereo.ogg", 44_100, 2],
    ["mono.opus", 48_000, 1],
    ["stereo.opus", 48_000, 2],
  ] as const)("%s", async (name, sampleRate, numChannels) => {
    const expected = fixtureSignal(sampleRate, numChannels);
    const actual = await decodeAudio(fixture(name));
    expect(actual.sampleRate).toBe(sampleRate);
    expect(actual.channelData.length).toBe(numChannels);
    for (const [channel, samples] of actual.channelData.entries()) {
      expect(samples.length).toBe(expected.channelData[channel]!.length);
      expect(snr(samples, expected.channelData[channel]!, 1000, samples.length - 1000)).toBeGreaterThan(25);
    }
  });
});

describe("MP3", () => {
  test("without an information frame, encoder delay and padding stay", async () => {
    const { channelData } = await decodeAudio(fixture("mono-no-info.mp3"));
    const [expected] = fixtureSignal(44_100, 1).channelData;
    const delay = 1105; // LAME's 576 and the decoder's 529
    expect(channelData[0]!.length % 1152).toBe(0);
    expect(snr(channelData[0]!.slice(delay, delay + expected!.length), expected!, 1000, 12_000)).toBeGreaterThan(25);
  });

  test("a tag or zeros after the last frame change nothing", async () => {
    const bytes = fixture("mono.mp3");
    const expected = await decodeAudio(bytes);
    const id3v1 = new Uint8Array(128);
    id3v1.set(ascii("TAGfixture"));
    expect(await decodeAudio(concatBytes([bytes, id3v1]))).toEqual(expected);
    expect(await decodeAudio(concatBytes([bytes, new Uint8Array(1000)]))).toEqual(expected);
    const ape = new Uint8Array(32 + 40 + 32).fill(0x61);
    ape.set([...ascii("APETAGEX"), 0xd0, 7, 0, 0, 72, 0, 0, 0]);
    expect(await decodeAudio(concatBytes([bytes, ape, id3v1]))).toEqual(expected);
  });
});

describe("Ogg", () => {
  const opus = fixture("mono.opus");

  test("the output gain of an Opus header is applied", async () => {
    const quieter = opus.slice();
    quieter.set([0x00, 0xfa], 28 + 16); // −6 dB in 1/256 dB; the first packet starts at byte 28
    const [expected] = (await decodeAudio(opus)).channelData;
    const [actual] = (await decodeAudio(withChecksums(quieter))).channelData;
    expect(actual).toEqual(expected!.map((sample) => sample * 10 ** (-6 / 20)));
  });

  test("the last granule position says where the audio ends", async () => {
    const [expected] = (await decodeAudio(opus)).channelData;
    const [actual] = (await decodeAudio(withEndGranule(opus, 10_312))).channelData; // pre-skip 312
    expect(actual).toEqual(expected!.slice(0, 10_000));
    const vorbis = fixture("mono.ogg");
    const [whole] = (await decodeAudio(vorbis)).channelData;
    expect((await decodeAudio(withEndGranule(vorbis, 13_000))).channelData[0]).toEqual(whole!.slice(0, 13_000));
  });

  test("comments that fill several pages, such as a cover, are not taken for audio", async () => {
    const { packets, endGranule } = await takeApart(opus);
    const tags = new Uint8Array(150_000).fill(0x21);
    tags.set(packets[1]!);
    const bytes = withEndGranule(await oggFile([packets[0]!, tags, ...packets.slice(2)]), endGranule);
    expect(pageOffsets(bytes).length).toBeGreaterThan(3);
    expect(await decodeAudio(bytes)).toEqual(await decodeAudio(opus));
  });

  test("a stream of something else beside the audio is passed over", async () => {
    const skeleton = await oggFile([Uint8Array.from(ascii("fishead\0"))]);
    new DataView(skeleton.buffer).setUint32(14, 77, true); // its own serial number
    expect(await decodeAudio(concatBytes([withChecksums(skeleton), opus]))).toEqual(await decodeAudio(opus));
  });
});

describe("stopping", () => {
  test("an aborted signal rejects with its reason", async () => {
    const reason = new Error("no longer needed");
    await expect(decodeAudio(fixture("mono.flac"), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test.each(["mono.flac", "mono.mp3", "mono.ogg", "mono.opus"])("a signal that fires while %s is decoded stops it", async (name) => {
    const controller = new AbortController();
    const decoding = decodeAudio(fixture(name), { signal: controller.signal });
    const reason = new Error("no longer needed");
    controller.abort(reason);
    await expect(decoding).rejects.toBe(reason);
  });

  test("a signal that does not fire changes nothing", async () => {
    const { signal } = new AbortController();
    expect(await decodeAudio(fixture("mono.flac"), { signal })).toEqual(fixtureSignal(44_100, 1));
  });
});
