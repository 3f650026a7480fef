import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AudioWarning } from "../../src/audio/index.ts";
import { decodeAudio, decodeAudioStream } from "../../src/audio/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { AudioFormatError } from "../../src/core/index.ts";
import { concatBytes } from "./concat-bytes.ts";
import { bigEndian, box, mdatStart, mov } from "./mp4-bytes.ts";
import { cluster, element, matroska, simpleBlock, trackEntry, unsigned } from "./matroska-bytes.ts";
import type { Lacing } from "./matroska-bytes.ts";
import { packetsOf } from "./paged-ogg.ts";
import { runsOf } from "../long-searches.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));
const strictly = (bytes: Uint8Array): Promise<Waveform> => decodeAudio(bytes, { strict: true });

async function withWarnings(bytes: Uint8Array): Promise<Waveform & { readonly warnings: AudioWarning[] }> {
  const warnings: AudioWarning[] = [];
  return { ...(await decodeAudio(bytes, { onWarning: (warning) => warnings.push(warning) })), warnings };
}

describe("files that ffmpeg made of others decode to the same samples", () => {
  test.each([
    ["opus.webm", "matroska", "mono.opus", undefined],
    ["live.webm", "matroska", "stereo.opus", undefined], // nothing in it says how long it is
    ["video.webm", "matroska", "mono.opus", undefined], // beside a video track
    ["flac.mkv", "matroska", "stereo.flac", undefined],
    ["pcm.mkv", "matroska", "mono.flac", 4410],
    ["opus.mp4", "mp4", "stereo.opus", 14_401],
    ["flac.mp4", "mp4", "mono.flac", 13_231],
    ["fragmented-flac.mp4", "mp4", "stereo.flac", undefined],
    ["twos.mov", "mp4", "stereo.flac", 13_231],
    ["in24-little.mov", "mp4", "stereo.flac", 13_231],
  ])("%s", async (name, container, original, numSamples) => {
    const expected = await strictly(fixture(original));
    const bytes = fixture(`media/${name}`);
    const { channelData } = await strictly(bytes);
    const length = channelData[0]!.length;
    expect(length).toBe(name === "pcm.mkv" ? 4410 : expected.channelData[0]!.length);
    expect(channelData).toEqual(expected.channelData.map((samples) => samples.slice(0, length)));
    const audio = await decodeAudioStream(bytes);
    expect(audio.container).toBe(container);
    if (name !== "pcm.mkv") expect(audio.numSamples).toBe(numSamples);
  });

  test.each([
    ["mp3.mkv", 0, 14_336],
    ["mp3.mp4", 1105, 13_871], // its edit list cuts off the delay of the encoder, and of the decoder
  ])("%s, but for what no container has of LAME's information frame", async (name, start, numSamples) => {
    const bytes = fixture(`media/${name}`);
    const [samples] = (await strictly(bytes)).channelData;
    expect(samples!.length).toBe(numSamples);
    const [expected] = (await strictly(fixture("mono.mp3"))).channelData; // without its first 1105 samples, which are those of the delays
    expect(samples!.slice(1105 - start, 1105 - start + expected!.length)).toEqual(expected);
  });

  test.each([
    ["vorbis.mkv", "mono.ogg", 13_312],
    ["fragmented-opus.mp4", "mono.opus", 15_048],
  ])("%s, but that its last packet is whole", async (name, original, numSamples) => {
    const [expected] = (await strictly(fixture(original))).channelData;
    const [samples] = (await strictly(fixture(`media/${name}`))).channelData;
    expect(samples!.length).toBe(numSamples);
    expect(samples!.slice(0, expected!.length)).toEqual(expected);
  });

  test.each([
    ["aac.m4a", "MP4 or MOV file with AAC audio, for which there is no decoder; convert it first: ffmpeg -i in.m4a out.wav"],
    ["alac.m4a", "MP4 or MOV file with Apple Lossless audio, for which there is no decoder; convert it first: ffmpeg -i in.m4a out.wav"],
  ])("%s is refused when it is opened, with its codec", async (name, message) => {
    await expect(decodeAudioStream(fixture(`media/${name}`))).rejects.toMatchObject({ code: "AUDIO_UNSUPPORTED", message });
  });
});

const opus = await packetsOf("mono.opus", 2);
const opusTrack = trackEntry(1, 2, "A_OPUS", [element(0x63a2, opus.headers[0]!)]);
const videoTrack = trackEntry(2, 1, "V_VP8");

/** 16-bit samples at 8000 Hz, in one block. */
function pcm(frames: readonly Uint8Array[], lacing: Lacing, fields: readonly Uint8Array[] = []): Uint8Array {
  const form = element(0xe1, concatBytes([element(0xb5, [0x45, 0xfa, 0, 0]), unsigned(0x9f, 1), unsigned(0x6264, 16)]));
  return matroska([trackEntry(1, 2, "A_PCM/INT/LIT", [form, ...fields])], [cluster(0, [simpleBlock(1, 0, frames, lacing)])]);
}

describe("Matroska", () => {
  const plain = matroska(
    [opusTrack],
    [
      cluster(
        0,
        opus.audio.map((packet, i) => simpleBlock(1, i * 20, [packet])),
      ),
    ],
  );

  test("packets come out however they are put into blocks and clusters", async () => {
    const expected = await strictly(plain);
    expect(expected.channelData[0]!.length).toBe(opus.audio.length * 960 - 312);
    const lacing = fc.constantFrom<Lacing>("none", "xiph", "ebml");
    const block = fc.record({ count: fc.integer({ min: 1, max: 5 }), lacing, startsCluster: fc.boolean(), isBesideVideo: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(block, { minLength: 16, maxLength: 16 }),
        fc.boolean(),
        fc.boolean(),
        async (blocks, isOpen, areClustersOpen) => {
          const clusters: { timestamp: number; readonly parts: Uint8Array[] }[] = [];
          let index = 0;
          for (const { count, lacing: kind, startsCluster, isBesideVideo } of blocks) {
            const packets = opus.audio.slice(index, index + (kind === "none" ? 1 : count));
            if (packets.length === 0) break;
            if (startsCluster || clusters.length === 0) clusters.push({ timestamp: index * 20, parts: [] });
            const { timestamp, parts } = clusters.at(-1)!;
            if (isBesideVideo) parts.push(simpleBlock(2, 0, [new Uint8Array(500).fill(0xa3)]), element(0xec, new Uint8Array(30)));
            parts.push(simpleBlock(1, index * 20 - timestamp, packets, packets.length === 1 ? "none" : kind));
            index += packets.length;
          }
          fc.pre(index >= opus.audio.length);
          const file = matroska(
            [videoTrack, opusTrack],
            clusters.map(({ timestamp, parts }) => cluster(timestamp, parts, areClustersOpen)),
            isOpen,
          );
          expect(await strictly(file)).toEqual(expected);
        },
      ),
      { numRuns: runsOf(60) },
    );
  });

  test("frames of one length, and the bytes that a compression left out of all", async () => {
    const frames = [0, 1, 2, 3].map((i) => Uint8Array.from([0, i, 0, 2 * i]));
    const expected = { sampleRate: 8000, channelData: [Float32Array.from([0, 0, 1, 2, 2, 4, 3, 6], (value) => value / 128)] };
    expect(await strictly(pcm(frames, "fixed"))).toEqual(expected);
    const stripped = element(0x6d80, element(0x6240, element(0x5034, concatBytes([unsigned(0x4254, 3), element(0x4255, [0])]))));
    const rest = frames.map((frame) => frame.subarray(1));
    expect(await strictly(pcm(rest, "fixed", [stripped]))).toEqual(expected);
  });

  test("a cluster that is damaged is a gap of the length that times tell, and the rest is there", async () => {
    const clusters = [0, 2, 4, 6, 8, 10, 12, 14].map((first) =>
      cluster(
        first * 20,
        opus.audio.slice(first, first + 2).map((packet, i) => simpleBlock(1, i * 20, [packet])),
      ),
    );
    const [whole] = (await strictly(matroska([opusTrack], clusters))).channelData;
    const damaged = clusters.with(
      1,
      Uint8Array.from(clusters[1]!, (byte, i) => (i < 9 ? byte : 0)),
    );
    const { channelData, warnings } = await withWarnings(matroska([opusTrack], damaged));
    const [samples] = channelData;
    const [start, end] = [2 * 960 - 312, 4 * 960 - 312];
    expect(warnings).toEqual([
      { code: "AUDIO_GAP", message: expect.stringContaining("no element starts"), position: start, numLost: 2 * 960 },
    ]);
    expect(samples!.length).toBe(whole!.length);
    expect(samples!.slice(0, start)).toEqual(whole!.slice(0, start));
    expect(samples!.slice(start, end).every((sample) => sample === 0)).toBe(true);
    // What Opus needs to settle.
    for (let i = end + 7680; i < whole!.length; i++) expect(Math.abs(samples![i]! - whole![i]!)).toBeLessThan(0.02);
  });

  test("a file that ends early has the blocks that are whole", async () => {
    const [whole] = (await strictly(plain)).channelData;
    const { channelData, warnings } = await withWarnings(plain.subarray(0, -10));
    const numSamples = whole!.length - 960;
    expect(channelData[0]).toEqual(whole!.slice(0, numSamples));
    expect(warnings).toEqual([
      { code: "AUDIO_TRUNCATED", message: expect.stringContaining("truncated Matroska"), position: numSamples, numLost: 0 },
    ]);
  });

  test("tracks that cannot be read are named", async () => {
    const blocks = [cluster(0, [])];
    await expect(decodeAudio(matroska([videoTrack], blocks))).rejects.toMatchObject({
      code: "AUDIO_UNSUPPORTED",
      message: expect.stringContaining("without an audio track"),
    });
    await expect(decodeAudio(matroska([trackEntry(1, 2, "A_AC3")], blocks))).rejects.toMatchObject({
      code: "AUDIO_UNSUPPORTED",
      message: expect.stringContaining("with AC-3 audio"),
    });
    const encrypted = trackEntry(1, 2, "A_OPUS", [element(0x6d80, element(0x6240, element(0x5035, [])))]);
    await expect(decodeAudio(matroska([encrypted], blocks))).rejects.toMatchObject({
      code: "AUDIO_UNSUPPORTED",
      message: expect.stringContaining("encrypted"),
    });
  });
});

const ramp = Uint8Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? 0 : (i >> 1) % 100));
const samplesOf = (from: number, to: number): Float32Array => Float32Array.from({ length: to - from }, (_, i) => ((from + i) % 100) / 128);
const alike = { sizes: bigEndian(2, 1000), chunkOffsets: [mdatStart], packetsPerChunk: 1000, mdat: ramp };

describe("MP4", () => {
  test("an edit list says where audio starts and ends", async () => {
    expect((await strictly(mov(alike))).channelData).toEqual([samplesOf(0, 1000)]);
    expect((await strictly(mov({ ...alike, edits: [[300, 120]] }))).channelData).toEqual([samplesOf(120, 420)]);
    // Hours of which a second is presented are not read on.
    const long = {
      sizes: bigEndian(2, 9_000_000),
      chunkOffsets: [mdatStart],
      packetsPerChunk: 9_000_000,
      mdat: new Uint8Array(18_000_000),
    };
    expect((await strictly(mov({ ...long, edits: [[1000, 0]] }))).channelData[0]!.length).toBe(1000);
    // An empty edit in front only delays it.
    const delayed = [
      [50, 2 ** 32 - 1],
      [0, 10],
    ] as const;
    expect((await strictly(mov({ ...alike, edits: delayed }))).channelData).toEqual([samplesOf(10, 1000)]);
    const parts = [
      [100, 500],
      [100, 0],
    ] as const;
    await expect(decodeAudioStream(mov({ ...alike, edits: parts }))).rejects.toMatchObject({
      code: "AUDIO_UNSUPPORTED",
      message: expect.stringContaining("2 parts put together"),
    });
  });

  test("packets of any length in any chunks come in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        async (counts, perChunk) => {
          const starts = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0));
          const chunkOffsets = starts.filter((_, i) => i % perChunk === 0).map((start) => mdatStart + 2 * start);
          const total = starts.at(-1)! + counts.at(-1)!;
          const sizes = bigEndian(0, counts.length, ...counts.map((count) => 2 * count));
          fc.pre(total <= 1000);
          expect((await strictly(mov({ sizes, chunkOffsets, packetsPerChunk: perChunk, mdat: ramp }))).channelData).toEqual([
            samplesOf(0, total),
          ]);
        },
      ),
      { numRuns: runsOf(60) },
    );
  });

  test("a file that ends early has what is there", async () => {
    const late = mov(alike);
    const moov = late.subarray(mdatStart + ramp.length);
    const early = concatBytes([moov, box("mdat", ramp)]);
    const shifted = mov({ ...alike, chunkOffsets: [moov.length + mdatStart] }).subarray(mdatStart + ramp.length);
    const faststart = concatBytes([shifted, early.subarray(moov.length)]);
    expect((await strictly(faststart)).channelData).toEqual([samplesOf(0, 1000)]);
    await expect(decodeAudio(late.subarray(0, 1500))).rejects.toMatchObject({
      code: "AUDIO_CORRUPT",
      message: expect.stringContaining('no box "moov"'),
    });
  });
});

describe("the work stays in proportion to the bytes", () => {
  test("MP4 tables that name the same bytes over and over", async () => {
    const again = { ...alike, chunkOffsets: Array.from({ length: 20_000 }, () => mdatStart), sizes: bigEndian(2, 20_000_000) };
    const bytes = mov(again);
    const { channelData, warnings } = await withWarnings(bytes);
    expect(2 * channelData[0]!.length).toBeLessThanOrEqual(bytes.length);
    expect(warnings).toMatchObject([
      { code: "AUDIO_TRUNCATED", message: expect.stringContaining("more bytes of audio than the file has") },
    ]);
  });

  test("MP4 tables of four thousand million packets, of some bytes or of none", async () => {
    for (const size of [1, 2, 2 ** 32 - 1]) {
      const outcome = await decodeAudio(mov({ ...alike, sizes: bigEndian(size, 2 ** 32 - 1), packetsPerChunk: 2 ** 32 - 1 })).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AudioFormatError);
      else expect((outcome as Waveform).channelData[0]!.length).toBeLessThan(2000);
    }
    const none = decodeAudio(mov({ ...alike, sizes: bigEndian(0, 2 ** 32 - 1), packetsPerChunk: 2 ** 32 - 1 }));
    await expect(none).rejects.toMatchObject({ code: "AUDIO_EMPTY" });
  });

  test("boxes within boxes, and elements within elements", async () => {
    let boxes = box("mdhd");
    for (let i = 0; i < 2000; i++) boxes = box("mdia", boxes);
    await expect(decodeAudio(box("moov", box("trak", boxes)))).rejects.toBeInstanceOf(AudioFormatError);
    const groups = new Uint8Array(200_000).fill(0xa0);
    for (let i = 1; i < groups.length; i += 2) groups[i] = 0xff;
    await expect(decodeAudio(matroska([opusTrack], [cluster(0, [groups])]))).rejects.toBeInstanceOf(AudioFormatError);
  });
});

test.each(["opus.webm", "vorbis.mkv", "live.webm", "opus.mp4", "fragmented-opus.mp4", "twos.mov"])(
  "whatever the bytes of %s, the result is a waveform or an AudioFormatError",
  async (name) => {
    const whole = fixture(`media/${name}`);
    const position = fc.oneof(fc.nat(600), fc.nat(whole.length - 1), fc.integer({ min: whole.length - 800, max: whole.length - 1 }));
    const change = fc.record({ at: position, byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)) });
    const length = fc.oneof(fc.constant(whole.length), fc.nat(whole.length));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), length, async (changes, newLength) => {
        const bytes = whole.slice(0, newLength);
        for (const { at, byte } of changes) if (at < newLength) bytes[at] = byte;
        const outcome = await decodeAudio(bytes).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AudioFormatError);
      }),
      { numRuns: runsOf(150) },
    );
  },
);
