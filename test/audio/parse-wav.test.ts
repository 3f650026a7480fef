import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAudio, parseWav } from "../../src/audio/index.ts";
import type { AudioWarning } from "../../src/audio/index.ts";
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

/** What is read, and what is said of it; strict reading says the same as an error. */
async function read(bytes: Uint8Array): Promise<{ readonly samples: number[][]; readonly warnings: readonly AudioWarning[] }> {
  const warnings: AudioWarning[] = [];
  const { channelData } = await decodeAudio(bytes, { onWarning: (warning) => void warnings.push(warning) });
  const samples = channelData.map((channel) => Array.from(channel));
  expect(samplesOf(bytes)).toEqual(samples);
  if (warnings.length === 0) {
    expect((await decodeAudio(bytes, { strict: true })).channelData).toEqual(channelData);
  } else {
    await expect(decodeAudio(bytes, { strict: true })).rejects.toMatchObject({ code: "AUDIO_CORRUPT", message: warnings[0]!.message });
  }
  return { samples, warnings };
}
/** The warning for what is wrong and loses nothing. */
const extra = (message: RegExp) => [{ code: "AUDIO_EXTRA", message: expect.stringMatching(message), position: 0, numLost: 0 }];

describe("headers that are wrong", () => {
  test.each([0, 1, 3, 4, 5])("a frame of %i bytes for one sample of 16 bits is passed over", async (bytesPerFrame) => {
    expect(await read(wav([...formatChunk({ bytesPerFrame }), ...twoSampleChunk]))).toEqual({
      samples: twoSamples,
      warnings: extra(new RegExp(`^broken WAV header: 1 channels of 16 bits at 16000 Hz in ${bytesPerFrame} bytes per sample frame$`)),
    });
  });

  test.each([17, 20, 24])("%i bits in four bytes stand high in them", async (bits) => {
    const body = [...littleEndian(0x40000000, 4), ...littleEndian(0x80000000, 4)];
    expect(await read(wav([...formatChunk({ bits, bytesPerFrame: 4 }), ...chunk("data", body)]))).toEqual({
      samples: twoSamples,
      warnings: [],
    });
  });

  test.each([
    ["12 bits in two bytes", 12, 2, int16s(0x4000, -0x8000)],
    ["20 bits in three bytes", 20, 3, [0, 0, 0x40, 0, 0, 0x80]],
  ])("%s stand high in them", async (_, bits, bytesPerFrame, body) => {
    expect(await read(wav([...formatChunk({ bits, bytesPerFrame }), ...chunk("data", body)]))).toEqual({
      samples: twoSamples,
      warnings: [],
    });
  });

  test("a format of 14 bytes, or 0 bits, has the bits that its frames have room for", async () => {
    const short = chunk("fmt ", [
      ...littleEndian(1, 2),
      ...littleEndian(1, 2),
      ...littleEndian(16_000, 4),
      ...littleEndian(32_000, 4),
      ...littleEndian(2, 2),
    ]);
    const warnings = extra(/does not say how many bits a sample has; read as 1 channels of 16 bits at 16000 Hz in 2 bytes/);
    expect(await read(wav([...short, ...twoSampleChunk]))).toEqual({ samples: twoSamples, warnings });
    expect(await read(wav([...formatChunk({ bits: 0, bytesPerFrame: 2 }), ...twoSampleChunk]))).toEqual({ samples: twoSamples, warnings });
  });

  test("a format of 18 bytes, or with the sub-format of ambisonics, is right", async () => {
    expect(await read(wav([...formatChunk({ extension: [0, 0] }), ...twoSampleChunk]))).toEqual({ samples: twoSamples, warnings: [] });
    const guid = [1, 0, 0, 0, 0x21, 7, 0xd3, 0x11, 0x86, 0x44, 0xc8, 0xc1, 0xca, 0, 0, 0];
    const extension = [...littleEndian(22, 2), ...littleEndian(16, 2), ...littleEndian(0, 4), ...guid];
    expect(await read(wav([...formatChunk({ tag: 0xfffe, extension }), ...twoSampleChunk]))).toEqual({ samples: twoSamples, warnings: [] });
  });

  test.each(["LIST", "bext", "fact"])("an odd chunk %s without its padding byte", async (name) => {
    const odd = chunk(name, [1, 2, 3]).slice(0, -1);
    const warnings = extra(new RegExp(`^the chunk "${name}" is not padded to an even length$`));
    expect(await read(wav([...odd, ...formatChunk(), ...twoSampleChunk]))).toEqual({ samples: twoSamples, warnings });
    expect(await read(wav([...formatChunk(), ...odd, ...twoSampleChunk]))).toEqual({ samples: twoSamples, warnings });
  });

  test("a data chunk of length 0, where the file's length is right and no chunk follows, was never filled in", async () => {
    expect(await read(wav([...formatChunk(), ...chunk("data", int16s(16_384, -32_768), 0)]))).toEqual({
      samples: twoSamples,
      warnings: [],
    });
  });

  test("a file without its samples is truncated, one of no samples empty", () => {
    const bytes = wav([...formatChunk(), ...twoSampleChunk]).subarray(0, 44);
    expect(() => parseWav(bytes)).toThrow(
      expect.objectContaining({ code: "AUDIO_CORRUPT", message: expect.stringContaining("truncated WAV") }),
    );
    expect(() => parseWav(wav([...formatChunk(), ...chunk("data", [])]))).toThrow(expect.objectContaining({ code: "AUDIO_EMPTY" }));
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
    ["MP3", wav([...formatChunk({ tag: 0x55, bits: 0 }), ...twoSampleChunk]), "AUDIO_UNSUPPORTED", /0x0055 \(MP3\).*ffmpeg/],
    ["an unknown format", wav([...formatChunk({ tag: 0 }), ...twoSampleChunk]), "AUDIO_UNSUPPORTED", /0x0000 \(unknown\).*ffmpeg/],
    [
      "NMS ADPCM",
      wav([...formatChunk({ tag: 0x38, bits: 2, bytesPerFrame: 1 }), ...twoSampleChunk]),
      "AUDIO_UNSUPPORTED",
      /NMS ADPCM.*sndfile-convert/,
    ],
    ["a list of pieces", wav([...formatChunk(), ...chunk("LIST", [...ascii("wavl"), ...twoSampleChunk])]), "AUDIO_UNSUPPORTED", /"wavl"/],
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
