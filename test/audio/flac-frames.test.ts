import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { ByteWindow } from "../../src/audio/reading/byte-window.ts";
import { concatBytes } from "./concat-bytes.ts";
import { decodeFlacFrame } from "../../src/audio/flac/decode-flac-frame.ts";
import { crc8, Crc16, Crc16FromEnd } from "../../src/audio/flac/flac-checksums.ts";
import type { FlacFrame, FlacJunk, FlacStreamForm } from "../../src/audio/flac/flac-frames.ts";
import { findFlacEnd, splitFlacFrames } from "../../src/audio/flac/flac-frames.ts";
import { parseFlacHeader } from "../../src/audio/flac/flac-header.ts";
import { decodeAudio } from "../../src/audio/index.ts";
import { Pace } from "../../src/audio/reading/pace.ts";
import { bytesSource } from "../../src/core/index.ts";
import { constantFlacFrame, flacFrame, flacFrameHeader, flacHeader } from "./flac-bytes.ts";
import { collect } from "./ogg-bytes.ts";
import { noiseBlock } from "./long-files.ts";
import { countTurns } from "./turn-counter.ts";

vi.mock("../../src/audio/flac/decode-flac-frame.ts", async (importOriginal) => {
  const original = await importOriginal<{ decodeFlacFrame: typeof decodeFlacFrame }>();
  return { decodeFlacFrame: vi.fn<typeof decodeFlacFrame>(original.decodeFlacFrame) };
});

function forward(bytes: Iterable<number>): number {
  const crc = new Crc16();
  for (const byte of bytes) crc.append(byte);
  return crc.value;
}

describe("checksums", () => {
  const text = new TextEncoder().encode("123456789");
  test("are those that catalogues give for 123456789", () => {
    expect(crc8(text)).toBe(0xf4); // CRC-8/SMBUS
    expect(forward(text)).toBe(0xfee8); // CRC-16/UMTS
  });

  test("read backward, tell the same of every beginning", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (content) => {
        const crc = forward(content);
        const bytes = Uint8Array.from([...content, crc >> 8, crc & 0xff, ...content.subarray(0, 3)]);
        const fromEnd = new Crc16FromEnd();
        for (let start = bytes.length - 1; start >= 0; start--) {
          fromEnd.prepend(bytes[start]!);
          expect(fromEnd.value === 0, `from ${start} on`).toBe(forward(bytes.subarray(start)) === 0);
        }
      }),
    );
  });
});

async function* cut(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array, void> {
  for (let [start, i] = [0, 0]; start < bytes.length; start += lengths[i++ % lengths.length]!) {
    yield bytes.slice(start, start + lengths[i % lengths.length]!);
  }
}

const form: FlacStreamForm = { sampleRate: 16_000, numChannels: 1, bitsPerSample: 16 };

const items = (bytes: Uint8Array, lengths: readonly number[] = [bytes.length], numChannels = 1): Promise<(FlacFrame | FlacJunk)[]> =>
  collect(splitFlacFrames(cut(bytes, lengths), { ...form, numChannels }, new Pace()));

/** The whole frames, without where they are. */
async function split(
  bytes: Uint8Array,
  lengths?: readonly number[],
  numChannels?: number,
): Promise<{ bytes: Uint8Array; numSamples: number }[]> {
  const found = await items(bytes, lengths, numChannels);
  return found.flatMap((item) => ("numSamples" in item ? [{ bytes: item.bytes, numSamples: item.numSamples }] : []));
}

const anyFrame = (numChannels: number): fc.Arbitrary<{ bytes: Uint8Array; numSamples: number }> =>
  fc
    .record({ number: fc.nat(0xd7ff), value: fc.integer({ min: -32_768, max: 32_767 }), blockSize: fc.integer({ min: 1, max: 65_535 }) })
    .map(({ number, value, blockSize }) => ({
      bytes: constantFlacFrame(number, value, { blockSize, numChannels }),
      numSamples: blockSize,
    }));

const anyFrames = fc
  .integer({ min: 1, max: 8 })
  .chain((numChannels) => fc.tuple(fc.constant(numChannels), fc.array(anyFrame(numChannels), { minLength: 1, maxLength: 12 })));

describe("a stream is cut into frames", () => {
  test("as it was put together, however it comes", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyFrames,
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 4 }),
        async ([numChannels, frames], lengths) => {
          expect(await split(concatBytes(frames.map(({ bytes }) => bytes)), lengths, numChannels)).toEqual(frames);
        },
      ),
    );
  });

  test("of noise, which has many checksums within it that are right by chance", async () => {
    const frames = Array.from({ length: 12 }, (_, i) =>
      flacFrame(
        i,
        noiseBlock.map((sample) => sample + i),
      ),
    );
    expect((await split(concatBytes(frames), [65_536])).map(({ bytes }) => bytes)).toEqual(frames);
  });

  test("and what stands before, between and after them is left out", async () => {
    const frames = [0, 1, 2].map((number) => constantFlacFrame(number, 100));
    const junk = Uint8Array.of(0xff, 0xf8, 0xff, 0xff, 0xf8, 1, 2, 3);
    expect((await split(concatBytes([junk, ...frames]))).map(({ bytes }) => bytes)).toEqual(frames);
    expect((await split(concatBytes([...frames, junk]))).map(({ bytes }) => bytes)).toEqual(frames);
    expect(await split(new Uint8Array(1000).fill(0xff))).toEqual([]);
  });

  test.each([
    ["a block size", 2, 0x05],
    ["a sample rate", 2, 0xcf],
    ["channels", 3, 0xb8],
    ["a sample size", 3, 0x06],
    ["a last bit", 3, 0x09],
    ["a number", 4, 0x80],
  ])("a header with %s that is reserved starts none", async (_, at, value) => {
    const header = flacFrameHeader(0).slice(0, -1).with(at, value);
    const bytes = Uint8Array.from([...header, crc8(Uint8Array.from(header)), 0, 0, 0, 0, 0]);
    expect(await split(bytes)).toEqual([]);
  });
});

/** What looks like the header of a frame, over and over. Its checksum is right. */
function manyHeaders(length: number): Uint8Array {
  const header = Uint8Array.from([0xff, 0xf8, 0x15, 0x08, 0]);
  const bytes = new Uint8Array(length);
  for (let at = 0; at + 6 <= length; at += 6) bytes.set([...header, crc8(header)], at);
  bytes.set([1, 2, 3, 4, 5, 6, 7, 9], length - 8);
  return bytes;
}

/** Counts the bytes that checksums take in while some work is done. */
async function countBytes(checksum: { readonly prototype: Crc16 | Crc16FromEnd }, work: () => Promise<unknown>): Promise<number> {
  const prototype = checksum.prototype as unknown as Record<string, (byte: number) => void>;
  const method = "append" in prototype ? "append" : "prepend";
  const original = prototype[method]!;
  let count = 0;
  prototype[method] = function (byte) {
    count++;
    original.call(this, byte);
  };
  try {
    await work();
    return count;
  } finally {
    prototype[method] = original;
  }
}

describe("each byte is looked at once, though every sixth starts a header", () => {
  const length = 300_000;
  const bytes = concatBytes([flacHeader(0), manyHeaders(length)]);

  test("when the end is looked for", async () => {
    const count = await countBytes(Crc16FromEnd, async () => {
      const source = new ByteWindow(bytesSource(bytes, "headers"));
      expect(await findFlacEnd(source, 42, parseFlacHeader(bytes))).toBeUndefined();
    });
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(length);
  });

  test("when the stream is cut into frames", async () => {
    const count = await countBytes(Crc16, async () => expect(await split(bytes.subarray(42), [1000])).toEqual([]));
    expect(count).toBeGreaterThan(length / 2);
    expect(count).toBeLessThanOrEqual(length);
  });
});

describe("what looks like frames within a frame", () => {
  const large = { blockSize: 65_535, numChannels: 8 };
  /** A frame whose checksum is right, and in which those of `count` frames are wrong. */
  function frameAround(count: number): Uint8Array {
    const damaged = constantFlacFrame(0, 1, large);
    damaged[damaged.length - 1]! ^= 0x55;
    const content = concatBytes(Array.from({ length: 1 + count }, () => damaged));
    const crc = forward(content);
    return Uint8Array.from([...content, crc >> 8, crc & 0xff]);
  }

  test("is part of it", async () => {
    const frames = [frameAround(8), constantFlacFrame(1, 5, large)];
    const expected = frames.map((bytes) => ({ bytes, numSamples: 65_535 }));
    expect(await split(concatBytes(frames), undefined, 8)).toEqual(expected);
    expect(await split(concatBytes(frames), [7], 8)).toEqual(expected);
  });

  test("makes it none if it is more than there may be by chance", async () => {
    expect(await items(concatBytes([frameAround(9), constantFlacFrame(1, 5, large)]), undefined, 8)).toMatchObject([
      { offset: 0, length: frameAround(9).length },
      { header: { number: 1 } },
    ]);
    await expect(decodeAudio(concatBytes([flacHeader(65_535, large), frameAround(1000)]))).rejects.toMatchObject({ code: "AUDIO_CORRUPT" });
  });
});

test("what may be frames is not decoded to find out over and over", async () => {
  // Each has two bytes too many, and a checksum that is right all the same; then the next follows.
  const large = { blockSize: 65_535, numChannels: 8 };
  const frames = Array.from({ length: 500 }, (_, i) => {
    const content = concatBytes([constantFlacFrame(i, 1, large).subarray(0, -2), Uint8Array.of(7, 7)]);
    const crc = forward(content);
    return Uint8Array.from([...content, crc >> 8, crc & 0xff, 9]);
  });
  const decode = vi.mocked(decodeFlacFrame).mockClear();
  expect(await split(concatBytes(frames), undefined, 8)).toEqual([]);
  expect(decode.mock.calls.length).toBe(33);
});

test("bytes that come one by one are no more work than others", async () => {
  const bytes = manyHeaders(2000);
  expect(await countTurns(() => split(bytes, [1]))).toBeLessThan(10);
});

test("a frame that does not end is given up after the most bytes that one may have", async () => {
  const header = Uint8Array.from(flacFrameHeader(0));
  const bytes = concatBytes([header, new Uint8Array(4_000_000).fill(1)]);
  const longest = 65_535 * 16 + 1024; // as if it had eight channels
  let found: unknown[] = [];
  const count = await countBytes(Crc16, async () => (found = await items(bytes)));
  expect(found[0]).toMatchObject({ offset: 0, length: longest });
  expect(count).toBeGreaterThanOrEqual(longest);
  expect(count).toBeLessThan(longest + 100); // where it might have ended
});
