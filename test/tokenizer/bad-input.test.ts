import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AudioCodes, AudioFormatError, AudioTokenizer, CheckpointError, CodesError, DisposedError } from "../../src/index.ts";
import type { Runtime, Waveform } from "../../src/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";
import { goldenFolder } from "../golden.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
const stereo = await AudioTokenizer.fromPretrained(join(goldenFolder, "mini-48khz/hf"), { threads: 1 });
afterAll(() => Promise.all([tokenizer.dispose(), stereo.dispose()]));

const tone = (samples: number, channels = 1): Waveform => ({
  channelData: Array.from({ length: channels }, () => Float32Array.from({ length: samples }, (_, i) => Math.sin(i / 10))),
  sampleRate: 24_000,
});
const codes = await tokenizer.encode(tone(2000), { numCodebooks: 2 });

describe("encode refuses", () => {
  test.each([
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
  ])("a sample that is %d, and says where it is", async (value, name) => {
    const waveform = tone(100);
    waveform.channelData[0]![42] = value;
    const error = await tokenizer.encode(waveform).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AudioFormatError);
    expect(error).toMatchObject({ code: "AUDIO_NOT_FINITE", message: expect.stringContaining(`sample 42 of channel 0 is ${name}`) });
  });

  test("a waveform without samples", async () => {
    await expect(tokenizer.encode(tone(0))).rejects.toMatchObject({ code: "AUDIO_EMPTY" });
  });

  test("a waveform without channels", async () => {
    await expect(tokenizer.encode({ channelData: [], sampleRate: 24_000 })).rejects.toThrow(TypeError);
  });

  test("channels of different lengths", async () => {
    const waveform = { channelData: [new Float32Array(10), new Float32Array(11)], sampleRate: 24_000 };
    await expect(tokenizer.encode(waveform)).rejects.toThrow(/channel 0 has 10 samples, channel 1 has 11/u);
  });

  test("channel counts that cannot be mixed", async () => {
    await expect(stereo.encode(tone(100, 6))).rejects.toThrow(RangeError);
    await expect(stereo.encode(tone(100, 6))).rejects.toThrow(/6 channels/u);
  });

  test("a sample rate that is none", async () => {
    await expect(tokenizer.encode({ ...tone(10), sampleRate: 0 })).rejects.toThrow(/sampleRate must be a positive number/u);
  });

  test("a bandwidth that the model does not have, and lists those it has", async () => {
    await expect(tokenizer.encode(tone(100), { bandwidth: 5 })).rejects.toThrow(
      "bandwidth 5 kbps is not supported by tiny; choose 1.5, 3, or 6",
    );
  });

  test.each([
    [{ bandwidth: "6" }, 'bandwidth must be a number; received the string "6"'],
    [{ bandwidth: null }, "bandwidth must be a number; received null"],
    [{ numCodebooks: "4" }, 'numCodebooks must be a number; received the string "4"'],
  ])("a rate that is no number: %j", async (options, message) => {
    const call = tokenizer.encode(tone(100), options as unknown as { readonly bandwidth: number });
    await expect(call).rejects.toBeInstanceOf(TypeError);
    await expect(call).rejects.toThrow(message);
  });

  test.each([0, 9, 1.5, -1, Number.NaN])("%d codebooks", async (numCodebooks) => {
    await expect(tokenizer.encode(tone(100), { numCodebooks })).rejects.toThrow(/whole number from 1 to 8/u);
  });

  test("bandwidth and numCodebooks together", async () => {
    await expect(tokenizer.encode(tone(100), { bandwidth: 3, numCodebooks: 4 })).rejects.toThrow(/either bandwidth or numCodebooks/u);
  });

  test("what is no waveform, or no array of them", async () => {
    await expect(tokenizer.encode(null as unknown as Waveform)).rejects.toThrow(
      /expected a waveform \{ channelData, sampleRate \}; received null/u,
    );
    await expect(tokenizer.encodeBatch(tone(10) as unknown as Waveform[])).rejects.toThrow(/takes an array of waveforms; use encode/u);
  });

  test("a batch with one bad clip, before any work", async () => {
    const progress: unknown[] = [];
    const batch = tokenizer.encodeBatch([tone(100), tone(0)], { onProgress: (event) => progress.push(event) });
    await expect(batch).rejects.toBeInstanceOf(AudioFormatError);
    expect(progress).toEqual([]);
  });
});

describe("decode refuses", () => {
  test("codes for another sample rate, naming both", async () => {
    const other = new AudioCodes({ ...codes, sampleRate: 32_000 });
    const error = await tokenizer.decode(other).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CodesError);
    expect(error).toMatchObject({ code: "CODES_MISMATCH", message: expect.stringContaining("sampleRate is 32000, the model's is 24000") });
  });

  test("codes of a codec with segments and scales", async () => {
    const other = await stereo.encode(tone(2000, 2));
    await expect(tokenizer.decode(other)).rejects.toMatchObject({ code: "CODES_MISMATCH" });
    const sameRate = new AudioCodes({ ...codes, scales: Float32Array.of(1) });
    await expect(tokenizer.decode(sameRate)).rejects.toThrow(/they have scales and the model uses none/u);
  });

  test("more codebooks than the model has", async () => {
    const many = new AudioCodes({ ...codes, data: new Uint16Array(9 * codes.numFrames), shape: [1, 9, codes.numFrames] });
    await expect(tokenizer.decode(many)).rejects.toThrow(/they have 9 codebooks; the model takes up to 8/u);
  });

  test("values that are no codes", async () => {
    const data = Uint16Array.from(codes.data).fill(1024, 3, 4);
    await expect(tokenizer.decode({ ...codes, data })).rejects.toMatchObject({ code: "CODES_OUT_OF_RANGE" });
  });

  test("what is no codes, or no array of them", async () => {
    await expect(tokenizer.decode({} as unknown as AudioCodes)).rejects.toThrow(/expected AudioCodes or its plain data/u);
    await expect(tokenizer.decodeBatch(codes as unknown as AudioCodes[])).rejects.toThrow(/takes an array of codes; use decode/u);
  });

  test("a number of codes that does not fit the shape", async () => {
    await expect(tokenizer.decode({ ...codes, data: codes.data.slice(1) })).rejects.toMatchObject({ code: "CODES_MISMATCH" });
  });
});

describe("fromPretrained refuses", () => {
  test("a path that is not there, and says what would do", async () => {
    await expect(AudioTokenizer.fromPretrained("no such model")).rejects.toThrow(/expected "tiny", a folder with config\.json/u);
  });

  test("a folder without a configuration", async () => {
    const folder = await temporaryFolder();
    await expect(AudioTokenizer.fromPretrained(folder)).rejects.toBeInstanceOf(CheckpointError);
  });

  test("threads that are no number of threads", async () => {
    await expect(AudioTokenizer.fromPretrained("tiny", { threads: -1 })).rejects.toThrow(/threads must be a whole number/u);
  });

  test("interleaved stereo through a stereo codec", async () => {
    const path = join(goldenFolder, "mini-48khz/hf");
    await expect(AudioTokenizer.fromPretrained(path, { interleaveStereo: true })).rejects.toThrow(/for mono codecs/u);
  });
});

describe("a tokenizer", () => {
  test("can be disposed twice, and then refuses to work", async () => {
    const other = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
    await other.encode(tone(1000));
    await other.dispose();
    await other.dispose();
    await expect(other.encode(tone(1000))).rejects.toBeInstanceOf(DisposedError);
    await expect(other.encodeBatch([])).rejects.toBeInstanceOf(DisposedError);
    await expect(other.decode(codes)).rejects.toBeInstanceOf(DisposedError);
  });

  test("that is disposed during a call ends that call with a DisposedError", async () => {
    const other = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
    const call = other.encode(tone(24_000));
    const disposal = other.dispose();
    await expect(call).rejects.toBeInstanceOf(DisposedError);
    await disposal;
  });

  test("frees what it can when one part cannot be freed, and says so", async () => {
    const node = await loadOnnxRuntimeNode();
    let released = 0;
    const runtime: Runtime = {
      name: "cannot free its first session",
      async createSession(model, options) {
        const session = await node.createSession(model, options);
        return {
          run: session.run,
          async release() {
            await session.release();
            if (++released === 1) throw new Error("stuck");
          },
        };
      },
    };
    const other = await AudioTokenizer.fromPretrained("tiny", { threads: 1, runtime });
    await other.encode(tone(1000));
    await expect(other.dispose()).rejects.toThrow("stuck");
    expect(released).toBe(3);
  });

  test("tells a failure of the runtime as one", async () => {
    const node = await loadOnnxRuntimeNode();
    const broken = node.createSession({ graph: Uint8Array.of(1, 2, 3), weights: new Map() }, { threads: 1 });
    await expect(broken).rejects.toMatchObject({ name: "RuntimeError", code: "RUNTIME_FAILED" });
  });

  test("rejects with the signal's reason before and during work", async () => {
    const reason = new Error("changed my mind");
    await expect(tokenizer.encode(tone(100), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const stopAtFirst = { signal: controller.signal, onProgress: () => controller.abort(reason) };
    await expect(tokenizer.encode(tone(24_000), stopAtFirst)).rejects.toBe(reason);
    await expect(tokenizer.decode(codes, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(AudioTokenizer.fromPretrained("tiny", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("a batch that failed goes on with nothing", async () => {
    let numReports = 0;
    const onProgress = (): void => {
      if (++numReports === 1) throw new Error("not interested");
    };
    // Two groups of 8 clips and 8 windows: 256 reports.
    await expect(tokenizer.encodeBatch(Array(16).fill(tone(8 * 32_000)), { onProgress })).rejects.toThrow("not interested");
    for (let other = 0; other < 10; other++) await tokenizer.encode(tone(8 * 32_000)); // time enough to go on
    expect(numReports).toBeLessThan(50);
  });

  test("reports progress that grows to the whole length in seconds", async () => {
    const events: { stage: string; done: number; total: number }[] = [];
    await tokenizer.encodeBatch([tone(24_000), tone(12_000)], { onProgress: (event) => events.push(event) });
    expect(events.map(({ done }) => done)).toEqual(events.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(events.at(-1)).toMatchObject({ stage: "encode", total: (75 + 38) / 75 });
    expect(events.at(-1)!.done).toBeCloseTo(events.at(-1)!.total, 9);
  });

  test("brings audio to the model's rate and channels", async () => {
    const waveform = tone(4800, 2);
    const codesOf48 = await tokenizer.encode({ ...waveform, sampleRate: 48_000 });
    expect(codesOf48.numSamples).toBe(2400);
    const mono = { channelData: [waveform.channelData[0]!], sampleRate: 48_000 };
    expect(await tokenizer.encode(mono)).toEqualCodes(codesOf48);
  });
});
