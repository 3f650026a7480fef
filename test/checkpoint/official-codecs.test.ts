import { describe, expect, test } from "vitest";
import { bytesSource } from "../../src/core/byte-source.ts";
import { recogniseCodec } from "../../src/checkpoint/config/official-codecs.ts";
import { formatSafetensors, frameRateOf, openCheckpoint, openSafetensors } from "../../src/checkpoint/index.ts";
import type { Checkpoint, CodecConfig, TensorData } from "../../src/checkpoint/index.ts";
import { gatherWeights } from "../../src/checkpoint/assemble.ts";
import { describeNetwork, requiredTensors } from "../../src/graph/index.ts";
import { f32, goldenTensors } from "./fixtures.ts";

/** Opens weights as transformers stores them, of which there are none in the published sizes here. */
function openBare(tensors: ReadonlyMap<string, TensorData>, name = "model.safetensors"): Promise<Checkpoint> {
  return openCheckpoint({ kind: "file", source: bytesSource(formatSafetensors(tensors), name) });
}

/** What weights are recognised as where their size does not matter. */
async function recognise(tensors: ReadonlyMap<string, TensorData>, name = "weights.th"): Promise<CodecConfig> {
  const { shapes } = gatherWeights([await openSafetensors(bytesSource(formatSafetensors(tensors), name))], "");
  return recogniseCodec(shapes, name, true);
}

function shapesOf(config: CodecConfig): ReadonlyMap<string, readonly number[]> {
  return new Map(requiredTensors(describeNetwork(config), config).map(({ name, shape }) => [name, shape]));
}

function without(tensors: ReadonlyMap<string, TensorData>, pattern: RegExp): Map<string, TensorData> {
  return new Map([...tensors].filter(([name]) => !pattern.test(name)));
}

describe("weights without a configuration", () => {
  test.each([
    ["mini-24khz", { samplingRate: 24_000, useCausalConv: true, normalize: false, chunkLengthS: null, targetBandwidths: [1.5, 3] }],
    [
      "mini-48khz",
      {
        samplingRate: 48_000,
        useCausalConv: false,
        normalize: true,
        chunkLengthS: 1,
        overlap: 0.01,
        targetBandwidths: [3, 6],
      },
    ],
    ["mini-32khz", { samplingRate: 32_000, useCausalConv: false, useConvShortcut: false, targetBandwidths: [2.2] }],
  ])("of %s are recognised", async (codec, expected) => {
    expect(await recognise(await goldenTensors(codec))).toMatchObject(expected);
  });

  test.each([
    ["mini-24khz", 32, 32],
    ["mini-48khz", 32, 16],
    ["mini-32khz", 64, 4],
  ])("in the layout of transformers are recognised at the published sizes only: %s", async (codec, numFilters, numQuantizers) => {
    const tensors = await goldenTensors(codec);
    const small = await recognise(tensors);
    await expect(openBare(tensors)).rejects.toMatchObject({
      code: "CHECKPOINT_CONFIG",
      message: expect.stringMatching(
        /^model\.safetensors comes without a configuration, .*, but of another size: \w+ \d+, not \d+\. Put the config\.json/u,
      ),
    });
    const targetBandwidths = [(numQuantizers * Math.log2(small.codebookSize) * frameRateOf(small)) / 1000];
    const published = { ...small, numFilters, hiddenSize: 128, codebookDim: 128, targetBandwidths };
    expect(recogniseCodec(shapesOf(published), "model.safetensors", false)).toMatchObject({ numFilters, samplingRate: small.samplingRate });
    for (const other of [{ numFilters: 2 * numFilters }, { numLstmLayers: 1 }, { hiddenSize: 64, codebookDim: 64 }])
      expect(() => recogniseCodec(shapesOf({ ...published, ...other }), "model.safetensors", false)).toThrow("but of another size");
  });

  test("keep only the bandwidths that the stored codebooks are enough for", async () => {
    const tensors = without(await goldenTensors("mini-24khz"), /^quantizer\.layers\.3\./);
    expect((await recognise(tensors)).targetBandwidths).toEqual([1.5]);
  });

  test("that hold fewer codebooks than the lowest bandwidth takes are incomplete", async () => {
    const tensors = without(await goldenTensors("mini-24khz"), /^quantizer\.layers\.[123]\./);
    await expect(recognise(tensors)).rejects.toThrow("holds 1 codebooks; its lowest bandwidth, 1.5 kbps, takes 2");
  });

  test("of the 16 kHz codec are refused, as their padding cannot be told", async () => {
    const opening = openBare(await goldenTensors("mini-16khz"));
    await expect(opening).rejects.toMatchObject({ code: "CHECKPOINT_CONFIG" });
    await expect(opening).rejects.toThrow(
      /mono, ratios 8 5 4 2, no group norm, plain shortcuts, 4 codebooks of 2048.*Put the config\.json/,
    );
  });

  test("of some other network are refused", async () => {
    await expect(openBare(new Map([["encoder.weight", f32([1], [1])]]))).rejects.toThrow("not those of a whole EnCodec network");
  });

  test.each([/^encoder\.layers\.15\./, /^encoder\.layers\.13\./, /^encoder\.layers\.3\./, /^quantizer/])(
    "that lack %s are refused",
    async (part) => {
      await expect(openBare(without(await goldenTensors("mini-24khz"), part))).rejects.toMatchObject({
        code: "CHECKPOINT_CONFIG",
      });
    },
  );

  test("may not contradict the name of their file", async () => {
    const tensors = await goldenTensors("mini-24khz");
    await expect(recognise(tensors, "/models/encodec_48khz-7e698e3e.th")).rejects.toThrow(
      "is named encodec_48khz, but its tensors are those of encodec_24khz",
    );
    expect((await recognise(tensors, "/encodec_48khz/encodec_24khz-d7cc33bc.th")).samplingRate).toBe(24_000);
  });
});
