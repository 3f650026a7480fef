import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { AudioWarning } from "../../src/audio/index.ts";
import { convertAudio, decodeAudio, decodeAudioStream } from "../../src/audio/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { joinArrays } from "../../src/core/index.ts";
import { concatBytes } from "./concat-bytes.ts";
import { oggFile } from "./ogg-bytes.ts";
import { packetsOf, pagedOgg } from "./paged-ogg.ts";
import { ascii } from "./wav-bytes.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));
const decode = (...names: readonly string[]): Promise<Waveform> => decodeAudio(concatBytes(names.map(fixture)), { strict: true });

async function withWarnings(parts: readonly Uint8Array[]): Promise<Waveform & { readonly warnings: AudioWarning[] }> {
  const warnings: AudioWarning[] = [];
  return { ...(await decodeAudio(concatBytes(parts), { onWarning: (warning) => warnings.push(warning) })), warnings };
}

const joined = (...parts: readonly Waveform[]): Float32Array[] =>
  parts[0]!.channelData.map((_, channel) =>
    joinArrays(
      parts.map(({ channelData }) => channelData[channel]!),
      Float32Array,
    ),
  );

describe("links of a chain", () => {
  test.each([
    ["mono.ogg", "mono.ogg"], // even with the same serial number
    ["stereo.opus", "stereo.opus"],
    ["stereo-flac.ogg", "stereo.ogg"], // of another codec
    ["stereo.ogg", "stereo-flac.ogg"],
  ])("%s and %s follow each other, sample by sample", async (first, second) => {
    expect((await decode(first, second)).channelData).toEqual(joined(await decode(first), await decode(second)));
    const audio = await decodeAudioStream(concatBytes([fixture(first), fixture(second)]));
    expect([undefined, (await decode(first)).channelData[0]!.length]).toContain(audio.numSamples);
  });

  test.each([
    ["mono.ogg", "stereo.ogg"],
    ["mono.opus", "stereo-flac.ogg"],
    ["stereo.ogg", "mono.opus"],
  ])("%s and %s have the form of the first", async (first, second) => {
    const start = await decode(first);
    const rest = await decode(second);
    const converted = convertAudio(rest, { sampleRate: start.sampleRate, channels: start.channelData.length });
    const { channelData, sampleRate, warnings } = await withWarnings([fixture(first), fixture(second)]);
    expect(sampleRate).toBe(start.sampleRate);
    expect(channelData).toEqual(joined(start, converted));
    const position = start.channelData[0]!.length;
    expect(warnings).toEqual([
      { code: "AUDIO_CHANGED", message: expect.stringContaining("which it is brought back to"), position, numLost: 0 },
    ]);
  });

  test("warnings of a later link have positions and lengths of the whole", async () => {
    const opus = await packetsOf("mono.opus", 2);
    const { headerPages, audioPages } = pagedOgg(opus, { sizes: opus.audio.map(() => 1) });
    const hole = [...headerPages, ...audioPages.toSpliced(5, 1)];
    const start = (await decode("mono.ogg")).channelData[0]!.length; // at 44.1 kHz
    const { warnings } = await withWarnings([fixture("mono.ogg"), ...hole]);
    const [changed, gap] = warnings;
    expect(changed).toMatchObject({ code: "AUDIO_CHANGED", position: start });
    const position = start + Math.round((5 * 960 - 312) * (44_100 / 48_000));
    expect(gap).toEqual({ code: "AUDIO_GAP", message: expect.any(String), position, numLost: Math.round(960 * (44_100 / 48_000)) });
    expect(warnings).toHaveLength(2);
  });

  test("one that cannot be decoded is left out, and the others are there", async () => {
    const broken = await oggFile([Uint8Array.from([...ascii("OpusHead"), 99]), Uint8Array.of(1, 2, 3)]);
    const { channelData, warnings } = await withWarnings([fixture("mono.ogg"), broken, fixture("mono.ogg")]);
    const link = await decode("mono.ogg");
    expect(channelData).toEqual(joined(link, link));
    expect(warnings).toMatchObject([
      { code: "AUDIO_GAP", position: link.channelData[0]!.length, message: expect.stringContaining("cannot be decoded") },
    ]);
  });
});

test("an Ogg file is found behind bytes that are none", async () => {
  const expected = await decode("mono.opus");
  const junk = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251);
  const { channelData, warnings } = await withWarnings([junk, fixture("mono.opus")]);
  expect(channelData).toEqual(expected.channelData);
  expect(warnings).toEqual([
    { code: "AUDIO_EXTRA", message: "damaged Ogg file: its first page starts at byte 5000, not 0", position: 0, numLost: 0 },
  ]);
});
