import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { AudioCodes, AudioFormatError, AudioTokenizer, DisposedError, numSamplesOf } from "../../src/index.ts";
import type { Runtime, Waveform } from "../../src/index.ts";
import { countTurns } from "../audio/turn-counter.ts";
import { goldenFolder } from "../golden.ts";
import { collect, cut, cutCodes, joinAudio, noisyTone, sameAudio, slice } from "./streams.ts";
import { readableFrom } from "./readable-from.ts";

const load = (codec: string, options: { runtime?: Runtime } = {}): Promise<AudioTokenizer> =>
  AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 1, ...options });
const tokenizer = await load("mini-24khz");
const segmented = await load("mini-48khz");
afterAll(() => Promise.all([tokenizer.dispose(), segmented.dispose()]));

/** A source that never says anything, and whether it was left. */
function silence<T>(): AsyncIterableIterator<T> & { hasLeft: boolean } {
  return {
    hasLeft: false,
    next: () => new Promise<IteratorResult<T>>(() => {}),
    async return() {
      this.hasLeft = true;
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Fails at the first run, so that all that happens before can be told. */
function failingRuntime(): Runtime & { runs: number } {
  const runtime: Runtime & { runs: number } = {
    name: "failing",
    runs: 0,
    async createSession() {
      return {
        release: async () => {},
        run: async () => {
          runtime.runs++;
          throw new Error("computed");
        },
      };
    },
  };
  return runtime;
}

describe("a source that uses its memory again", () => {
  test.each([24_000, 44_100])("gives the codes of what it gave at %i Hz", async (sampleRate) => {
    const clip = noisyTone({ sampleRate, channels: 1 }, 20_000);
    const reusing = async function* (): AsyncGenerator<Waveform> {
      const buffer = new Float32Array(500);
      for (const { channelData } of cut(clip, [500])) {
        buffer.set(channelData[0]!);
        yield { channelData: [buffer], sampleRate };
        buffer.fill(0.9);
      }
    };
    const codes = AudioCodes.concatenate(await collect(tokenizer.encodeStream(reusing())));
    expect(codes).toEqualCodes(await tokenizer.encode(clip));
  });

  test.each(["mini-24khz", "mini-48khz"])("gives the audio of what it gave to %s", async (codec) => {
    const own = codec === "mini-24khz" ? tokenizer : segmented;
    const whole = await own.encode(noisyTone(own, own.segment === null ? 20_000 : 2 * own.segment.length));
    const reusing = async function* (): AsyncGenerator<AudioCodes> {
      for (const piece of cutCodes(whole, [own.segment === null ? 3 : 1])) {
        yield piece;
        piece.data.fill(0);
        piece.scales?.fill(9);
      }
    };
    expect(sameAudio(joinAudio(await collect(own.decodeStream(reusing()))), await own.decode(whole))).toBe(true);
  });
});

describe("a long piece", () => {
  const clip = noisyTone(tokenizer, 20 * tokenizer.sampleRate);
  /** The clip, which tells how much of it is copied. */
  function watchedClip(): Waveform & { numCopied: number } {
    const watched = { ...clip, numCopied: 0, channelData: [clip.channelData[0]!.subarray()] };
    watched.channelData[0]!.slice = function (start, end) {
      const copy = Float32Array.prototype.slice.call(this, start, end) as Float32Array<ArrayBuffer>;
      watched.numCopied += copy.length;
      return copy;
    };
    return watched;
  }

  test("is taken a window at a time", async () => {
    const watched = watchedClip();
    for await (const codes of tokenizer.encodeStream([watched])) {
      expect(codes.numFrames).toBeLessThanOrEqual(100);
      break;
    }
    expect(watched.numCopied).toBeLessThanOrEqual(3 * 100 * tokenizer.hopLength);
    expect(AudioCodes.concatenate(await collect(tokenizer.encodeStream([clip])))).toEqualCodes(await tokenizer.encode(clip));
  });

  test("gives the codes of what comes before a sample that is no number", async () => {
    const samples = clip.channelData[0]!.slice();
    samples[10 * tokenizer.sampleRate + 5] = Number.NaN;
    const codes: AudioCodes[] = [];
    const reading = async (): Promise<void> => {
      for await (const piece of tokenizer.encodeStream([slice(clip, 0, 7), { ...clip, channelData: [samples] }])) codes.push(piece);
    };
    await expect(reading()).rejects.toThrow(`sample ${7 + 10 * tokenizer.sampleRate + 5} of channel 0 is NaN`);
    expect(AudioCodes.concatenate(codes).numFrames).toBeGreaterThan(500);
  });
});

describe("a quick source", () => {
  test.each([24_000, 16_000])("of %i Hz is coded at most a tile at a time, and what was held back at the start", async (sampleRate) => {
    const most = 100 + tokenizer.createEncoder().startLatency / tokenizer.hopLength;
    const clip = noisyTone({ sampleRate, channels: 1 }, 8 * sampleRate);
    for (const length of [Math.floor(0.9 * sampleRate), 8 * sampleRate, 333]) {
      const pieces = await collect(tokenizer.encodeStream(cut(clip, [length]), { numCodebooks: 1 }));
      expect(Math.max(...pieces.map(({ numFrames }) => numFrames))).toBeLessThanOrEqual(most);
    }
  });

  test.each([48_000, 44_100])("of %i Hz is coded at most 8 segments at a time", async (sampleRate) => {
    const pieces = await collect(segmented.encodeStream([noisyTone({ sampleRate, channels: 2 }, 20 * sampleRate)], { numCodebooks: 1 }));
    expect(Math.max(...pieces.map(({ numSegments }) => numSegments))).toBeLessThanOrEqual(8);
  });

  test("of single frames is decoded many at a time", async () => {
    const whole = await tokenizer.encode(noisyTone(tokenizer, 1000 * tokenizer.hopLength - 7));
    const audio = await collect(tokenizer.decodeStream(cutCodes(whole, [1])));
    expect(audio.length).toBeLessThan(15);
    expect(sameAudio(joinAudio(audio), await tokenizer.decode(whole))).toBe(true);
    const clip = await segmented.encode(noisyTone(segmented, 8 * segmented.segment!.stride));
    const joined = await collect(segmented.decodeStream(cutCodes(clip, [1])));
    expect(joined.length).toBeLessThan(5);
    expect(sameAudio(joinAudio(joined), await segmented.decode(clip))).toBe(true);
  });

  test("whose codes do not follow each other is refused as push refuses them", async () => {
    const whole = await tokenizer.encode(noisyTone(tokenizer, 9001));
    await expect(collect(tokenizer.decodeStream([whole, whole]))).rejects.toThrow(/ended within a frame; only the last of a stream may/u);
    const audio: Waveform[] = [];
    const reading = async (): Promise<void> => {
      for await (const piece of tokenizer.decodeStream([whole.sliceFrames(0, 20), whole.selectCodebooks(2)])) audio.push(piece);
    };
    await expect(reading()).rejects.toThrow("these codes have 2 codebooks; those before have 4");
    expect(audio).toHaveLength(1);
  });
});

describe("conversion", () => {
  test.each(["mini-24khz", "mini-48khz"])("of a clip for %s lets the event loop turn every quarter of a second of audio", async (codec) => {
    const runtime = failingRuntime();
    const own = await load(codec, { runtime });
    const seconds = 12;
    const clip = noisyTone({ sampleRate: 44_100, channels: 2 }, seconds * 44_100);
    // Whatever goes into the first run: a tile, or all segments.
    const ticks = await countTurns(() => own.encode(clip).catch(() => {}));
    expect(runtime.runs).toBe(1);
    expect(ticks).toBeGreaterThan(codec === "mini-24khz" ? 4 : 4 * seconds - 4);
    const piecewise = await countTurns(() => collect(own.encodeStream([clip])).catch(() => {}));
    expect(piecewise).toBeGreaterThan(codec === "mini-24khz" ? 4 : 28);
    await own.dispose();
  });

  test("hears an abort between its steps", async () => {
    const clip = noisyTone({ sampleRate: 44_100, channels: 2 }, 12 * 44_100);
    const runtime = failingRuntime();
    const own = await load("mini-48khz", { runtime });
    for (const code of [
      (signal: AbortSignal) => own.encode(clip, { signal }),
      (signal: AbortSignal) => collect(own.encodeStream([clip], { signal })),
    ]) {
      const controller = new AbortController();
      const coding = code(controller.signal);
      setImmediate(() => setImmediate(() => controller.abort(new Error("no more"))));
      await expect(coding).rejects.toThrow("no more");
    }
    expect(runtime.runs).toBe(0);
    await own.dispose();
  });

  test("that overflows is refused, by encode and by encodeStream", async () => {
    const samples = Float32Array.from({ length: 4000 }, (_, i) => (Math.floor(i / 5) % 2 === 0 ? 3.4e38 : -3.4e38));
    const clip = { channelData: [samples], sampleRate: 44_100 };
    const message = /sample \d+ of channel 0 is -?Infinity after conversion to 24000 Hz/u;
    await expect(tokenizer.encode(clip)).rejects.toThrow(message);
    await expect(collect(tokenizer.encodeStream([clip]))).rejects.toThrow(message);
    await expect(tokenizer.encode(clip)).rejects.toBeInstanceOf(AudioFormatError);
  });
});

describe("a transform that nobody reads from", () => {
  test("makes its source leave when it is cancelled", async () => {
    let reason: unknown;
    const source = new ReadableStream<Waveform>({ cancel: (why) => void (reason = why) });
    await source.pipeThrough(tokenizer.encoderTransform()).cancel(new Error("no more"));
    await expect.poll(() => (reason as Error | undefined)?.message).toBe("no more");
  });

  test("rejects what is being written when it is cancelled", async () => {
    const { writable, readable } = tokenizer.encoderTransform();
    const writer = writable.getWriter();
    const [written, closed] = [writer.write(noisyTone(tokenizer, 10)), writer.closed];
    const failures = Promise.allSettled([written, closed]);
    await readable.cancel(new Error("no more"));
    expect((await failures).map((each) => (each as PromiseRejectedResult).reason.message)).toEqual(["no more", "no more"]);
  });

  test("fails at both ends when it is aborted, or its tokenizer is disposed", async () => {
    const own = await load("mini-24khz");
    const controller = new AbortController();
    const reason = new Error("enough");
    const transforms = [own.encoderTransform({ signal: controller.signal }), own.encoderTransform(), own.decoderTransform()];
    const ends = transforms.map(({ writable }) => writable.getWriter().closed.catch((error: unknown) => error));
    controller.abort(reason);
    expect(await ends[0]).toBe(reason);
    await expect(collect(transforms[0]!.readable as AsyncIterable<unknown>)).rejects.toBe(reason);
    await own.dispose();
    for (const index of [1, 2]) {
      expect(await ends[index]).toBeInstanceOf(DisposedError);
      await expect(collect(transforms[index]!.readable as AsyncIterable<unknown>)).rejects.toBeInstanceOf(DisposedError);
    }
    const late = tokenizer.encoderTransform({ signal: AbortSignal.abort(reason) });
    await expect(collect(late.readable)).rejects.toBe(reason);
  });
});

test("streams with signals of their own leave no trace in the tokenizer's", async () => {
  const [any, seen] = [AbortSignal.any, new Set<AbortSignal>()];
  let again = 0;
  AbortSignal.any = (signals) => {
    for (const signal of signals) again += seen.has(signal) ? 1 : 0;
    for (const signal of signals) seen.add(signal);
    return any.call(AbortSignal, signals);
  };
  try {
    const clip = noisyTone(tokenizer, 3000);
    for (let stream = 0; stream < 3; stream++) {
      const codes = await collect(tokenizer.encodeStream([clip], { signal: new AbortController().signal }));
      await collect(tokenizer.decodeStream(codes, { signal: new AbortController().signal }));
      await collect(readableFrom([clip]).pipeThrough(tokenizer.encoderTransform({ signal: new AbortController().signal })));
    }
  } finally {
    AbortSignal.any = any;
  }
  expect({ again, isSeen: seen.size > 0 }).toEqual({ again: 0, isSeen: true });
});

test("disposal ends streams that wait for a silent source, and makes it leave", async () => {
  const own = await load("mini-24khz");
  const [audio, codes] = [silence<Waveform>(), silence<AudioCodes>()];
  const failures = Promise.allSettled([collect(own.encodeStream(audio)), collect(own.decodeStream(codes))]);
  await nextTurn();
  await own.dispose();
  for (const failure of await failures) expect((failure as PromiseRejectedResult).reason).toBeInstanceOf(DisposedError);
  expect([audio.hasLeft, codes.hasLeft]).toEqual([true, true]);
});

test("clips of several rates together get the codes of each alone", async () => {
  const clips = [44_100, 24_000, 8000, 44_100].map((sampleRate, index) =>
    noisyTone({ sampleRate, channels: 1 + (index % 2) }, 90_000 + index, index),
  );
  const batch = await tokenizer.encodeBatch(clips);
  for (const [index, clip] of clips.entries()) {
    expect(batch[index]!).toEqualCodes(await tokenizer.encode(clip));
    expect(batch[index]!.numSamples).toBe(Math.ceil((numSamplesOf(clip) * 24_000) / clip.sampleRate));
  }
});
