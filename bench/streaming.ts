import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { AudioTokenizer, DecoderStream, EncoderStream } from "../src/index.ts";
import type { AudioCodes, Waveform } from "../src/index.ts";

/*
 * Measures streams: how long the step of a single frame takes, and how many callers one core can serve in real time.
 * Usage: npx tsx bench/streaming.ts --model <folder> [--frames 1500] [--callers 50]
 */

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "tiny" },
    frames: { type: "string", default: "1500" },
    callers: { type: "string", default: "50" },
  },
});
await using tokenizer = await AudioTokenizer.fromPretrained(values.model, { threads: 1 });
if (tokenizer.segment !== null) throw new RangeError("segments of a second are no frames; measure another model");
const { hopLength, sampleRate, channels } = tokenizer;
const numCodebooks = Math.min(8, tokenizer.numQuantizers);
const numFrames = Number(values.frames);
const numCallers = Number(values.callers);
const warmUp = 100;

let seed = 1;
const noise = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647 - 0.5;
const samples = Array.from({ length: channels }, () =>
  Float32Array.from({ length: (numFrames + warmUp) * hopLength }, (_, i) => 0.3 * Math.sin(i * 0.03) + 0.2 * noise()),
);
const audio = (start: number, end: number): Waveform => ({
  sampleRate,
  channelData: samples.map((channel) => channel.subarray(start * hopLength, end * hopLength)),
});
const codes = await tokenizer.encode(audio(0, numFrames + warmUp), { numCodebooks });

console.log(`${values.model}, ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, one thread, ${numCodebooks} codebooks`);
console.log(`a frame is ${((1000 * hopLength) / sampleRate).toFixed(1)} ms\n`);

const encoder = tokenizer.createEncoder({ numCodebooks });
report("encode a frame", await timesOf((frame) => encoder.push(audio(frame, frame + 1))));
const decoder = tokenizer.createDecoder();
report("decode a frame", await timesOf((frame) => decoder.push(codes.sliceFrames(frame, frame + 1))));

console.log(`\n${numCallers} callers in one step: callers that one core serves in real time`);
for (const frames of [1, 4, 8]) {
  const piece = (step: number): readonly [number, number] => [(step * frames) % numFrames, ((step * frames) % numFrames) + frames];
  const encoders = Array.from({ length: numCallers }, () => tokenizer.createEncoder({ numCodebooks }));
  const encoding = await stepTime((step) =>
    EncoderStream.stepBatch(encoders.map((stream) => ({ stream, waveform: audio(...piece(step)) }))),
  );
  const decoders = Array.from({ length: numCallers }, () => tokenizer.createDecoder());
  const decoding = await stepTime((step) => {
    const next: AudioCodes = codes.sliceFrames(...piece(step));
    return DecoderStream.stepBatch(decoders.map((stream) => ({ stream, codes: next })));
  });
  const capacity = (milliseconds: number): string =>
    ((numCallers * frames * 1000 * hopLength) / sampleRate / milliseconds).toFixed(1).padStart(6);
  console.log(
    `  ${frames} frame${frames === 1 ? " " : "s"} per step   encode ${capacity(encoding)}   decode ${capacity(decoding)}   both ${capacity(encoding + decoding)}`,
  );
}

async function timesOf(step: (frame: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let frame = 0; frame < numFrames + warmUp; frame++) {
    const start = performance.now();
    await step(frame);
    if (frame >= warmUp) times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b);
}

function report(what: string, sorted: readonly number[]): void {
  const at = (part: number): string => `${sorted[Math.floor(part * (sorted.length - 1))]!.toFixed(2)} ms`;
  console.log(`${what}: median ${at(0.5)}, 99th percentile ${at(0.99)}, of ${sorted.length}`);
}

/** Median of twelve steps in milliseconds, after eleven that get past the start. */
async function stepTime(step: (index: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < 23; index++) {
    const start = performance.now();
    await step(index);
    if (index >= 11) times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}
