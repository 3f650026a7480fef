import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeAudio, decodeAudioStream } from "../../src/audio/index.ts";
import type { AudioWarning } from "../../src/audio/index.ts";
import { AudioFormatError } from "../../src/core/index.ts";
import { bigEndian, lawWriters, pcmWriters } from "./pcm-bytes.ts";
import type { PcmWriter } from "./pcm-bytes.ts";
import { ascii, littleEndian } from "./wav-bytes.ts";

const forms = Object.entries(pcmWriters);

/** Random samples of a writer, as integers or floats, interleaved. */
const clips = ({ integers, floats = [], maxChannels = 5 }: PcmWriter) =>
  fc
    .record({
      kind: fc.constantFrom(...integers.map((bits) => ({ bits, isFloat: false })), ...floats.map((bits) => ({ bits, isFloat: true }))),
      channels: fc.integer({ min: 1, max: maxChannels }),
      sampleRate: fc.integer({ min: 1000, max: 65_535 }),
      numSamples: fc.integer({ min: 1, max: 40 }),
    })
    .chain(({ kind, channels, sampleRate, numSamples }) =>
      fc.record({
        kind: fc.constant(kind),
        channels: fc.constant(channels),
        sampleRate: fc.constant(sampleRate),
        values: fc.array(
          kind.isFloat
            ? fc.float({ noNaN: true, noDefaultInfinity: true })
            : fc.integer({ min: -(2 ** (kind.bits - 1)), max: 2 ** (kind.bits - 1) - 1 }),
          { minLength: channels * numSamples, maxLength: channels * numSamples },
        ),
      }),
    );

function bytesOf(
  writer: PcmWriter,
  { bits, isFloat }: { readonly bits: number; readonly isFloat: boolean },
  values: readonly number[],
): number[] {
  const number = writer.littleEndian ? littleEndian : bigEndian;
  if (isFloat) {
    return values.flatMap((value) => {
      const bytes = Array.from(new Uint8Array((bits === 32 ? Float32Array : Float64Array).of(value).buffer));
      return writer.littleEndian ? bytes : bytes.toReversed();
    });
  }
  if (bits === 8 && writer.unsigned === true) return values.map((value) => value + 128);
  return values.flatMap((value) => number(BigInt.asUintN(bits, BigInt(value)), bits / 8));
}

describe.each(forms)("%s", (_, writer) => {
  test("gives every sample as it was written, bit for bit", async () => {
    await fc.assert(
      fc.asyncProperty(clips(writer), async ({ kind, channels, sampleRate, values }) => {
        const data = bytesOf(writer, kind, values);
        const warnings: AudioWarning[] = [];
        const file = writer.write({ ...kind, channels, sampleRate, data });
        const audio = await decodeAudioStream(file);
        expect(audio).toMatchObject({ container: writer.container, sampleRate, channels, numSamples: values.length / channels });
        const waveform = await decodeAudio(file, { onWarning: (warning) => void warnings.push(warning) });
        const expected = values.map((value) => Math.fround(kind.isFloat ? value : value / 2 ** (kind.bits - 1)));
        expect(waveform.channelData.map((samples) => Array.from(samples))).toEqual(
          Array.from({ length: channels }, (__, channel) => expected.filter((___, i) => i % channels === channel)),
        );
        expect(warnings).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test("cut anywhere, gives what is left and says what is not", async () => {
    const kind = writer.integers.length > 0 ? { bits: writer.integers[0]!, isFloat: false } : { bits: 32, isFloat: true };
    const values = Array.from({ length: 60 }, (__, i) => (kind.isFloat ? i : (i * 7) % 100));
    const data = bytesOf(writer, kind, values);
    const whole = writer.write({ ...kind, channels: 1, sampleRate: 8000, data });
    const numBytes = kind.bits / 8;
    const headerLength =
      whole.length - data.length - (writer.container === "voc" ? 1 : 0) - (writer.container === "w64" ? -data.length & 7 : 0);
    const all = (await decodeAudio(whole)).channelData[0]!;
    for (let length = 0; length < headerLength + data.length; length++) {
      const warnings: AudioWarning[] = [];
      const cut = whole.subarray(0, length);
      const onWarning = (warning: AudioWarning): void => void warnings.push(warning);
      const numLeft = Math.floor((length - headerLength) / numBytes);
      if (numLeft < 1) {
        await expect(decodeAudio(cut)).rejects.toThrow(AudioFormatError);
        continue;
      }
      const { channelData } = await decodeAudio(cut, { onWarning });
      expect(channelData).toEqual([all.subarray(0, numLeft)]);
      if (writer.knowsLength !== true) {
        expect(warnings).toEqual([]);
        continue;
      }
      const message = `header promises 60 samples per channel, it has ${numLeft}`;
      expect(warnings).toEqual(
        numLeft === 60
          ? []
          : [{ code: "AUDIO_TRUNCATED", message: expect.stringContaining(message), position: numLeft, numLost: 60 - numLeft }],
      );
      if (numLeft < 60)
        await expect(decodeAudio(cut, { strict: true })).rejects.toMatchObject({
          code: "AUDIO_CORRUPT",
          message: expect.stringContaining(message),
        });
    }
  });

  test("whatever the bytes, the result is a waveform no larger than they allow, or an AudioFormatError", async () => {
    const bits = writer.integers[0] ?? 32;
    const seed = writer.write({
      bits,
      isFloat: writer.integers.length === 0,
      channels: 1,
      sampleRate: 8000,
      data: Array.from({ length: 64 }, (__, i) => i),
    });
    const head = Math.min(seed.length, 160);
    const change = fc.record({
      at: fc.nat(head - 1),
      byte: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 8, 16, 0x7f, 0x80, 0xff), fc.nat(255)),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 5 }),
        fc.oneof(fc.constant(seed.length), fc.nat(seed.length)),
        async (changes, length) => {
          const bytes = seed.slice(0, length);
          for (const { at, byte } of changes) if (at < length) bytes[at] = byte;
          const outcome = await decodeAudio(bytes).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AudioFormatError);
          else {
            const { channelData } = outcome as Awaited<ReturnType<typeof decodeAudio>>;
            expect(channelData.length * channelData[0]!.length).toBeLessThanOrEqual(5 * bytes.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("the laws of G.711", () => {
  /** Source: ITU-T G.711, tables 1a and 2a: values of the decoder's output, with the codes as they are sent. */
  const values = {
    A: {
      unit: 2 ** 12,
      codes: [
        [0xaa, 4032],
        [0xa5, 2112],
        [0xb5, 1056],
        [0x85, 528],
        [0x95, 264],
        [0xe5, 132],
        [0xf5, 66],
        [0xd5, 1],
      ],
    },
    µ: {
      unit: 2 ** 13,
      codes: [
        [0x80, 8031],
        [0x8f, 4191],
        [0x9f, 2079],
        [0xaf, 1023],
        [0xbf, 495],
        [0xcf, 231],
        [0xdf, 99],
        [0xef, 33],
        [0xfe, 2],
        [0xff, 0],
      ],
    },
  } as const;

  test.each(Object.entries(lawWriters))("in %s", async (_, write) => {
    for (const law of ["A", "µ"] as const) {
      const { unit, codes } = values[law];
      const data = codes.flatMap(([code]) => [code, code ^ 0x80]);
      const { channelData } = await decodeAudio(write({ channels: 2, sampleRate: 8000, data }, law));
      expect(Array.from(channelData[0]!)).toEqual(codes.map(([, value]) => value / unit));
      expect(Array.from(channelData[1]!, Math.abs)).toEqual(codes.map(([, value]) => value / unit));
      expect(channelData[1]!.every((sample) => sample <= 0)).toBe(true);
    }
  });

  test("rise with their codes, through 256 values, as often below zero as above", async () => {
    for (const law of ["A", "µ"] as const) {
      const data = Array.from({ length: 256 }, (_, code) => code);
      const [samples] = (await decodeAudio(lawWriters.AU!({ channels: 1, sampleRate: 8000, data }, law))).channelData;
      const bits = law === "A" ? 0x55 : 0x7f;
      const positive = Array.from({ length: 128 }, (_, level) => samples![0x80 | (level ^ bits)]!);
      const negative = Array.from({ length: 128 }, (_, level) => samples![level ^ bits]!);
      expect(positive).toEqual(positive.toSorted((a, b) => a - b));
      expect(negative.map((sample) => -sample + 0)).toEqual(positive);
      expect(new Set(samples).size).toBe(law === "A" ? 256 : 255); // zero twice
    }
  });
});

/** Two samples behind a header that says of them what it likes. */
const write = (name: string, length: number): Uint8Array =>
  pcmWriters[name]!.write({ bits: 16, channels: 1, sampleRate: 8000, data: [0x40, 0, 0x20, 0], length });

describe("headers that say how long the samples are", () => {
  test.each([
    ["AU", 0xffffffff],
    ["AIFF", -8],
    ["AIFF", 0],
    ["AIFF", 0x7f000000],
    ["Core Audio", -5],
  ])("%s with %i, written to a pipe, reach to the end of the file", async (name, length) => {
    const samples = await decodeAudio(write(name, length), { strict: true });
    expect(samples.channelData).toEqual([Float32Array.of(0.5, 0.25)]);
  });

  test("samples before the end of the file end where it says", async () => {
    for (const name of ["AU", "AIFF", "Core Audio", "SPHERE", "AVR", "Wave64"]) {
      const { channelData } = await decodeAudio(Uint8Array.from([...write(name, 2), 9, 9, 9, 9]), { strict: true });
      expect(channelData[0]).toHaveLength(1);
    }
  });
});

test("what is no plain samples is refused by its name, and told what to do", async () => {
  const clip = { bits: 16, channels: 1, sampleRate: 8000, data: [1, 2, 3, 4] };
  const changed = (name: string, from: string, to: string): Uint8Array => {
    const text = String.fromCharCode(...pcmWriters[name]!.write(clip));
    return Uint8Array.from(ascii(text.replace(from, to)));
  };
  const cases: readonly [Uint8Array, RegExp][] = [
    [
      changed("AIFF-C sowt", "sowt", "MAC6"),
      /AIFF-C samples of the compression "MAC6" are not supported; convert first: ffmpeg -i in\.aiff/,
    ],
    [changed("Core Audio", "lpcm", "alac"), /Core Audio samples of the format "alac"/],
    [changed("SPHERE", "sample_coding -s3 pcm", "sample_coding -s26 pcm,embedded-shorten-v2.00"), /encoding "pcm,embedded-shorten-v2\.00"/],
    [changed("AU", "\0\0\0\x03", "\0\0\0\x17"), /AU samples of the encoding 23/],
  ];
  for (const [bytes, message] of cases) {
    await expect(decodeAudio(bytes)).rejects.toMatchObject({ code: "AUDIO_UNSUPPORTED", message: expect.stringMatching(message) });
  }
});
