import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../src/core/errors.ts";
import { mapNames } from "../../src/checkpoint/names.ts";
import { atOnce } from "../../src/core/index.ts";
import { foldWeightNorm } from "../../src/checkpoint/weight-norm.ts";

describe("stored names", () => {
  test.each([
    ["encoder.model.0.conv.conv.bias", "encoder.layers.0.conv.bias"],
    ["encoder.model.1.block.3.conv.conv.bias", "encoder.layers.1.block.3.conv.bias"],
    ["encoder.model.1.shortcut.conv.conv.bias", "encoder.layers.1.shortcut.conv.bias"],
    ["encoder.model.13.lstm.weight_hh_l1", "encoder.layers.13.lstm.weight_hh_l1"],
    ["decoder.model.3.convtr.convtr.bias", "decoder.layers.3.conv.bias"],
    ["decoder.model.3.convtr.norm.weight", "decoder.layers.3.norm.weight"],
    ["encoder.model.1.block.1.conv.norm.bias", "encoder.layers.1.block.1.norm.bias"],
    ["quantizer.vq.layers.31._codebook.embed", "quantizer.layers.31.codebook.embed"],
    ["decoder.layers.12.conv.weight", "decoder.layers.12.conv.weight"],
  ])("%s is %s", (stored, canonical) => {
    expect([...mapNames([stored]).origins]).toEqual([[canonical, { kind: "plain", name: stored }]]);
  });

  test.each([
    ["encoder.layers.0.conv.weight_g", "encoder.layers.0.conv.weight_v", "encoder.layers.0.conv.weight"],
    ["decoder.model.3.convtr.convtr.weight_g", "decoder.model.3.convtr.convtr.weight_v", "decoder.layers.3.conv.weight"],
    [
      "encoder.layers.0.conv.parametrizations.weight.original0",
      "encoder.layers.0.conv.parametrizations.weight.original1",
      "encoder.layers.0.conv.weight",
    ],
    [
      "decoder.model.0.conv.conv.parametrizations.weight.original0",
      "decoder.model.0.conv.conv.parametrizations.weight.original1",
      "decoder.layers.0.conv.weight",
    ],
  ])("%s and %s make one weight", (magnitude, direction, canonical) => {
    expect([...mapNames([direction, magnitude]).origins]).toEqual([[canonical, { kind: "weightNorm", magnitude, direction }]]);
  });

  test("sets tensors of training and strangers apart", () => {
    const names = mapNames([
      "quantizer.layers.0.codebook.inited",
      "quantizer.vq.layers.0._codebook.cluster_size",
      "encoder.layers.0.conv.scale",
      "lm.weight",
    ]);
    expect(names.ignored).toEqual(["quantizer.layers.0.codebook.inited", "quantizer.vq.layers.0._codebook.cluster_size"]);
    expect(names.unknown).toEqual(["encoder.layers.0.conv.scale", "lm.weight"]);
    expect(names.origins.size).toBe(0);
  });

  test.each([
    [["encoder.layers.0.conv.weight", "encoder.layers.0.conv.weight_g", "encoder.layers.0.conv.weight_v"]],
    [["encoder.layers.0.conv.weight_g", "encoder.layers.0.conv.parametrizations.weight.original0"]],
    [["encoder.layers.0.conv.bias", "encoder.model.0.conv.conv.bias"]],
  ])("%j store one tensor twice", (names) => {
    expect(() => mapNames(names)).toThrow(CheckpointError);
    expect(() => mapNames(names)).toThrow("is stored more than once");
  });

  test("one half of a weight norm is an incomplete checkpoint", () => {
    expect(() => mapNames(["encoder.layers.0.conv.weight_g"])).toThrow("only encoder.layers.0.conv.weight_g is there");
  });
});

describe("weight norm", () => {
  test("gives every row of v the length g", () => {
    const weight = atOnce(foldWeightNorm(Float32Array.of(10, -2), Float32Array.of(3, 4, 0, -1), "w"));
    expect(weight).toEqual(Float32Array.of(6, 8, -0, 2));
  });

  test("sums squares in float64, so that small values beside large ones count", () => {
    const direction = new Float32Array(1 + 4096).fill(2 ** -12);
    direction[0] = 1;
    const norm = Math.sqrt(1 + 4096 * 2 ** -24);
    expect(atOnce(foldWeightNorm(Float32Array.of(1), direction, "w"))[0]).toBe(Math.fround(1 / norm));
  });

  test.each([[0], [NaN], [Infinity]])("refuses a row of %s, which has no direction", (value) => {
    expect(() => atOnce(foldWeightNorm(Float32Array.of(1), Float32Array.of(value, value), "encoder.layers.0.conv.weight"))).toThrow(
      /encoder\.layers\.0\.conv\.weight: row 0/,
    );
  });
});
