import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { hopLengthOf, numQuantizersOf } from "../../src/checkpoint/index.ts";
import type { CodecConfig } from "../../src/checkpoint/index.ts";
import { describeNetwork, settledOutputs } from "../../src/graph/index.ts";
import type { Network } from "../../src/graph/index.ts";
import { AudioTokenizer } from "../../src/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";
import { CodecRunner } from "../../src/tokenizer/network/codec-runner.ts";
import type { DecoderState, EncoderState } from "../../src/tokenizer/network/codec-runner.ts";
import { CodecSessions } from "../../src/tokenizer/network/codec-sessions.ts";
import { putColumns, takeColumns } from "../../src/tokenizer/network/columns.ts";
import { goldenFolder } from "../golden.ts";
import { naiveDecode, naiveEncode } from "../naive-codec.ts";
import { anyConfig, randomCheckpoint } from "../random-checkpoint.ts";
import { noisyTone } from "./streams.ts";

/** Of published shapes: the small checkpoints have the layers of the official ones. Samples. */
const latencies = [
  { codec: "mini-24khz", encoder: { latency: 0, startLatency: 1920 }, decoder: { latency: 0, startLatency: 1920 } },
  { codec: "mini-32khz", encoder: { latency: 2386, startLatency: 2386 }, decoder: { latency: 2560, startLatency: 2560 } },
  { codec: "mini-16khz", encoder: { latency: 1195, startLatency: 1195 }, decoder: { latency: 1280, startLatency: 1280 } },
  { codec: "mini-48khz", encoder: { latency: 47_680, startLatency: 47_680 }, decoder: { latency: 480, startLatency: 480 } },
] as const;

describe.each(latencies)("$codec", async ({ codec, ...expected }) => {
  const tokenizer = await AudioTokenizer.fromPretrained(join(goldenFolder, codec, "hf"), { threads: 1 });
  afterAll(() => tokenizer.dispose());
  const { hopLength } = tokenizer;

  test("says how far behind its streams are", () => {
    const { encoder, decoder } = { encoder: tokenizer.createEncoder(), decoder: tokenizer.createDecoder() };
    expect({ latency: encoder.latency, startLatency: encoder.startLatency }).toEqual(expected.encoder);
    expect({ latency: decoder.latency, startLatency: decoder.startLatency }).toEqual(expected.decoder);
  });

  test.skipIf(tokenizer.segment !== null)("gives each frame with the sample that settles it", async () => {
    const { latency, startLatency } = expected.encoder;
    const encoder = tokenizer.createEncoder({ numCodebooks: 1 });
    const start = startLatency + hopLength;
    const numFramesAt = (samples: number): number => (samples < start ? 0 : Math.floor((samples - latency) / hopLength));
    const isOut = { before: await encoder.push(noisyTone(tokenizer, start - 1)), now: await encoder.push(noisyTone(tokenizer, 1)) };
    expect(isOut.before).toBe(null);
    expect(isOut.now!.numFrames).toBe(numFramesAt(start));
    let numFrames = isOut.now!.numFrames;
    for (let samples = start; samples < start + 3 * hopLength;) {
      const untilNext = latency + (numFrames + 1) * hopLength - samples;
      expect(await encoder.push(noisyTone(tokenizer, untilNext - 1))).toBe(null);
      expect((await encoder.push(noisyTone(tokenizer, 1)))!.numFrames).toBe(1);
      numFrames++;
      samples += untilNext;
    }
  });

  test.skipIf(tokenizer.segment !== null)("gives the audio of each frame with the frame that settles it", async () => {
    const { latency, startLatency } = expected.decoder;
    const codes = await tokenizer.encode(noisyTone(tokenizer, 20 * hopLength));
    const decoder = tokenizer.createDecoder();
    for (let frame = 0; frame < codes.numFrames; frame++) {
      const samples = (await decoder.push(codes.sliceFrames(frame, frame + 1)))?.channelData[0]!.length ?? 0;
      const behind = frame + 1 - startLatency / hopLength;
      expect(samples / hopLength).toBe(behind < 1 ? 0 : behind === 1 ? frame + 1 - latency / hopLength : 1);
    }
  });
});

describe("any configuration", () => {
  const withoutNorm = anyConfig.map((config): CodecConfig => ({ ...config, normType: "weight_norm" }));

  test("the encoder's frames that count as settled never change, and the next one may", () => {
    fc.assert(
      fc.property(withoutNorm, fc.nat({ max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }), (config, seed, part) => {
        const checkpoint = randomCheckpoint(config, seed);
        const { encoder } = describeNetwork(config);
        const hop = hopLengthOf(config);
        const known = 1 + Math.floor(part * (30 * hop));
        const settled = settledColumns(encoder, known);
        const begin = signal(config.audioChannels, known, seed);
        const endings = [0, 1, hop, 35 * hop, 35 * hop].map((length, index) =>
          extend(begin, signal(config.audioChannels, length, seed + index + 1)),
        );
        const results = endings.map((audio) => naiveEncode(config, checkpoint, audio));
        const column = (frame: number): string[] => results.map((rows) => rows.map((row) => row[frame]).join());
        for (let frame = 0; frame < settled; frame++) expect(new Set(column(frame)).size).toBe(1);
        const [one, other] = column(settled).slice(-2);
        expect(one).not.toBe(other);
      }),
      { numRuns: 80 },
    );
  });

  test("the decoder's samples that count as settled never change, and the next ones may", () => {
    fc.assert(
      fc.property(withoutNorm, fc.nat({ max: 1e6 }), fc.integer({ min: 1, max: 40 }), (config, seed, known) => {
        const checkpoint = randomCheckpoint(config, seed);
        const { decoder } = describeNetwork(config);
        const settled = settledColumns(decoder, known);
        const begin = signal(config.hiddenSize, known, seed);
        const endings = [0, 1, 2, 35, 35].map((length, index) => extend(begin, signal(config.hiddenSize, length, seed + index + 1)));
        const results = endings.map((embeddings) => naiveDecode(config, checkpoint, embeddings));
        const column = (sample: number): string[] => results.map((rows) => rows.map((row) => row[sample]).join());
        for (let sample = 0; sample < settled; sample++) expect(new Set(column(sample)).size).toBe(1);
        const [one, other] = column(settled).slice(-2);
        expect(one).not.toBe(other);
      }),
      { numRuns: 80 },
    );
  });

  test("streams in any pieces as the whole goes through", async () => {
    const runtime = await loadOnnxRuntimeNode();
    const anyStream = fc.record({
      config: anyConfig,
      seed: fc.nat({ max: 1e6 }),
      numFrames: fc.double({ min: 0.01, max: 260, noNaN: true }),
      lengths: fc.array(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 50 })), { minLength: 1, maxLength: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(anyStream, async ({ config, seed, numFrames, lengths }) => {
        const checkpoint = randomCheckpoint(config, seed);
        const network = describeNetwork(config);
        const hopLength = hopLengthOf(config);
        const { audioChannels } = config;
        const sessions = new CodecSessions({ checkpoint, network, runtime, threads: 1 });
        const runner = new CodecRunner(sessions, network, { audioChannels, hopLength, sampleRate: config.samplingRate });
        const numSamples = Math.ceil(numFrames * hopLength);
        const numCodebooks = numQuantizersOf(config);
        const samples = Float32Array.from(signal(audioChannels, numSamples, seed).flatMap((row) => [...row]));
        const [whole] = await runner.encode(
          [{ numSamples, read: (start, end) => takeColumns(samples, audioChannels, start, end) }],
          numCodebooks,
          {},
        );

        const codes = new Int32Array(numCodebooks * whole!.frames);
        let encoder: EncoderState = runner.startEncoding();
        await inPieces(
          numSamples,
          lengths.map((length) => length * Math.ceil(hopLength / 3)),
          async (start, end, isLast) => {
            const input = takeColumns(samples, audioChannels, start, end);
            const [result] = await runner.advanceEncoding([{ state: encoder, input, isLast, numCodebooks }], {});
            putColumns(codes, result!.output.data, { rows: numCodebooks, at: encoder.after, columns: result!.output.frames });
            encoder = structuredClone(result!.state);
          },
        );
        expect(numDifferingFrames(codes, whole!.codes, numCodebooks)).toBeLessThanOrEqual(1);

        let audio: Float32Array | undefined;
        await runner.decode([whole!], {}, (_, complete) => (audio = complete));
        const decoded = new Float32Array(audio!.length);
        let decoder: DecoderState = runner.startDecoding(numCodebooks);
        await inPieces(whole!.frames, lengths, async (start, end, isLast) => {
          const input = takeColumns(whole!.codes, numCodebooks, start, end);
          const [result] = await runner.advanceDecoding([{ state: decoder, input, isLast }], {});
          const columns = result!.output.frames * hopLength;
          putColumns(decoded, result!.output.data, { rows: audioChannels, at: decoder.after * hopLength, columns });
          decoder = structuredClone(result!.state);
        });
        expect(relativeDifference(decoded, audio!)).toBeLessThan(2e-5);
        await sessions.dispose();
      }),
      { numRuns: 60 },
    );
    await runtime.close();
  });
});

/**
 * With these few channels, ONNX Runtime's kernels round the last values of a row differently; once in a long while such a
 * frame is between two codebook entries. (With the published shapes nothing differs at all.)
 */
function numDifferingFrames(codes: Int32Array, expected: Int32Array, rows: number): number {
  expect(codes).toHaveLength(expected.length);
  const frames = codes.length / rows;
  const differing = Array.from({ length: frames }, (_, t) =>
    Array.from({ length: rows }, (_row, k) => codes[k * frames + t] !== expected[k * frames + t]),
  );
  return differing.filter((column) => column.includes(true)).length;
}

function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length);
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
  return expected.reduce((max, value, index) => Math.max(max, Math.abs(value - actual[index]!)), 0) / largest;
}

/** What is settled at the end of half of the network. */
function settledColumns({ before, after }: Network["encoder"], known: number): number {
  return settledOutputs(after, settledOutputs(before, known));
}

function signal(rows: number, length: number, seed: number): Float64Array[] {
  return Array.from({ length: rows }, (_, row) =>
    Float64Array.from({ length }, (_value, i) => Math.fround(Math.sin(i * (row + 1) * 0.7 + i * i * 0.013 + seed))),
  );
}

function extend(signals: readonly Float64Array[], endings: readonly Float64Array[]): Float64Array[] {
  return signals.map((row, index) => Float64Array.of(...row, ...endings[index]!));
}

/** Goes over `0…total` in stretches whose lengths are taken from a list, over and over; the end comes alone. */
async function inPieces(
  total: number,
  lengths: readonly number[],
  work: (start: number, end: number, isLast: boolean) => Promise<void>,
): Promise<void> {
  const least = Math.ceil(total / 40);
  for (let start = 0, index = 0; start < total; index++) {
    const end = Math.min(total, start + lengths[index % lengths.length]! + (index % 3 === 2 ? least : 0));
    await work(start, end, false);
    start = end;
  }
  await work(total, total, true);
}
