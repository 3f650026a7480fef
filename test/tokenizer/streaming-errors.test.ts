import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import {
  AudioCodes,
  AudioFormatError,
  AudioTokenizer,
  CodesError,
  DecoderStream,
  DisposedError,
  EncoderStream,
  openAudio,
} from "../../src/index.ts";
import type { Runtime, Waveform } from "../../src/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";
import { goldenFolder } from "../golden.ts";
import { collect, cut, cutCodes, decodeBy, encodeBy, joinAudio, noisyTone, present, sameAudio, slice } from "./streams.ts";
import { readableFrom } from "./readable-from.ts";

const load = (codec: string, options: { runtime?: Runtime; interleaveStereo?: boolean } = {}): Promise<AudioTokenizer> =>
  AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 1, ...options });
const tokenizer = await load("mini-24khz");
const lookingAhead = await load("mini-16khz");
const segmented = await load("mini-48khz");
afterAll(() => Promise.all([tokenizer.dispose(), lookingAhead.dispose(), segmented.dispose()]));

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", note);
afterAll(() => process.off("unhandledRejection", note));
afterEach(async () => {
  await nextTurn();
  expect(unhandled).toEqual([]);
});

const clip = noisyTone(tokenizer, 9000);
const whole = await tokenizer.encode(clip);

/** Pieces of audio without end, and whether whoever reads them has left. */
function microphone(): { readonly pieces: AsyncGenerator<Waveform>; isOpen: boolean } {
  const state = { isOpen: true };
  const pieces = (async function* () {
    try {
      for (;;) yield noisyTone(tokenizer, 640);
    } finally {
      state.isOpen = false;
    }
  })();
  return Object.assign(state, { pieces });
}

/** The beginning of the clip, and then no more. */
async function* unplugged(): AsyncGenerator<Waveform> {
  yield* cut(slice(clip, 0, 6400), [320]);
  throw new Error("unplugged");
}

/** A runtime that counts runs and may do something before each. */
async function watchedRuntime(beforeRun: (count: number) => void | Promise<void>): Promise<Runtime & { close(): Promise<void> }> {
  const node = await loadOnnxRuntimeNode();
  let count = 0;
  return {
    name: "watched",
    async createSession(model, options) {
      const session = await node.createSession(model, options);
      return {
        release: session.release,
        async run(inputs, outputs) {
          await beforeRun(++count);
          return session.run(inputs, outputs);
        },
      };
    },
    close: () => node.close(),
  };
}

/** Copies of plain data in which one number, array or object is another; but not the parts named. */
function changes<T>(value: T, except: readonly string[] = []): T[] {
  if (typeof value === "number") return [value + 1, value + 0.5, Number.NaN] as T[];
  if (ArrayBuffer.isView(value)) return [(value as unknown as Float32Array).subarray(1), [...(value as unknown as Float32Array)]] as T[];
  if (typeof value !== "object" || value === null) return [5 as T];
  const parts = Object.entries(value).filter(([name]) => !except.includes(name));
  const copy = (name: string, part: unknown): T =>
    (Array.isArray(value) ? value.with(Number(name), part) : { ...value, [name]: part }) as T;
  return parts.flatMap(([name, part]) => [undefined, ...changes(part as unknown, except)].map((changed) => copy(name, changed)));
}

describe("a stream that is given something wrong says so and stays as it was", () => {
  test("samples", async () => {
    const encoder = tokenizer.createEncoder();
    const codes = present([await encoder.push(slice(clip, 0, 5000))]);
    const before = encoder.state;
    const bad = noisyTone(tokenizer, 100);
    bad.channelData[0]![42] = Number.NaN;
    await expect(encoder.push(bad)).rejects.toThrow(/sample 5042 of channel 0 is NaN/u);
    await expect(encoder.push(bad)).rejects.toBeInstanceOf(AudioFormatError);
    await expect(encoder.push({ ...bad, sampleRate: 44_100 })).rejects.toThrow(
      "this stream takes 24000 Hz in 1 channel; received 44100 Hz in 1",
    );
    await expect(encoder.push(noisyTone({ sampleRate: 24_000, channels: 2 }, 5))).rejects.toThrow(
      /received 24000 Hz in 2\. Convert the pieces/u,
    );
    await expect(encoder.push(null as unknown as Waveform)).rejects.toThrow(
      "expected a waveform { channelData, sampleRate }; received null",
    );
    await expect(encoder.push(undefined as unknown as Waveform)).rejects.toThrow(
      "expected a waveform { channelData, sampleRate }; received undefined",
    );
    expect(encoder.state).toBe(before);
    expect(AudioCodes.concatenate([...codes, ...(await encodeBy(encoder, [slice(clip, 5000)]))])).toEqualCodes(whole);
  });

  test("codes", async () => {
    const decoder = tokenizer.createDecoder();
    const audio = present([await decoder.push(whole.sliceFrames(0, 20))]);
    await expect(decoder.push(whole.selectCodebooks(2))).rejects.toThrow("these codes have 2 codebooks; those before have 4");
    await expect(decoder.push(await lookingAhead.encode(clip))).rejects.toThrow(CodesError);
    await expect(decoder.push({ ...whole, data: whole.data.slice(1) })).rejects.toThrow(CodesError);
    await expect(decoder.push(null as unknown as AudioCodes)).rejects.toThrow("push takes codes; received null. flush() ends the stream");
    await expect(decoder.push(undefined as unknown as AudioCodes)).rejects.toThrow(TypeError);
    audio.push(...(await decodeBy(decoder, [whole.sliceFrames(20)])));
    expect(sameAudio(joinAudio(audio), await tokenizer.decode(whole))).toBe(true);
  });

  test("codes after the last of a clip", async () => {
    const decoder = tokenizer.createDecoder();
    await decoder.push(whole);
    expect(whole.numSamples % whole.hopLength).not.toBe(0);
    await expect(decoder.push(whole)).rejects.toThrow(/ended within a frame; only the last of a stream may/u);
  });

  test("segments that do not meet", async () => {
    const { length, stride } = segmented.segment!;
    const codes = await segmented.encode(noisyTone(segmented, length + 7000));
    const [first, second] = cutCodes(codes, [1]);
    const decoder = segmented.createDecoder();
    await decoder.push(first!);
    const short = await segmented.encode(noisyTone(segmented, 100));
    await expect(decoder.push(short)).rejects.toThrow(
      "the segment before reaches 480 samples into them, so that at least as many are expected",
    );
    await decoder.push(second!);
    await expect(decoder.push(first!)).rejects.toThrow(/ended within a segment; only the last of a stream may/u);

    const justOver = cutCodes(await segmented.encode(noisyTone(segmented, stride + 200)), [1]);
    const other = segmented.createDecoder();
    await other.push(justOver[0]!);
    await expect(other.push(first!)).rejects.toThrow("reaches 200 samples into them, so that exactly as many are expected");
    await other.push(justOver[1]!);
  });

  test("anything after its end", async () => {
    const encoder = tokenizer.createEncoder();
    await encoder.flush();
    await expect(encoder.push(clip)).rejects.toThrow("the stream has ended with flush(); reset() it, or create another");
    await expect(encoder.flush()).rejects.toThrow(RangeError);
    const decoder = tokenizer.createDecoder();
    await decoder.push(whole);
    await decoder.flush();
    await expect(decoder.push(whole)).rejects.toThrow("the stream has ended with flush()");
  });

  test("a call while another goes on", async () => {
    const encoder = tokenizer.createEncoder();
    const first = encoder.push(clip);
    await expect(encoder.push(clip)).rejects.toThrow("the stream is at work on a step; await that first");
    expect(() => encoder.reset()).toThrow("at work");
    const codes = present([await first, await encoder.flush()]);
    expect(AudioCodes.concatenate(codes)).toEqualCodes(whole);
  });
});

describe("a batch of steps", () => {
  test("is taken by all streams or by none", async () => {
    const [good, bad] = [tokenizer.createEncoder(), tokenizer.createEncoder()];
    const broken = { ...clip, channelData: [Float32Array.of(Number.POSITIVE_INFINITY)] };
    await expect(
      EncoderStream.stepBatch([
        { stream: good, waveform: clip },
        { stream: bad, waveform: broken },
      ]),
    ).rejects.toThrow(AudioFormatError);
    expect(good.state.numSamples).toBe(0);
    expect(AudioCodes.concatenate(await encodeBy(good, [clip]))).toEqualCodes(whole);
    const [ended, fresh] = [good, tokenizer.createEncoder()];
    await expect(
      EncoderStream.stepBatch([
        { stream: fresh, waveform: clip },
        { stream: ended, waveform: clip },
      ]),
    ).rejects.toThrow("has ended");
    expect(fresh.state.numSamples).toBe(0);
  });

  test("refuses a stream twice, and streams of different tokenizers", async () => {
    const stream = tokenizer.createDecoder();
    await expect(
      DecoderStream.stepBatch([
        { stream, codes: whole },
        { stream, codes: whole },
      ]),
    ).rejects.toThrow("one is given twice");
    const foreign = lookingAhead.createDecoder();
    await expect(
      DecoderStream.stepBatch([
        { stream, codes: null },
        { stream: foreign, codes: null },
      ]),
    ).rejects.toThrow("of different tokenizers");
    expect(await DecoderStream.stepBatch([])).toEqual([]);
    expect(await EncoderStream.stepBatch([])).toEqual([]);
  });
});

describe("a batch that is none", () => {
  const [encoder, decoder] = [tokenizer.createEncoder(), tokenizer.createDecoder()];

  test.each([
    ["nothing", undefined],
    ["one entry without its array", { stream: encoder, waveform: null }],
    ["streams without their input", [encoder]],
    ["null", [null]],
    ["streams of the other side", [{ stream: decoder, waveform: null }]],
  ])("is refused: %s", async (_, entries) => {
    await expect(EncoderStream.stepBatch(entries as never)).rejects.toThrow(
      /^EncoderStream.stepBatch takes an array of \{ stream, waveform \}/u,
    );
    const other = Array.isArray(entries) && entries[0] !== encoder && entries[0] !== null ? [{ stream: encoder, codes: null }] : entries;
    await expect(DecoderStream.stepBatch(other as never)).rejects.toThrow(
      /^DecoderStream.stepBatch takes an array of \{ stream, codes \}/u,
    );
  });
});

describe("a state", () => {
  test("of another model or number of codebooks is refused", () => {
    const { state } = tokenizer.createEncoder({ numCodebooks: 2 });
    expect(() => tokenizer.createEncoder({ numCodebooks: 3, state })).toThrow("the state is of a stream with 2 codebooks; this one has 3");
    expect(() => lookingAhead.createEncoder({ numCodebooks: 2, state })).toThrow("the state is of an encoder of another model");
    expect(() => segmented.createEncoder({ numCodebooks: 2, state })).toThrow("of another model");
    expect(() => tokenizer.createEncoder({ numCodebooks: 2, state: null as never })).toThrow(
      "a state is what encoder.state gave; received null",
    );
    expect(() => tokenizer.createEncoder({ numCodebooks: 2, state: JSON.parse(JSON.stringify(state)) })).toThrow(RangeError);
  });

  test("of another decoder is refused", async () => {
    const decoder = tokenizer.createDecoder();
    await decoder.push(whole);
    expect(() => lookingAhead.createDecoder({ state: decoder.state })).toThrow("the state is of a decoder of another model");
    expect(() => segmented.createDecoder({ state: decoder.state })).toThrow("of another model");
  });

  test("of other weights of the same shapes is refused", async () => {
    await using other = await AudioTokenizer.fromPretrained(join(goldenFolder, "mini-24khz", "encodec-th"), { threads: 1 });
    expect(() => other.createEncoder({ state: tokenizer.createEncoder().state })).toThrow("of an encoder of another model");
    expect(() => other.createDecoder({ state: tokenizer.createDecoder().state })).toThrow("of a decoder of another model");
  });

  test("that was changed is refused, whatever was changed", async () => {
    for (const [own, length] of [
      [tokenizer, 9000],
      [segmented, 60_000],
    ] as const) {
      const [encoder, decoder] = [own.createEncoder(), own.createDecoder()];
      await encoder.push(noisyTone(own, length));
      await decoder.push((await own.encode(noisyTone(own, length))).sliceSegments(0, 1));
      for (const changed of changes(encoder.state)) expect(() => own.createEncoder({ state: changed })).toThrow(RangeError);
      for (const changed of changes(decoder.state, ["scale", "isCutShort", "triangleLength", "numCodebooks"]))
        expect(() => own.createDecoder({ state: changed })).toThrow(RangeError);
    }
  });

  test("holds nothing but itself", async () => {
    const encoder = tokenizer.createEncoder();
    const long = noisyTone(tokenizer, 200_000);
    await encoder.push(slice(long, 100, 180_000));
    await encoder.push(slice(long, 180_000, 180_001));
    const arrays = encoder.state.network.flatMap(({ input, features, hidden, cell }) => [input.data, features.data, hidden, cell]);
    for (const array of arrays) expect(array.buffer.byteLength).toBe(array.byteLength);
    expect(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(50_000);
  });
});

describe("leaving", () => {
  test("a loop early makes the source leave", async () => {
    const source = microphone();
    for await (const codes of tokenizer.encodeStream(source.pieces)) {
      expect(codes.numFrames).toBeGreaterThan(0);
      break;
    }
    expect(source.isOpen).toBe(false);
  });

  test("a transform's readable side makes its source leave", async () => {
    const source = microphone();
    const reader = readableFrom(source.pieces).pipeThrough(tokenizer.encoderTransform()).getReader();
    expect((await reader.read()).done).toBe(false);
    await reader.cancel();
    await expect.poll(() => source.isOpen).toBe(false);
  });

  test("a transform whose source is silent does not wait for it", async () => {
    let hasLeft = false;
    const silent = new ReadableStream<Waveform>({ cancel: () => void (hasLeft = true) });
    const reader = silent.pipeThrough(tokenizer.encoderTransform()).getReader();
    const reading = reader.read();
    await nextTurn();
    await reader.cancel();
    expect((await reading).done).toBe(true);
    await expect.poll(() => hasLeft).toBe(true);
  });
});

describe("an abort", () => {
  test("while the source is silent ends the stream with the signal's reason", async () => {
    let hasLeft = false;
    const silent = {
      next: () => new Promise<IteratorResult<Waveform>>(() => {}),
      return: async () => ((hasLeft = true), { done: true as const, value: undefined }),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    const controller = new AbortController();
    const reading = collect(tokenizer.encodeStream(silent, { signal: controller.signal }));
    await nextTurn();
    controller.abort(new Error("no more"));
    await expect(reading).rejects.toThrow("no more");
    expect(hasLeft).toBe(true);
  });

  test("during a step computes no further run, and leaves the stream as it was", async () => {
    const controller = new AbortController();
    const counts = { before: 0, after: 0 };
    const runtime = await watchedRuntime((count) => {
      if (controller.signal.aborted) counts.after++;
      else counts.before++;
      if (count === 5) controller.abort(new Error("no more"));
    });
    const watched = await load("mini-24khz", { runtime });
    const encoder = watched.createEncoder();
    const long = noisyTone(watched, 100_000);
    await expect(encoder.push(long, { signal: controller.signal })).rejects.toThrow("no more");
    expect(counts).toEqual({ before: 5, after: 0 });
    expect(encoder.state.numSamples).toBe(0);
    expect(AudioCodes.concatenate(await encodeBy(encoder, [clip]))).toEqualCodes(whole);
    await watched.dispose();
    await runtime.close();
  });

  test("stops whole clips within a tile as well", async () => {
    const controller = new AbortController();
    let runsAfter = 0;
    const runtime = await watchedRuntime((count) => {
      if (controller.signal.aborted) runsAfter++;
      if (count === 7) controller.abort(new Error("no more"));
    });
    const watched = await load("mini-24khz", { runtime });
    await expect(watched.encode(noisyTone(watched, 500_000), { signal: controller.signal })).rejects.toThrow("no more");
    expect(runsAfter).toBe(0);
    await watched.dispose();
    await runtime.close();
  });

  test("before anything rejects every call", async () => {
    const signal = AbortSignal.abort(new Error("no more"));
    const source = microphone();
    await expect(tokenizer.createEncoder().push(clip, { signal })).rejects.toThrow("no more");
    await expect(tokenizer.createDecoder().flush({ signal })).rejects.toThrow("no more");
    await expect(collect(tokenizer.encodeStream(source.pieces, { signal }))).rejects.toThrow("no more");
    await expect(collect(tokenizer.decodeStream([whole], { signal }))).rejects.toThrow("no more");
    const audio = await openAudio("examples/speech.wav");
    await expect(collect(tokenizer.encodeStream(audio, { signal }))).rejects.toThrow("no more");
    await expect(collect(audio)).rejects.toBeInstanceOf(DisposedError);
  });
});

describe("what a source does wrong", () => {
  test("its own error comes after the codes of what came before", async () => {
    const codes: AudioCodes[] = [];
    const reading = async (): Promise<void> => {
      for await (const piece of tokenizer.encodeStream(unplugged())) codes.push(piece);
    };
    await expect(reading()).rejects.toThrow("unplugged");
    expect(AudioCodes.concatenate(codes)).toEqualCodes(whole.sliceFrames(0, 20));
  });

  test("a transform passes it on to both ends", async () => {
    const { writable, readable } = tokenizer.encoderTransform();
    const writer = writable.getWriter();
    const reading = collect(readable);
    void writer.write(clip).catch(() => {});
    void writer.abort(new Error("unplugged")).catch(() => {});
    await expect(reading).rejects.toThrow("unplugged");
    const other = tokenizer.encoderTransform();
    const broken = other.writable.getWriter();
    void broken.write({ channelData: [], sampleRate: 1 }).catch(() => {});
    const closed = broken.closed.catch((error: unknown) => error);
    const failure = await collect(other.readable).catch((error: unknown) => error);
    expect((failure as Error).message).toMatch("channelData must be an array");
    expect(await closed).toBe(failure);
  });

  test.each([
    ["samples that are no numbers", [clip, { ...clip, channelData: [Float32Array.of(0, Number.NaN)] }], /sample 9001 of channel 0 is NaN/u],
    ["another sample rate in the middle", [clip, { ...clip, sampleRate: 8000 }], /every piece must be 1-channel audio at 24000 Hz/u],
    ["channels that cannot be mixed", [noisyTone({ sampleRate: 24_000, channels: 6 }, 10)], /6 channels/u],
    ["what is no audio", [5 as unknown as Waveform], /expected a waveform/u],
  ])("%s, and it has to leave", async (_, pieces, message) => {
    let hasLeft = false;
    const source = async function* (): AsyncGenerator<Waveform> {
      try {
        yield* pieces;
        yield* microphone().pieces;
      } finally {
        hasLeft = true;
      }
    };
    await expect(collect(tokenizer.encodeStream(source()))).rejects.toThrow(message);
    expect(hasLeft).toBe(true);
  });

  test("a waveform in place of pieces", async () => {
    await expect(collect(tokenizer.encodeStream(clip as unknown as Waveform[]))).rejects.toThrow(/takes pieces one after the other/u);
    await expect(collect(tokenizer.decodeStream(whole as unknown as AudioCodes[]))).rejects.toThrow(/takes pieces one after the other/u);
    expect(() => tokenizer.encodeStream([clip], { bandwidth: 5 })).toThrow(/bandwidth 5 kbps is not supported/u);
  });
});

describe("a tokenizer that is disposed", () => {
  test("in the middle of a stream ends it and makes its source leave", async () => {
    const other = await load("mini-24khz");
    const source = microphone();
    const reading = async (): Promise<void> => {
      for await (const _ of other.encodeStream(source.pieces)) await other.dispose();
    };
    await expect(reading()).rejects.toBeInstanceOf(DisposedError);
    expect(source.isOpen).toBe(false);
  });

  test("ends its streams, also those that have nothing to compute", async () => {
    const other = await load("mini-24khz");
    const [encoder, decoder] = [other.createEncoder(), other.createDecoder()];
    const step = encoder.push(noisyTone(other, 100_000));
    const disposal = other.dispose();
    await expect(step).rejects.toBeInstanceOf(DisposedError);
    await disposal;
    await expect(encoder.push(noisyTone(other, 1))).rejects.toBeInstanceOf(DisposedError);
    await expect(decoder.flush()).rejects.toBeInstanceOf(DisposedError);
    expect(() => other.createEncoder()).toThrow(DisposedError);
    expect(() => other.encodeStream([])).toThrow(DisposedError);
    expect(() => other.decodeStream([])).toThrow(DisposedError);
  });
});
