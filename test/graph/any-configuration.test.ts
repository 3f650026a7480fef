import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OnnxModel } from "../../src/core/index.ts";
import { hopLengthOf, numQuantizersOf } from "../../src/checkpoint/index.ts";
import {
  buildAnalysis,
  buildDequantization,
  buildLstm,
  buildQuantization,
  buildSynthesis,
  describeNetwork,
} from "../../src/graph/index.ts";
import type { LstmLayer } from "../../src/graph/index.ts";
import { loadOnnxRuntimeNode } from "../../src/runtime/index.ts";
import type { Session, Tensor } from "../../src/runtime/index.ts";
import { zeroState } from "../golden.ts";
import { anyConfig, randomCheckpoint } from "../random-checkpoint.ts";
import { naiveDecode, naiveDequantize, naiveEncode, naiveQuantize } from "../naive-codec.ts";
import { runsOf } from "../long-searches.ts";

/** Relative to the largest value: float32 against double precision. */
const tolerance = 5e-5;

/** Flattens `[channels][time]` and gives the largest difference, relative to the largest value. */
function relativeDifference(actual: Pick<Tensor, "data">, expected: readonly Float64Array[]): number {
  const flat = expected.flatMap((row) => [...row]);
  expect(actual.data).toHaveLength(flat.length);
  const largest = flat.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
  return flat.reduce((max, value, index) => Math.max(max, Math.abs(value - Number(actual.data[index]))), 0) / largest;
}

/**
 * How near single precision can come. Where a norm divides values by a spread that is small against them, rounding them shows in the result,
 * and not only in that of the graphs: plain loops that round each value lose as much, in another way.
 */
function toleranceOf(rounded: readonly Float64Array[], expected: readonly Float64Array[]): number {
  return Math.max(tolerance, 8 * relativeDifference({ data: Float32Array.from(rounded.flatMap((row) => [...row])) }, expected));
}

describe("graphs of any configuration", async () => {
  const runtime = await loadOnnxRuntimeNode();
  const session = async (model: Promise<OnnxModel>): Promise<Session> => runtime.createSession(await model, { threads: 1 });
  const anyCodec = fc.record({ config: anyConfig, seed: fc.nat({ max: 1e6 }), numFrames: fc.double({ min: 0.01, max: 12, noNaN: true }) });

  test("encode as plain loops do", async () => {
    await fc.assert(
      fc.asyncProperty(anyCodec, async ({ config, seed, numFrames }) => {
        const checkpoint = randomCheckpoint(config, seed);
        const network = describeNetwork(config);
        const numSamples = Math.max(1, Math.round(numFrames * hopLengthOf(config)));
        const audio = Array.from({ length: config.audioChannels }, (_, c) =>
          Float64Array.from({ length: numSamples }, (_v, i) => Math.fround(Math.sin(i * (c + 1) * 0.7 + seed))),
        );
        const data = Float32Array.from(audio.flatMap((row) => [...row]));

        const analysis = await session(buildAnalysis(checkpoint, network));
        let { features } = await analysis.run({ waveform: { type: "float32", data, dims: [1, config.audioChannels, numSamples] } }, [
          "features",
        ]);
        if (network.encoder.lstm !== null) {
          const lstm = await session(buildLstm(checkpoint, network.encoder.lstm));
          features = await recur(lstm, network.encoder.lstm, features);
          await lstm.release();
        }
        const quantization = await session(buildQuantization(checkpoint, network));
        const num_codebooks = { type: "int64", data: BigInt64Array.of(BigInt(numQuantizersOf(config))), dims: [] } as const;
        const { codes, embeddings } = await quantization.run({ features, num_codebooks }, ["codes", "embeddings"]);
        await Promise.all([analysis.release(), quantization.release()]);

        const expected = naiveEncode(config, checkpoint, audio);
        const rounded = naiveEncode(config, { get: checkpoint.get, round: Math.fround }, audio);
        expect(relativeDifference(embeddings, expected)).toBeLessThan(toleranceOf(rounded, expected));
        const rows = toRows(embeddings, config.hiddenSize);
        const { codes: expectedCodes, margins } = naiveQuantize(config, checkpoint, rows);
        const frames = rows[0]!.length;
        for (let t = 0; t < frames; t++) {
          const k = expectedCodes.findIndex((row, index) => row[t] !== Number(codes.data[index * frames + t]));
          if (k >= 0) expect(margins[k]![t]).toBeLessThan(1e-4);
        }
      }),
      { numRuns: runsOf(120) },
    );
  });

  test("decode as plain loops do", async () => {
    await fc.assert(
      fc.asyncProperty(anyCodec, async ({ config, seed, numFrames }) => {
        const checkpoint = randomCheckpoint(config, seed);
        const network = describeNetwork(config);
        const frames = Math.max(1, Math.round(numFrames));
        const numQuantizers = numQuantizersOf(config);
        const rows = Array.from({ length: numQuantizers }, (_, k) =>
          Array.from({ length: frames }, (_v, t) => (seed + 31 * k + 17 * t) % config.codebookSize),
        );
        const codes = { type: "int32", data: Int32Array.from(rows.flat()), dims: [numQuantizers, 1, frames] } as const;

        const dequantization = await session(buildDequantization(checkpoint, network));
        let { features } = await dequantization.run({ codes }, ["features"]);
        if (network.decoder.lstm !== null) {
          const lstm = await session(buildLstm(checkpoint, network.decoder.lstm));
          features = await recur(lstm, network.decoder.lstm, features);
          await lstm.release();
        }
        const synthesis = await session(buildSynthesis(checkpoint, network));
        const { waveform } = await synthesis.run({ features }, ["waveform"]);
        await Promise.all([dequantization.release(), synthesis.release()]);

        const dequantized = naiveDequantize(config, checkpoint, rows);
        const expected = naiveDecode(config, checkpoint, dequantized);
        const rounded = naiveDecode(config, { get: checkpoint.get, round: Math.fround }, dequantized);
        expect(expected[0]).toHaveLength(frames * hopLengthOf(config));
        expect(relativeDifference(waveform, expected)).toBeLessThan(toleranceOf(rounded, expected));
      }),
      { numRuns: runsOf(120) },
    );
  });
});

function toRows(embeddings: Tensor, hiddenSize: number): Float64Array[] {
  const frames = embeddings.data.length / hiddenSize;
  return Array.from({ length: hiddenSize }, (_, row) =>
    Float64Array.from({ length: frames }, (_v, t) => Number(embeddings.data[row * frames + t])),
  );
}

async function recur(session: Session, layer: LstmLayer, features: Tensor): Promise<Tensor> {
  const state = zeroState(layer);
  return (await session.run({ features, hidden: state, cell: state }, ["output"])).output;
}
