import { expect, test } from "vitest";
import { concatBytes } from "./concat-bytes.ts";
import { decodeAudio, decodeAudioStream } from "../../src/audio/index.ts";
import { Pace, workPerTurn } from "../../src/audio/reading/pace.ts";
import { numSamplesOf } from "../../src/core/index.ts";
import { constantFlacFrame, flacHeader } from "./flac-bytes.ts";
import { longFile } from "./long-files.ts";
import { silentMp3Frame } from "./mp3-bytes.ts";
import { oggFile, pageOffsets, withChecksums, withEndGranule } from "./ogg-bytes.ts";
import { opusHeaders, silentOpusPacket } from "./opus-bytes.ts";
import { countTurns } from "./turn-counter.ts";
import { silentVorbisPacket, vorbisHeaders } from "./vorbis-bytes.ts";
import { ascii, formatChunk, wav } from "./wav-bytes.ts";

test("others have their turn whenever so much work was done, and not more often", async () => {
  const pace = new Pace();
  const steps = 8 * 16;
  const turns = await countTurns(async () => {
    for (let i = 0; i < steps; i++) await pace.spend(workPerTurn / 8);
  });
  expect(turns).toBeGreaterThanOrEqual(16);
  expect(turns).toBeLessThanOrEqual(17);
});

test("an abort is heard after the turn in which it comes", async () => {
  const controller = new AbortController();
  const pace = new Pace(controller.signal);
  const reason = new Error("stop");
  await pace.spend(1);
  setImmediate(() => controller.abort(reason));
  await expect(pace.spend(workPerTurn)).rejects.toBe(reason);
});

const megabyteOf = (pattern: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(2 ** 20);
  for (let at = 0; at + pattern.length <= bytes.length; at += pattern.length) bytes.set(pattern, at);
  return bytes;
};

const flacSilence = { blockSize: 65_535, numChannels: 8 };
const vorbisForm = { channels: 60, blocks: 0xd6 };

// A kilobyte or so that is long when decoded, and a megabyte that is much to look at.
const longWork: readonly [string, Promise<Uint8Array> | Uint8Array][] = [
  [
    "FLAC frames of one value for 65 535 samples",
    concatBytes([flacHeader(30 * 65_535, flacSilence), ...Array.from({ length: 30 }, (_, i) => constantFlacFrame(i, 5, flacSilence))]),
  ],
  ["Opus packets of 20 ms in eight channels", opusBomb()],
  ["Vorbis packets of two bytes for 4096 samples in 60 channels", vorbisBomb()],
  ["MP3 frames of 24 bytes for 576 samples", concatBytes(Array.from({ length: 3000 }, () => silentMp3Frame))],
  ["a WAV file", longFile("wav", 60)],
  ["WAV chunks of nothing", wav([...formatChunk(), ...megabyteOf([...ascii("JUNK"), 0, 0, 0, 0])])],
  ["ID3 tags of nothing", megabyteOf([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 0])],
  [
    "ID3 tags of nothing after MP3 frames",
    concatBytes([silentMp3Frame, silentMp3Frame, megabyteOf([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 0])]),
  ],
  ["FLAC blocks of nothing", concatBytes([flacHeader(0).with(4, 0), megabyteOf([1, 0, 0, 0])])],
  ["FLAC sync codes without frames", concatBytes([flacHeader(4096), megabyteOf([0xff, 0xf8])])],
  ["Ogg pages of another stream", oggNoise()],
];

async function opusBomb(): Promise<Uint8Array> {
  const form = { channels: 8 };
  return withEndGranule(await oggFile([...opusHeaders(form), ...Array.from({ length: 200 }, () => silentOpusPacket(8))]), 200 * 960);
}

async function vorbisBomb(): Promise<Uint8Array> {
  return withEndGranule(
    await oggFile([...vorbisHeaders(vorbisForm), ...Array.from({ length: 20 }, () => silentVorbisPacket(true))]),
    19 * 4096,
  );
}

async function oggNoise(): Promise<Uint8Array> {
  return oggFile(Array.from({ length: 20 }, (_, i) => new Uint8Array(50_000).fill(i)));
}

test.each(longWork)("%s: the event loop is held for no longer than so much work takes", async (_, making) => {
  const bytes = await making;
  let work = bytes.length;
  const turns = await countTurns(async () => {
    const audio = await decodeAudioStream(bytes).catch(() => []);
    try {
      for await (const piece of audio) work += piece.channelData.length * numSamplesOf(piece);
    } catch {
      // A file that is refused in the end took its time as well.
    }
  });
  expect(work).toBeGreaterThan(7 * workPerTurn);
  // What is done in one go may be more than that: a frame of FLAC has up to half a million samples.
  expect(turns).toBeGreaterThanOrEqual(Math.min(work / workPerTurn / 2, 30));
});

test("the event loop turns as well where the whole is decoded", async () => {
  const bytes = await longFile("wav", 60);
  expect(await countTurns(() => decodeAudio(bytes))).toBeGreaterThanOrEqual(bytes.length / workPerTurn);
});

test("audio of which nothing is given out can be stopped while it is decoded", async () => {
  // A second of audio, then a long stream that nobody wants.
  const short = await longFile("vorbis", 1);
  const other = await longFile("vorbis", 60);
  for (const offset of pageOffsets(other)) other[offset + 14]! ^= 1;
  const pages = withChecksums(other.subarray(pageOffsets(other)[1]));
  const bytes = concatBytes([short, ...Array.from({ length: 20 }, () => pages)]);
  const controller = new AbortController();
  const reason = new Error("no longer needed");
  const audio = await decodeAudioStream(bytes, { signal: controller.signal });
  let turns = 0;
  const reading = (async () => {
    for await (const piece of audio) expect(numSamplesOf(piece)).toBeGreaterThan(0);
  })();
  const tick = (): void => {
    if (++turns === 3) controller.abort(reason);
    else setImmediate(tick);
  };
  setImmediate(tick);
  await expect(reading).rejects.toBe(reason);
});
