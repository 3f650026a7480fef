import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseWav } from "../../src/audio/index.ts";
import { AudioFormatError } from "../../src/core/index.ts";
import { ascii, chunk, extensibleFields, formatChunk, int16s, littleEndian, wav } from "./wav-bytes.ts";

const samplesOf = (bytes: Uint8Array): number[][] => parseWav(bytes).channelData.map((samples) => Array.from(samples));
const twoSampleChunk = chunk("data", int16s(16_384, -32_768));
const twoSamples = [[0.5, -1]];

describe("sample formats", () => {
  test("8-bit samples are unsigned around 128", () => {
    expect(samplesOf(wav([...formatChunk({ bits: 8 }), ...chunk("data", [0, 128, 192, 255])]))).toEqual([[-1, 0, 0.5, 127 / 128]]);
  });

  test("16-bit samples are divided by 32768", () => {
    const bytes = wav([...formatChunk(), ...chunk("data", int16s(-32_768, 0, 1, 32_767))]);
    expect(samplesOf(bytes)).toEqual([[-1, 0, 1 / 32_768, 32_767 / 32_768]]);
  });

  test("24-bit samples are divided by 8388608", () => {
    const body = [...littleEndian(0x800000, 3), ...littleEndian(0xffffff, 3), ...littleEndian(0x7fffff, 3)];
    expect(samplesOf(wav([...formatChunk({ bits: 24 }), ...chunk("data", body)]))).toEqual([[-1, -1 / 2 ** 23, (2 ** 23 - 1) / 2 ** 23]]);
  });

  test("32-bit samples are divided by 2147483648", () => {
    const body = [...littleEndian(0x80000000, 4), ...littleEndian(0x40000000, 4)];
    expect(samplesOf(wav([...formatChunk({ bits: 32 }), ...chunk("data", body)]))).toEqual([[-1, 0.5]]);
  });

  test("32-bit floats are kept as they are, beyond ±1 and NaN included", () => {
    const body = [...new Uint8Array(Float32Array.of(0.1, -3, Number.NaN, Number.POSITIVE_INFINITY).buffer)];
    const bytes = wav([...formatChunk({ tag: 3, bits: 32 }), ...chunk("data", body)]);
    expect(samplesOf(bytes)).toEqual([[Math.fround(0.1), -3, Number.NaN, Number.POSITIVE_INFINITY]]);
  });

  test("64-bit floats are rounded to float32", () => {
    const body = [...new Uint8Array(Float64Array.of(0.1, -0.25).buffer)];
    expect(samplesOf(wav([...formatChunk({ tag: 3, bits: 64 }), ...chunk("data", body)]))).toEqual([[Math.fround(0.1), -0.25]]);
  });

  test("channels are interleaved in the file and planar in the waveform", () => {
    const waveform = parseWav(
      wav([...formatChunk({ numChannels: 2, sampleRate: 44_100 }), ...chunk("data", int16s(8192, -8192, 16_384, -16_384))]),
    );
    expect(waveform).toEqual({ channelData: [Float32Array.of(0.25, 0.5), Float32Array.of(-0.25, -0.5)], sampleRate: 44_100 });
  });

  test("the extensible format's sub-format says what the samples are", () => {
    const pcm = formatChunk({ tag: 0xfffe, bits: 32, extension: extensibleFields(20, 1) });
    expect(samplesOf(wav([...pcm, ...chunk("data", littleEndian(0x40000000, 4))]))).toEqual([[0.5]]);
    const float = formatChunk({ tag: 0xfffe, bits: 32, extension: extensibleFields(32, 3) });
    expect(samplesOf(wav([...float, ...chunk("data", [...new Uint8Array(Float32Array.of(0.75).buffer)])]))).toEqual([[0.75]]);
  });
});

describe("files as they occur", () => {
  test("unknown chunks, of odd length too, are passed over", () => {
    expect(
      samplesOf(wav([...chunk("LIST", [1, 2, 3]), ...formatChunk(), ...chunk("cue ", [9]), ...twoSampleChunk, ...chunk("id3 ", [1])])),
    ).toEqual(twoSamples);
  });

  test("the data chunk may come before the format", () => {
    expect(samplesOf(wav([...twoSampleChunk, ...formatChunk()]))).toEqual(twoSamples);
  });

  test("bytes that start anywhere in a larger buffer are read", () => {
    const bytes = wav([...formatChunk(), ...twoSampleChunk]);
    const buffer = new Uint8Array(bytes.length + 3);
    buffer.set(bytes, 3);
    expect(samplesOf(buffer.subarray(3))).toEqual(twoSamples);
  });

  test.each(["RF64", "BW64"])("%s takes the length of its samples from the ds64 chunk", (magic) => {
    const sizes = chunk("ds64", [...littleEndian(0, 8), ...littleEndian(4, 8), ...littleEndian(2, 8), ...littleEndian(0, 4)]);
    const bytes = wav([...sizes, ...formatChunk(), ...chunk("data", int16s(16_384, -32_768), 0xffffffff), ...chunk("LIST", [1, 2])], {
      magic,
      riffSize: 0xffffffff,
    });
    expect(samplesOf(bytes)).toEqual(twoSamples);
  });

  test.each([0xffffffff, 0x7fffffff, 0x7ffff000, 0x80000000])(
    "a streamed data chunk that claims %i bytes reaches to the end of the file",
    (size) => {
      const bytes = wav([...formatChunk(), ...chunk("data", int16s(16_384, -32_768), size)], { riffSize: 0xffffffff });
      expect(samplesOf(bytes)).toEqual(twoSamples);
    },
  );

  test.each([0, 36, 0xffffffff])("a data chunk of length 0 in a file that claims %i bytes was never filled in", (riffSize) => {
    expect(samplesOf(wav([...formatChunk(), ...chunk("data", int16s(16_384, -32_768), 0)], { riffSize }))).toEqual(twoSamples);
  });

  test("a data chunk of length 0 before another chunk is really empty", () => {
    expect(() => parseWav(wav([...formatChunk(), ...chunk("data", []), ...chunk("LIST", [1, 2])]))).toThrow(
      expect.objectContaining({ code: "AUDIO_EMPTY", message: expect.stringContaining('its "data" chunk has 0 bytes') }),
    );
  });

  test("a recording that was cut off keeps every whole sample frame", () => {
    const whole = wav([...formatChunk({ numChannels: 2 }), ...chunk("data", int16s(8192, -8192, 16_384, -16_384))]);
    expect(samplesOf(whole.subarray(0, -1))).toEqual([[0.25], [-0.25]]);
    expect(samplesOf(whole.subarray(0, -4))).toEqual([[0.25], [-0.25]]);
  });
});

describe("files that cannot be read", () => {
  const cases: readonly [string, Uint8Array, string, string | RegExp][] = [
    ["nothing but RIFF", Uint8Array.from(ascii("RIFF")), "AUDIO_UNKNOWN_FORMAT", "not a WAV file"],
    ["a file without samples", wav(formatChunk()), "AUDIO_CORRUPT", 'it ends after 36 bytes without a "data" chunk'],
    ["a file without a format", wav(twoSampleChunk), "AUDIO_CORRUPT", 'without a "fmt" chunk'],
    [
      "a chunk longer than the file",
      wav([...chunk("LIST", [1, 2], 1000), ...formatChunk()]),
      "AUDIO_CORRUPT",
      'chunk "LIST" claims 1000 bytes, but only 26 are left',
    ],
    [
      "less than one sample frame",
      wav([...formatChunk({ numChannels: 2 }), ...chunk("data", [1, 2, 3], 8)]).subarray(0, -1),
      "AUDIO_CORRUPT",
      /truncated WAV.*3 bytes.*takes 4/,
    ],
    ["a format chunk that is too short", wav([...chunk("fmt ", [1, 0]), ...twoSampleChunk]), "AUDIO_CORRUPT", '"fmt" chunk has 2 bytes'],
    [
      "an extensible format without its extension",
      wav([...formatChunk({ tag: 0xfffe }), ...twoSampleChunk]),
      "AUDIO_CORRUPT",
      "at least 40",
    ],
    ["A-law", wav([...formatChunk({ tag: 6, bits: 8 }), ...twoSampleChunk]), "AUDIO_UNSUPPORTED", /0x0006 \(A-law\).*ffmpeg/],
    [
      "an unknown sub-format",
      wav([...formatChunk({ tag: 0xfffe, extension: extensibleFields(16, 1).map((byte) => byte || 7) }), ...twoSampleChunk]),
      "AUDIO_UNSUPPORTED",
      "sub-format",
    ],
    ["12-byte integers", wav([...formatChunk({ bits: 96 }), ...twoSampleChunk]), "AUDIO_UNSUPPORTED", "96 bits (integer)"],
    ["16-bit floats", wav([...formatChunk({ tag: 3 }), ...twoSampleChunk]), "AUDIO_UNSUPPORTED", "16 bits (float)"],
    ["no channels", wav([...formatChunk({ numChannels: 0 }), ...twoSampleChunk]), "AUDIO_CORRUPT", "0 channels"],
    ["a sample rate of 0", wav([...formatChunk({ sampleRate: 0 }), ...twoSampleChunk]), "AUDIO_CORRUPT", "at 0 Hz"],
    [
      "a frame size that does not fit",
      wav([...formatChunk({ bytesPerFrame: 5 }), ...twoSampleChunk]),
      "AUDIO_CORRUPT",
      "in 5 bytes per sample frame",
    ],
  ];
  test.each(cases)("%s", (_, bytes, code, message) => {
    const error = errorOf(() => parseWav(bytes));
    expect(error).toBeInstanceOf(AudioFormatError);
    expect(error).toMatchObject({
      code,
      message: typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message),
    });
  });

  test("a header cut at any byte is an AudioFormatError", () => {
    const whole = wav([...formatChunk(), ...twoSampleChunk]);
    for (let length = 0; length < 46; length++) {
      expect(errorOf(() => parseWav(whole.subarray(0, length)))).toBeInstanceOf(AudioFormatError);
    }
  });

  test("whatever the bytes, the result is a waveform no larger than they allow, or an AudioFormatError", () => {
    const seed = wav([
      ...chunk("ds64", littleEndian(8, 28)),
      ...formatChunk({ tag: 0xfffe, extension: extensibleFields(16, 1) }),
      ...twoSampleChunk,
      ...twoSampleChunk,
    ]);
    const change = fc.record({ at: fc.nat(seed.length - 1), byte: fc.constantFrom(0, 1, 2, 3, 8, 16, 24, 32, 64, 0x7f, 0xfe, 0xff) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), fc.nat(seed.length), (changes, length) => {
        const bytes = seed.slice(0, length);
        for (const { at, byte } of changes) if (at < length) bytes[at] = byte;
        const outcome = errorOf(() => parseWav(bytes));
        if (outcome === undefined) {
          const { channelData } = parseWav(bytes);
          expect(channelData.length * channelData[0]!.length).toBeLessThanOrEqual(bytes.length);
          expect(new Set(channelData.map((samples) => samples.length)).size).toBe(1);
        } else {
          expect(outcome).toBeInstanceOf(AudioFormatError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

function errorOf(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
