import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { decodeAudio } from "../../src/audio/index.ts";
import { concatBytes } from "./concat-bytes.ts";
import { AudioFormatError } from "../../src/core/index.ts";
import { packetsOf, pagedOgg } from "./paged-ogg.ts";
import { oggFile, pageOffsets, takeApart, withChecksums, withEndGranule } from "./ogg-bytes.ts";
import { ascii } from "./wav-bytes.ts";
import { runsOf } from "../long-searches.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));

// The WebAssembly decoders would print what they also report.
const printed = vi.spyOn(console, "error").mockImplementation(() => undefined);
afterEach(() => expect(printed).not.toHaveBeenCalled());

const text = (content: string): Uint8Array => Uint8Array.from(ascii(content));

/** What becomes of a file in which nothing may be wrong. */
const failure = async (bytes: Uint8Array): Promise<unknown> =>
  decodeAudio(bytes, { strict: true }).then(
    () => "decoded",
    (error: unknown) => error,
  );

async function expectFailure(bytes: Uint8Array, code: string, message: RegExp): Promise<void> {
  const error = await failure(bytes);
  expect(error).toBeInstanceOf(AudioFormatError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
}

/** An Ogg fixture on two pages, which ends too late. */
async function endingLate(name: string, numHeaders: number): Promise<Uint8Array> {
  const { headerPages, audioPages } = pagedOgg(await packetsOf(name, numHeaders), { sizes: [5] });
  return withEndGranule(concatBytes([...headerPages, ...audioPages]), 20_000);
}

describe("bytes that are no readable audio", () => {
  test.each([
    ["an empty file", new Uint8Array(), "AUDIO_EMPTY", /^empty file: it has 0 bytes$/],
    [
      "a web page",
      text("<html><head><title>404"),
      "AUDIO_UNKNOWN_FORMAT",
      /starts with 3c 68 74 6d \(“<htm”\): this looks like a web page.*download it again/,
    ],
    ["a text file", text("Hello, I am not audio\n"), "AUDIO_UNKNOWN_FORMAT", /48 65 6c 6c \(“Hell”\): this looks like a text file/],
    ["a Git LFS pointer", text("version https://git-lfs.github.com/spec/v1\n"), "AUDIO_UNKNOWN_FORMAT", /Git LFS pointer.*git lfs pull/],
    ["the beginning of an M4A file", text("\0\0\0\x20ftypM4A "), "AUDIO_CORRUPT", /MP4 or MOV file: it has no box "moov"/],
    [
      "an AIFF file that ends in its header",
      text("FORM\0\0\0\x20AIFFCOMM"),
      "AUDIO_CORRUPT",
      /truncated AIFF file: .*without a "COMM" chunk/,
    ],
    ["AC-3", Uint8Array.of(0x0b, 0x77, 1, 2), "AUDIO_UNSUPPORTED", /AC-3 audio.*ffmpeg -i in\.ac3 out\.wav/],
    ["a MIDI sample dump", Uint8Array.of(0xf0, 0x7e, 0, 1), "AUDIO_UNKNOWN_FORMAT", /MIDI sample dump.*sndfile-convert/],
    ["the beginning of a WebM file", Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 1), "AUDIO_CORRUPT", /Matroska file: it does not start/],
    [
      "random bytes",
      Uint8Array.of(0x00, 0x9c, 0x41, 0xfe),
      "AUDIO_UNKNOWN_FORMAT",
      /expected a WAV, FLAC, MP3 or Ogg file, but it starts with 00 9c 41 fe \(“··A·”\)$/,
    ],
    ["a single byte", Uint8Array.of(0xff), "AUDIO_UNKNOWN_FORMAT", /starts with ff/],
    [
      "an ID3 tag alone",
      Uint8Array.from([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 0]),
      "AUDIO_UNKNOWN_FORMAT",
      /no MP3 frames within 65536 bytes of the ID3 tag/,
    ],
  ] as const)("%s", async (_, bytes, code, message) => {
    await expectFailure(bytes, code, message);
  });

  test("something else than bytes is a TypeError", async () => {
    await expect(decodeAudio("speech.wav" as unknown as Uint8Array)).rejects.toThrow(/^decodeAudio takes the bytes.*received string$/);
  });
});

describe("damaged FLAC", () => {
  const bytes = fixture("stereo.flac");

  test("cut short", async () => {
    await expectFailure(
      bytes.subarray(0, 9000),
      "AUDIO_CORRUPT",
      /truncated or damaged FLAC.*should have 13231 samples.*only \d+ could be decoded/,
    );
    await expectFailure(bytes.subarray(0, 30), "AUDIO_CORRUPT", /truncated FLAC file: it ends within its header/);
  });

  test("cut short where the header does not know the length", async () => {
    await expectFailure(
      fixture("stereo-piped.flac").subarray(0, -700),
      "AUDIO_CORRUPT",
      /truncated FLAC file: it does not end with a whole frame/,
    );
  });

  test("one byte changed, anywhere in the frames", async () => {
    for (const name of ["stereo.flac", "stereo-piped.flac"]) {
      const whole = fixture(name);
      for (let at = whole.length - 1; at > whole.length - 6000; at -= 397) {
        const changed = whole.slice();
        changed[at]! ^= 0x10;
        await expectFailure(changed, "AUDIO_CORRUPT", /FLAC/);
      }
    }
  });
});

describe("damaged MP3", () => {
  const bytes = fixture("mono.mp3");

  test("cut within a frame", async () => {
    await expectFailure(bytes.subarray(0, -100), "AUDIO_CORRUPT", /truncated MP3 file: it ends within the frame that starts at byte \d+/);
    await expectFailure(fixture("mono-no-info.mp3").subarray(0, -100), "AUDIO_CORRUPT", /truncated MP3 file: it ends within the frame/);
  });

  test("cut between frames", async () => {
    const frameLength = 523; // 160 kbps at 44.1 kHz, rounded up: one of these cuts is where a frame ends
    const cuts = await Promise.all(Array.from({ length: frameLength }, (_, i) => failure(bytes.subarray(0, -1 - i))));
    expect(cuts.map((error) => (error as AudioFormatError).code)).toEqual(cuts.map(() => "AUDIO_CORRUPT"));
    expect(cuts.some((error) => /its header promises \d+ frames, it has \d+/.test((error as Error).message))).toBe(true);
  });

  test("another file appended, behind its ID3 tag, is not dropped in silence", async () => {
    await expectFailure(concatBytes([bytes, bytes]), "AUDIO_CORRUPT", /another file is appended at byte \d+; its audio follows/);
  });

  test("foreign bytes between frames", async () => {
    const changed = bytes.slice();
    changed.fill(0x55, 3000, 4500);
    await expectFailure(changed, "AUDIO_CORRUPT", /no frame starts at byte \d+, where the one before ends/);
  });
});

describe("damaged Ogg", () => {
  const vorbis = fixture("mono.ogg");

  test("cut within a page", async () => {
    await expectFailure(vorbis.subarray(0, -10), "AUDIO_CORRUPT", /truncated Ogg file: it ends within the page that starts at byte \d+/);
  });

  test("one byte changed", async () => {
    const changed = vorbis.slice();
    changed[vorbis.length - 50]! ^= 1;
    await expectFailure(changed, "AUDIO_CORRUPT", /the checksum of the page at byte \d+ is wrong/);
  });

  test("a page missing", async () => {
    const offsets = pageOffsets(vorbis);
    const hole = concatBytes([vorbis.subarray(0, offsets[1]), vorbis.subarray(offsets[2])]);
    await expectFailure(hole, "AUDIO_CORRUPT", /its three header packets are not in place/);
    const { headerPages, audioPages } = pagedOgg(await packetsOf("mono.ogg", 3), { sizes: [5, 5] });
    await expectFailure(concatBytes([...headerPages, audioPages[0]!, audioPages[2]!]), "AUDIO_CORRUPT", /page 5 follows page 3/);
  });

  test("foreign bytes between pages", async () => {
    const offsets = pageOffsets(vorbis);
    const parts = [vorbis.subarray(0, offsets[1]), Uint8Array.from(ascii("garbage".repeat(5))), vorbis.subarray(offsets[1])];
    await expectFailure(concatBytes(parts), "AUDIO_CORRUPT", /no page starts at byte 58/);
  });

  test("a last page that promises more than was there", async () => {
    const message = /should have 20000 samples per channel, but only \d+ could be decoded/;
    await expectFailure(await endingLate("mono.ogg", 3), "AUDIO_CORRUPT", message);
    await expectFailure(await endingLate("mono.opus", 2), "AUDIO_CORRUPT", /should have 19688 samples/);
  });

  test("a file without samples", async () => {
    await expectFailure(withEndGranule(vorbis, 0), "AUDIO_EMPTY", /empty Ogg Vorbis file/);
    await expectFailure(withEndGranule(fixture("mono.opus"), 312), "AUDIO_EMPTY", /empty Ogg Opus file/);
  });

  test("two recordings side by side are not supported", async () => {
    const starts = pageOffsets(vorbis).slice(0, 2);
    const other = withChecksums(vorbis.with(14, vorbis[14]! ^ 1)).subarray(0, starts[1]); // of another serial number
    const both = concatBytes([vorbis.subarray(0, starts[1]), other, vorbis.subarray(starts[1])]);
    await expectFailure(both, "AUDIO_UNSUPPORTED", /several audio streams.*ffmpeg/);
  });

  test("a stream of something else is not supported", async () => {
    await expectFailure(await oggFile([Uint8Array.from(ascii("Speex   "))]), "AUDIO_UNSUPPORTED", /without a Vorbis, Opus or FLAC stream/);
  });
});

describe("whatever the bytes, the result is a waveform or an AudioFormatError", () => {
  const formats: [string, (bytes: Uint8Array) => Uint8Array][] = [
    ["mono.flac", (bytes) => bytes],
    ["stereo-piped.flac", (bytes) => bytes],
    ["mono.mp3", (bytes) => bytes],
    ["stereo-vbr.mp3", (bytes) => bytes],
    ["mono.ogg", withChecksums],
    ["stereo.opus", withChecksums],
    ["stereo-flac.ogg", withChecksums],
  ];
  test.each(formats)("%s", async (name, seal) => {
    const whole = fixture(name);
    const position = fc.oneof(fc.nat(199), fc.nat(whole.length - 1)); // headers, and everything
    const change = fc.record({ at: position, byte: fc.nat(255) });
    const length = fc.oneof(fc.constant(whole.length), fc.nat(whole.length));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), length, async (changes, newLength) => {
        const bytes = whole.slice(0, newLength);
        for (const { at, byte } of changes) if (at < newLength) bytes[at] = byte;
        const outcome = await decodeAudio(seal(bytes)).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          expect(outcome).toBeInstanceOf(AudioFormatError);
        } else {
          const { channelData } = outcome as Awaited<ReturnType<typeof decodeAudio>>;
          expect(channelData.length).toBeGreaterThan(0);
          expect(new Set(channelData.map((samples) => samples.length)).size).toBe(1);
        }
      }),
      { numRuns: runsOf(150) },
    );
  });

  test("packets of random bytes in a sound Ogg stream", async () => {
    for (const name of ["mono.ogg", "mono.opus"]) {
      const { packets, endGranule } = await takeApart(fixture(name));
      const anyPacket = fc.uint8Array({ minLength: 0, maxLength: 5000 });
      await fc.assert(
        fc.asyncProperty(fc.nat(packets.length - 1), anyPacket, async (index, packet) => {
          const bytes = withEndGranule(await oggFile(packets.with(index, packet)), endGranule);
          const outcome = await decodeAudio(bytes).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AudioFormatError);
        }),
        { numRuns: runsOf(80) },
      );
    }
  });
});
