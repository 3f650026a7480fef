import { describe, expect, test } from "vitest";
import { bytesSource } from "../../src/core/byte-source.ts";
import { formatSafetensors, openCheckpoint } from "../../src/checkpoint/index.ts";
import type { Checkpoint, TensorData } from "../../src/checkpoint/index.ts";
import { f32, goldenTensors } from "./fixtures.ts";

function openBare(tensors: ReadonlyMap<string, TensorData>, name = "model.safetensors"): Promise<Checkpoint> {
  return openCheckpoint({ kind: "file", source: bytesSource(formatSafetensors(tensors), name) });
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
    expect((await openBare(await goldenTensors(codec))).config).toMatchObject(expected);
  });

  test("keep only the bandwidths that the stored codebooks are enough for", async () => {
    const tensors = without(await goldenTensors("mini-24khz"), /^quantizer\.layers\.3\./);
    expect((await openBare(tensors)).config.targetBandwidths).toEqual([1.5]);
  });

  test("that hold fewer codebooks than the lowest bandwidth takes are incomplete", async () => {
    const tensors = without(await goldenTensors("mini-24khz"), /^quantizer\.layers\.[123]\./);
    await expect(openBare(tensors)).rejects.toThrow("holds 1 codebooks; its lowest bandwidth, 1.5 kbps, takes 2");
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
    await expect(openBare(tensors, "/models/encodec_48khz-7e698e3e.th")).rejects.toThrow(
      "is named encodec_48khz, but its tensors are those of encodec_24khz",
    );
    expect((await openBare(tensors, "/encodec_48khz/encodec_24khz-d7cc33bc.th")).config.samplingRate).toBe(24_000);
  });
});
