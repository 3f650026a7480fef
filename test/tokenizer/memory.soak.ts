import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { AudioTokenizer } from "../../src/index.ts";
import type { AudioCodes, Runtime, Waveform } from "../../src/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";
import { goldenFolder } from "../golden.ts";
import { hasProc, residentBytes, runtimeProcesses } from "../runtime/runtime-processes.ts";
import { noisyTone } from "./streams.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes that are in use, on the heap and in array buffers. */
function bytesInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external; // array buffers are among the external bytes
}

/** The most bytes in use at any look, beyond those in use before. */
class Gauge {
  readonly #before = bytesInUse();
  readonly #every: number;
  #calls = 0;
  peak = 0;

  constructor(every: number) {
    this.#every = every;
  }

  look(): void {
    if (this.#calls++ % this.#every === 0) this.peak = Math.max(this.peak, bytesInUse() - this.#before);
  }
}

const megabyte = 2 ** 20;

/** Seconds of audio that are made as they are asked for. */
function* seconds(tokenizer: AudioTokenizer, count: number): Generator<Waveform> {
  for (let second = 0; second < count; second++) yield noisyTone(tokenizer, tokenizer.sampleRate, second);
}

describe.each([
  { codec: "mini-24khz", short: 20, long: 120, most: 4, ceiling: 16 },
  { codec: "mini-32khz", short: 20, long: 120, most: 4, ceiling: 16 },
  // Two groups of 16 segments in each direction, 36 MB, which 60 s fill; 40 s more of audio are 15 MB.
  { codec: "mini-48khz", short: 90, long: 300, most: 12, ceiling: 56 },
])("a stream through $codec", ({ codec, short, long, most, ceiling }) => {
  test("takes no more memory for a long clip than for a short one", async () => {
    await using tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 1 });
    const peakOf = async (count: number): Promise<number> => {
      const gauge = new Gauge(1);
      const looking = async function* (): AsyncGenerator<AudioCodes> {
        for await (const codes of tokenizer.encodeStream(seconds(tokenizer, count))) {
          gauge.look();
          yield codes;
        }
      };
      for await (const _ of tokenizer.decodeStream(looking())) gauge.look();
      return gauge.peak;
    };
    await peakOf(short); // loads
    const peaks = { short: await peakOf(short), long: await peakOf(long) };
    expect(peaks.long - peaks.short).toBeLessThan(most * megabyte);
    expect(peaks.long).toBeLessThan(ceiling * megabyte);
  });
});

/** A tokenizer whose runs are looked at. */
async function watched(
  codec: string,
): Promise<{ tokenizer: AudioTokenizer; peakOf: (work: () => Promise<unknown>) => Promise<number>; close: () => Promise<void> }> {
  const node = await loadOnnxRuntimeNode();
  let gauge: Gauge | undefined;
  const runtime: Runtime = {
    name: "watched",
    async createSession(model, options) {
      const session = await node.createSession(model, options);
      return {
        release: session.release,
        run(inputs, outputs) {
          gauge?.look();
          return session.run(inputs, outputs);
        },
      };
    },
  };
  const tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 1, runtime });
  await tokenizer.decode(await tokenizer.encode(noisyTone(tokenizer, 1000))); // loads
  return {
    tokenizer,
    async peakOf(work) {
      gauge = new Gauge(20);
      const result = await work();
      gauge.look();
      const { peak } = gauge;
      gauge = undefined;
      return result === undefined ? 0 : peak;
    },
    async close() {
      await tokenizer.dispose();
      await node.close();
    },
  };
}

const wholeClips = [
  { codec: "mini-24khz", duration: 300, most: 16 },
  { codec: "mini-32khz", duration: 300, most: 16 },
  // Two groups of 16 segments of 1 s side by side; the clip is 115 MB.
  { codec: "mini-48khz", duration: 300, most: 80 },
];

describe.each(wholeClips)("a whole clip through $codec", ({ codec, duration, most }) => {
  test("takes little memory beside itself and its codes", async () => {
    const { tokenizer, peakOf, close } = await watched(codec);
    const clip = noisyTone(tokenizer, duration * tokenizer.sampleRate);
    let codes!: AudioCodes;
    expect(await peakOf(async () => (codes = await tokenizer.encode(clip)))).toBeLessThan(most * megabyte);

    let audio!: Waveform;
    const peak = await peakOf(async () => (audio = await tokenizer.decode(codes)));
    const output = audio.channelData.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(output).toBe(4 * tokenizer.channels * duration * tokenizer.sampleRate);
    expect(peak - output).toBeLessThan(most * megabyte);
    await close();
  });

  test("takes no more to convert it", async () => {
    const { tokenizer, peakOf, close } = await watched(codec);
    const clip = noisyTone({ sampleRate: 44_100, channels: 2 }, duration * 44_100);
    expect(await peakOf(() => tokenizer.encode(clip))).toBeLessThan(most * megabyte);
    await close();
  });
});

describe.runIf(hasProc)("clips of ever new lengths", () => {
  test("leave nothing behind in the process that runs the models", async () => {
    await using tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, "mini-24khz", "hf"), { threads: 1 });
    const [pid] = runtimeProcesses();
    const lengths = Array.from({ length: 2000 }, (_, i) => 500 + ((i * 7919) % 6007)); // each but once
    const noise = noisyTone(tokenizer, 6507).channelData[0]!;
    const encode = async (some: readonly number[]): Promise<void> => {
      for (let start = 0; start < some.length; start += 50)
        await tokenizer.encodeBatch(
          some.slice(start, start + 50).map((length) => ({ sampleRate: tokenizer.sampleRate, channelData: [noise.subarray(0, length)] })),
        );
    };
    await encode(lengths.slice(0, 500)); // what every length takes
    const before = residentBytes(pid!);
    await encode(lengths.slice(500));
    // What ONNX Runtime can remember of the memory for a length is about 8 kB, 12 MB of these.
    expect(residentBytes(pid!) - before).toBeLessThan(8 * megabyte);
  });
});
