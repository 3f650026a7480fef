import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import type { CodecConfig } from "../../src/checkpoint/index.ts";
import { openModelPath } from "../../src/files/index.ts";
import {
  buildAnalysis,
  buildDequantization,
  buildLstm,
  buildQuantization,
  buildSynthesis,
  describeNetwork,
} from "../../src/graph/index.ts";
import { AudioTokenizer } from "../../src/index.ts";
import type { OnnxModel } from "../../src/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";
import type { Session } from "../../src/runtime/index.ts";
import { CodecRunner, groupByLength } from "../../src/tokenizer/network/codec-runner.ts";
import { CodecSessions } from "../../src/tokenizer/network/codec-sessions.ts";
import { goldenFolder, zeroState } from "../golden.ts";
import { randomCheckpoint } from "../random-checkpoint.ts";

test("groups hold every piece once, few enough, the longest first", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30_000 }), { maxLength: 60 }), (frames) => {
      const groups = groupByLength(frames);
      expect(groups.flat().toSorted((a, b) => a - b)).toEqual(frames.map((_, index) => index));
      for (const group of groups) expect(group.length).toBeLessThanOrEqual(16);
      const lengths = groups.flat().map((index) => frames[index]!);
      expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
    }),
  );
});

describe.each(["mini-16khz", "mini-24khz", "mini-32khz"])("a clip of many tiles through %s", async (codec) => {
  const path = join(goldenFolder, codec, "hf");
  const checkpoint = await openCheckpoint(await openModelPath(path));
  const network = describeNetwork(checkpoint.config);
  const runtime = await loadOnnxRuntimeNode();
  const build = {
    analysis: buildAnalysis,
    quantization: buildQuantization,
    dequantization: buildDequantization,
    synthesis: buildSynthesis,
  };
  const opened: Session[] = [];
  const open = async (model: Promise<OnnxModel>): Promise<Session> => {
    const session = await runtime.createSession(await model, { threads: 1 });
    opened.push(session);
    return session;
  };
  const session = (part: keyof typeof build) => open(build[part](checkpoint, network));
  afterAll(async () => {
    await Promise.all(opened.map((each) => each.release()));
    await checkpoint.close();
  });
  const numFrames = 1234;

  test.each([1, 3])("gets the codes and the audio that the graphs give for the whole clip at once, on %i threads", async (threads) => {
    await using tokenizer = await AudioTokenizer.fromPretrained(path, { threads });
    const numSamples = numFrames * tokenizer.hopLength - 77;
    const data = Float32Array.from({ length: numSamples }, (_, i) => 0.5 * Math.sin(i * i * 1e-7) + 0.3 * Math.sin(i * 0.37));

    const { features } = await (
      await session("analysis")
    ).run({ waveform: { type: "float32", data, dims: [1, 1, numSamples] } }, ["features"]);
    const encoderLstm = await open(buildLstm(checkpoint, network.encoder.lstm!));
    const state = zeroState(network.encoder.lstm!);
    const { output } = await encoderLstm.run({ features, hidden: state, cell: state }, ["output"]);
    const num_codebooks = { type: "int64", data: BigInt64Array.of(4n), dims: [] } as const;
    const { codes } = await (await session("quantization")).run({ features: output, num_codebooks }, ["codes"]);
    const tiled = await tokenizer.encode({ channelData: [data], sampleRate: tokenizer.sampleRate });
    expect(tiled.numFrames).toBe(numFrames);
    expect(sameBytes(Int32Array.from(tiled.data), codes.data)).toBe(true);

    const decoded = await (await session("dequantization")).run({ codes }, ["features"]);
    const decoderLstm = await open(buildLstm(checkpoint, network.decoder.lstm!));
    const remembered = await decoderLstm.run({ features: decoded.features, hidden: state, cell: state }, ["output"]);
    const { waveform } = await (await session("synthesis")).run({ features: remembered.output }, ["waveform"]);
    const audio = await tokenizer.decode(tiled);
    expect(sameBytes(audio.channelData[0]!, waveform.data.slice(0, numSamples))).toBe(true);
  });
});

describe("layers that look further than a tile is long", () => {
  const config: CodecConfig = {
    samplingRate: 400,
    audioChannels: 1,
    numFilters: 4,
    upsamplingRatios: [2, 2],
    hiddenSize: 4,
    codebookSize: 16,
    codebookDim: 4,
    numResidualLayers: 1,
    kernelSize: 7,
    lastKernelSize: 255,
    residualKernelSize: 3,
    dilationGrowthRate: 2,
    compress: 2,
    numLstmLayers: 1,
    trimRightRatio: 1,
    useCausalConv: true,
    useConvShortcut: true,
    normType: "weight_norm",
    padMode: "reflect",
    normalize: false,
    chunkLengthS: null,
    overlap: null,
    targetBandwidths: [1.2],
    interleaveStereo: false,
  };

  test.each([true, false])("make tiles longer, and the codes stay those of the whole clip (causal: %s)", async (useCausalConv) => {
    const checkpoint = randomCheckpoint({ ...config, useCausalConv }, 7);
    const network = describeNetwork(checkpoint.config);
    const runtime = await loadOnnxRuntimeNode();
    const sessions = new CodecSessions({ checkpoint, network, runtime, threads: 1 });
    const runner = new CodecRunner(sessions, network, { audioChannels: 1, hopLength: 4, sampleRate: 400 });
    const numFrames = 1000;
    const samples = Float32Array.from({ length: 4 * numFrames }, (_, i) => Math.sin(i * i * 1e-4));
    const [tiled] = await runner.encode([{ numSamples: samples.length, read: (start, end) => samples.subarray(start, end) }], 3, {});

    const { features } = await sessions.run("analysis", { waveform: { type: "float32", data: samples, dims: [1, 1, samples.length] } }, [
      "features",
    ]);
    const state = zeroState(network.encoder.lstm!);
    const { output } = await sessions.run("encoderLstm", { features, hidden: state, cell: state }, ["output"]);
    const num_codebooks = { type: "int64", data: BigInt64Array.of(3n), dims: [] } as const;
    const { codes } = await sessions.run("quantization", { features: output, num_codebooks }, ["codes"]);
    expect(tiled!.frames).toBe(numFrames);
    expect(sameBytes(tiled!.codes, codes.data)).toBe(true);
    await sessions.dispose();
  });
});

/** Compares bit by bit, and fast. */
function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
