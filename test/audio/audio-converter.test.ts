import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { AudioConverter, convertAudio, convertAudioStream, joinWaveforms } from "../../src/audio/index.ts";
import type { AudioConverterState, AudioForm } from "../../src/audio/index.ts";
import type { Waveform } from "../../src/core/index.ts";
import { collect } from "./ogg-bytes.ts";
import { anyCuts, cutWaveform, joinPieces, noise } from "./pieces.ts";
import { countTurns } from "./turn-counter.ts";
import { runsOf } from "../long-searches.ts";

const anyRate = fc.constantFrom(8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000);
const anySmallRate = fc.integer({ min: 10, max: 99 });
const anyRates = fc.oneof(fc.tuple(anyRate, anyRate), fc.tuple(anySmallRate, anySmallRate), fc.constant([44_099, 24_000] as const));
const anyChannels = fc.constantFrom(1, 2);

/** Converts piece by piece; where `isMoved` says so, a new converter takes over from the old one's state. */
function convertPieces(
  pieces: readonly Waveform[],
  from: AudioForm,
  to: AudioForm,
  isMoved: (index: number) => boolean = () => false,
): Waveform[] {
  let converter = new AudioConverter(from, to);
  const converted = pieces.map((piece, index) => {
    if (isMoved(index)) converter = new AudioConverter(from, to, structuredClone(converter.state));
    return converter.push(piece);
  });
  return [...converted, converter.flush()].filter((piece) => piece !== undefined);
}

describe("however audio is cut, the results are those of the whole, bit for bit", () => {
  test("any rates, one and two channels, pieces of any length", () => {
    fc.assert(
      fc.property(
        anyRates,
        anyChannels,
        anyChannels,
        fc.nat(2000),
        anyCuts,
        ([fromRate, toRate], fromChannels, toChannels, numSamples, cuts) => {
          const [from, to] = [
            { sampleRate: fromRate, channels: fromChannels },
            { sampleRate: toRate, channels: toChannels },
          ];
          const whole = { channelData: noise(from.channels, numSamples), sampleRate: from.sampleRate };
          const expected = convertAudio(whole, to);
          const pieces = convertPieces(cutWaveform(whole, cuts), from, to);
          expect(joinPieces(pieces, to)).toEqual(expected);
          expect(pieces.every((piece) => piece.channelData[0]!.length > 0)).toBe(true);
        },
      ),
      { numRuns: runsOf(100) },
    );
  });

  test("sample by sample", () => {
    const from = { sampleRate: 44_100, channels: 2 };
    const whole = { channelData: noise(2, 700), sampleRate: 44_100 };
    for (const sampleRate of [24_000, 48_000, 44_100]) {
      const to = { sampleRate, channels: 1 };
      expect(joinPieces(convertPieces(cutWaveform(whole, [1]), from, to), to)).toEqual(convertAudio(whole, to));
    }
  });

  test("also where another converter goes on from a copied state", () => {
    const from = { sampleRate: 44_100, channels: 2 };
    const to = { sampleRate: 16_000, channels: 2 };
    const whole = { channelData: noise(2, 3000), sampleRate: 44_100 };
    fc.assert(
      fc.property(anyCuts, fc.func(fc.boolean()), (cuts, isMoved) => {
        expect(joinPieces(convertPieces(cutWaveform(whole, cuts), from, to, isMoved), to)).toEqual(convertAudio(whole, to));
      }),
      { numRuns: 15 },
    );
  });

  test("through convertAudioStream", async () => {
    const whole = { channelData: noise(2, 30_000), sampleRate: 44_100 };
    const to = { sampleRate: 24_000, channels: 1 };
    const pieces = await collect(convertAudioStream(cutWaveform(whole, [0, 1, 10_000]), to));
    expect(pieces.length).toBeGreaterThan(3);
    expect(joinPieces(pieces, to)).toEqual(convertAudio(whole, to));
  });
});

describe("a converter", () => {
  const from = { sampleRate: 44_100, channels: 1 };
  const to = { sampleRate: 24_000, channels: 1 };

  test("keeps no more than its filter looks at", () => {
    const converter = new AudioConverter(from, to);
    for (let i = 0; i < 100; i++) converter.push({ channelData: noise(1, 1000), sampleRate: 44_100 });
    const { numInput, recent } = converter.state as NonNullable<AudioConverterState>;
    expect(numInput).toBe(100_000);
    expect(recent[0]!.length).toBeLessThan(500); // 64 zero crossings on each side, of 1.94 samples each
  });

  test("starts anew after flush", () => {
    const converter = new AudioConverter(from, to);
    const whole = { channelData: noise(1, 3000), sampleRate: 44_100 };
    for (let i = 0; i < 2; i++) {
      const pieces = [converter.push(whole), converter.flush()].filter((piece) => piece !== undefined);
      expect(joinPieces(pieces, to)).toEqual(convertAudio(whole, to));
    }
  });

  test("gives a piece back as it is where nothing is to be done", () => {
    const converter = new AudioConverter(from, from);
    const piece = { channelData: noise(1, 10), sampleRate: 44_100 };
    expect(converter.push(piece)).toEqual(piece);
    expect(converter.push(piece)!.channelData[0]).toBe(piece.channelData[0]);
    expect(converter.flush()).toBeUndefined();
    expect(converter.state).toBeUndefined();
  });

  test("refuses a piece of another form", () => {
    const converter = new AudioConverter(from, to);
    const message = "every piece must be 1-channel audio at 44100 Hz; received";
    expect(() => converter.push({ channelData: noise(2, 1), sampleRate: 44_100 })).toThrow(
      new RangeError(`${message} 2-channel audio at 44100 Hz`),
    );
    expect(() => converter.push({ channelData: noise(1, 1), sampleRate: 48_000 })).toThrow(
      new RangeError(`${message} 1-channel audio at 48000 Hz`),
    );
  });

  test("refuses what convertAudio refuses, before anything is pushed", () => {
    expect(() => new AudioConverter({ sampleRate: 44_100, channels: 6 }, to)).toThrow(/cannot mix 6 channels into 1/u);
    expect(() => new AudioConverter(from, { sampleRate: 0.5, channels: 1 })).toThrow(/^sampleRate must be a positive whole number/u);
  });
});

describe("convertAudioStream", () => {
  test("of nothing is nothing", async () => {
    expect(await collect(convertAudioStream([], { sampleRate: 8000, channels: 1 }))).toEqual([]);
  });

  test("passes on errors, and closes its source when it is left early", async () => {
    const reason = new Error("connection lost");
    let numClosed = 0;
    async function* source(): AsyncGenerator<Waveform, void> {
      try {
        yield { channelData: noise(1, 10_000), sampleRate: 44_100 };
        throw reason;
      } finally {
        numClosed++;
      }
    }
    const to = { sampleRate: 24_000, channels: 1 };
    await expect(collect(convertAudioStream(source(), to))).rejects.toBe(reason);
    for await (const piece of convertAudioStream(source(), to)) {
      expect(piece.sampleRate).toBe(24_000);
      break;
    }
    expect(numClosed).toBe(2);
  });
});

/** The most taps of the filter that one step builds. */
function mostTaps(fromRate: number, toRate: number): number {
  const converter = new AudioConverter({ sampleRate: fromRate, channels: 1 }, { sampleRate: toRate, channels: 1 });
  const sine = vi.spyOn(Math, "sin"); // once for each tap that is built
  const step = { channelData: [new Float32Array(converter.stepLength)], sampleRate: fromRate };
  let most = 0;
  for (let i = 0; i < 10; i++) {
    sine.mockClear();
    converter.push(step);
    most = Math.max(most, sine.mock.calls.length);
  }
  const rest = converter.flushInSteps();
  for (let isOver = false; !isOver; most = Math.max(most, sine.mock.calls.length)) {
    sine.mockClear();
    isOver = rest.next().done === true;
  }
  sine.mockRestore();
  return most;
}

describe("work in steps", () => {
  // Pairs whose filter is nearly all work of the conversion, as each output is the first of its phase.
  const oddRates = [
    [44_101, 24_000],
    [999_983, 24_000],
    [1009, 48_000],
  ] as const;
  const usualRates = [
    [44_100, 24_000],
    [44_100, 8000],
    [192_000, 44_100],
    [384_000, 16_000],
    [1000, 48_000],
    [11_025, 32_000],
    [8000, 8000],
  ] as const;
  const rates = [...oddRates, ...usualRates];

  test.each(oddRates)("%i to %i Hz: one step builds no more of the filter than takes some milliseconds", (fromRate, toRate) => {
    expect(mostTaps(fromRate, toRate)).toBeLessThan(50_000);
  });

  test.each(usualRates)("%i to %i Hz: the filter is soon built, and steps are long", (fromRate, toRate) => {
    expect(mostTaps(fromRate, toRate)).toBeLessThan(340_000);
    expect(new AudioConverter({ sampleRate: fromRate, channels: 1 }, { sampleRate: toRate, channels: 1 }).stepLength).toBeGreaterThan(
      fromRate / 50,
    );
  });

  test.each(rates)("%i to %i Hz: others have their turn after each step, and the result is that of the whole", async (fromRate, toRate) => {
    const whole = { channelData: noise(2, Math.ceil(fromRate / 20)), sampleRate: fromRate };
    const to = { sampleRate: toRate, channels: 1 };
    const { stepLength } = new AudioConverter({ sampleRate: fromRate, channels: 2 }, to);
    const pieces: Waveform[] = [];
    const turns = await countTurns(async () => {
      for await (const piece of convertAudioStream([whole], to)) pieces.push(piece);
    });
    expect(turns).toBeGreaterThanOrEqual(Math.floor(whole.channelData[0]!.length / stepLength));
    expect(joinWaveforms(pieces)).toEqual(convertAudio(whole, to));
  });

  test("stop when the signal says so", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const whole = { channelData: noise(1, 200_000), sampleRate: 44_100 };
    const converting = collect(convertAudioStream([whole], { sampleRate: 24_000, channels: 1, signal: controller.signal }));
    setImmediate(() => controller.abort(reason));
    await expect(converting).rejects.toBe(reason);
  });

  test("of a very long piece come several, so that joining them is no long work either", async () => {
    const whole = { channelData: noise(1, 2 ** 20).flatMap((samples) => [samples, samples.toReversed()]), sampleRate: 8000 };
    const { stepLength } = new AudioConverter({ sampleRate: 8000, channels: 2 }, { sampleRate: 8000, channels: 2 });
    const pieces = await collect(convertAudioStream([whole], { sampleRate: 8000, channels: 2 }));
    expect(Math.max(...pieces.map(({ channelData }) => channelData[0]!.length))).toBeLessThan(2 ** 19 + stepLength);
    expect(joinWaveforms(pieces)).toEqual(whole);
  });

  test("flush gives the steps' results in one piece", () => {
    const from = { sampleRate: 1009, channels: 1 };
    const to = { sampleRate: 48_000, channels: 2 };
    const whole = { channelData: noise(1, 100), sampleRate: 1009 };
    const [one, other] = [new AudioConverter(from, to), new AudioConverter(from, to)];
    expect(one.push(whole)).toEqual(other.push(whole));
    const steps = [...other.flushInSteps()];
    expect(steps.length).toBeGreaterThan(1);
    expect(one.flush()).toEqual(joinWaveforms(steps));
    expect([...other.flushInSteps()]).toEqual([]); // it starts anew
  });
});

describe("joinWaveforms", () => {
  test("refuses what cannot be one waveform", () => {
    const piece = { channelData: [Float32Array.of(1)], sampleRate: 8000 };
    expect(() => joinWaveforms([])).toThrow(RangeError);
    expect(() => joinWaveforms([piece, { ...piece, sampleRate: 16_000 }])).toThrow(/1 channels at 8000 Hz, and 1 at 16000 Hz/u);
    expect(() => joinWaveforms([piece, { ...piece, channelData: noise(2, 1) }])).toThrow(RangeError);
    expect(() => joinWaveforms([{ ...piece, sampleRate: NaN }])).toThrow(TypeError);
  });
});
