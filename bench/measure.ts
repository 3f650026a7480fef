import { fullSizeModels, uniform } from "./full-size-models.ts";
import type { FullSizeModel } from "./full-size-models.ts";
import { peakMemory, residentMemory } from "./process-memory.ts";

/*
 * Measures one model at one number of threads in a process of its own, so that memory and load time are its own too, and of the processes that run the model.
 * Usage: tsx bench/measure.ts <model> <folder> <threads> <seconds>; prints one JSON object.
 */

/** What one process measured. Times in milliseconds, memory in MB (10^6 bytes), factors in seconds of audio per second. */
export interface Measurement {
  readonly model: string;
  readonly threads: number;
  readonly seconds: number;
  readonly encode: number;
  readonly decode: number;
  /** Eight clips of four seconds in one batch. */
  readonly encodeBatch: number;
  readonly decodeBatch: number;
  /** From the start of the process to the first codes, of a clip of one second. */
  readonly firstCodes: number;
  /** From there to the first audio. */
  readonly firstAudio: number;
  /** Peak resident memory when both halves are loaded and have run on one second, less that before. */
  readonly loadMemory: number;
  /** Peak resident memory of all processes, the long clips included. */
  readonly peakMemory: number;
  /** Resident memory after all repetitions, less that after everything was done once. */
  readonly growth: number;
}

const repetitions = 3;

if (process.argv[1]?.endsWith("measure.ts")) {
  const [model, folder, threads, seconds] = process.argv.slice(2) as [FullSizeModel, string, string, string];
  console.log(JSON.stringify(await measure(model, folder, Number(threads), Number(seconds))));
}

async function measure(model: FullSizeModel, folder: string, threads: number, seconds: number): Promise<Measurement> {
  const { AudioTokenizer } = await import("../src/index.ts");
  const { loadOnnxRuntimeNode } = await import("../src/runtime/index.ts");
  const runtime = await loadOnnxRuntimeNode();
  const before = peakMemory();
  const { bandwidth } = fullSizeModels[model];
  const tokenizer = await AudioTokenizer.fromPretrained(folder, { threads, runtime });
  const clip = (length: number) => {
    const random = uniform(7);
    const numSamples = Math.round(length * tokenizer.sampleRate);
    const channelData = Array.from({ length: tokenizer.channels }, () => Float32Array.from({ length: numSamples }, () => 0.3 * random()));
    return { channelData, sampleRate: tokenizer.sampleRate };
  };
  const first = await tokenizer.encode(clip(1), { bandwidth });
  const firstCodes = performance.now();
  await tokenizer.decode(first);
  const firstAudio = performance.now() - firstCodes;
  const loadMemory = peakMemory() - before;

  const long = clip(seconds);
  const short = Array.from({ length: 8 }, () => clip(4));
  const codes = await tokenizer.encode(long, { bandwidth });
  const batch = await tokenizer.encodeBatch(short, { bandwidth });
  await tokenizer.decode(codes);
  await tokenizer.decodeBatch(batch);
  const resident = residentMemory();
  const encode = seconds / (await best(() => tokenizer.encode(long, { bandwidth })));
  const decode = seconds / (await best(() => tokenizer.decode(codes)));
  const encodeBatch = (8 * 4) / (await best(() => tokenizer.encodeBatch(short, { bandwidth })));
  const decodeBatch = (8 * 4) / (await best(() => tokenizer.decodeBatch(batch)));
  const growth = residentMemory() - resident;
  const peak = peakMemory();
  await tokenizer.dispose();
  return {
    model,
    threads,
    seconds,
    encode,
    decode,
    encodeBatch,
    decodeBatch,
    firstCodes,
    firstAudio,
    loadMemory,
    peakMemory: peak,
    growth,
  };
}

/** Least time of a few repetitions, in seconds. */
async function best(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repetitions; i++) {
    const start = performance.now();
    await work();
    least = Math.min(least, performance.now() - start);
  }
  return least / 1000;
}
