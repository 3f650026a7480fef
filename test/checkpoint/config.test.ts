import { describe, expect, test } from "vitest";
import { parseTransformersConfig } from "../../src/checkpoint/composite-config.ts";
import { parseEncodecConfig } from "../../src/checkpoint/config/config.ts";
import { frameRateOf, hopLengthOf, numQuantizersOf, segmentingOf } from "../../src/checkpoint/index.ts";
import { CheckpointError } from "../../src/core/errors.ts";
import { goldenConfig } from "./fixtures.ts";

function errorOf(run: () => unknown): CheckpointError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error("nothing was thrown");
}

function parse(fields: unknown): unknown {
  return parseTransformersConfig(JSON.stringify(fields), "config.json");
}

describe("an encodec's config.json", () => {
  test("takes the reference's defaults for keys that are missing, those of the 24 kHz codec", () => {
    const config = parseEncodecConfig({}, "config.json");
    expect(config).toEqual({
      samplingRate: 24_000,
      audioChannels: 1,
      numFilters: 32,
      upsamplingRatios: [8, 5, 4, 2],
      hiddenSize: 128,
      codebookSize: 1024,
      codebookDim: 128,
      numResidualLayers: 1,
      kernelSize: 7,
      lastKernelSize: 7,
      residualKernelSize: 3,
      dilationGrowthRate: 2,
      compress: 2,
      numLstmLayers: 2,
      trimRightRatio: 1,
      useCausalConv: true,
      useConvShortcut: true,
      normType: "weight_norm",
      padMode: "reflect",
      normalize: false,
      chunkLengthS: null,
      overlap: null,
      targetBandwidths: [1.5, 3, 6, 12, 24],
      interleaveStereo: false,
    });
    expect([hopLengthOf(config), numQuantizersOf(config)]).toEqual([320, 32]);
  });

  test("of the 32 kHz codec has 4 codebooks of 11 bits", () => {
    const config = parseEncodecConfig(
      {
        sampling_rate: 32_000,
        upsampling_ratios: [8, 5, 4, 4],
        codebook_size: 2048,
        target_bandwidths: [2.2],
        use_causal_conv: false,
      },
      "config.json",
    );
    expect([hopLengthOf(config), numQuantizersOf(config)]).toEqual([640, 4]);
  });

  test("of the 48 kHz codec has segments of 48000 samples every 47520", () => {
    expect(segmentingOf(parseEncodecConfig(goldenConfig("mini-48khz"), "config.json"))).toEqual({
      length: 48_000,
      stride: 47_520,
    });
  });

  test.each([
    ["sampling_rate", 0, "a whole number from 1000 to 768000"],
    ["sampling_rate", "24000", "a whole number from 1000 to 768000"],
    ["audio_channels", 3, "a whole number from 1 to 2"],
    ["num_filters", -32, "a whole number from 1 to 4096"],
    ["num_filters", 1e9, "a whole number from 1 to 4096"],
    ["num_filters", 2.5, "a whole number from 1 to 4096"],
    ["hidden_size", null, "a whole number from 1 to 16384"],
    ["upsampling_ratios", [], "a list of 1 to 8 numbers"],
    ["upsampling_ratios", "8542", "a list of 1 to 8 numbers"],
    ["upsampling_ratios[1]", [8, 0], "a whole number from 1 to 64"],
    ["upsampling_ratios[0]", [1e6], "a whole number from 1 to 64"],
    ["upsampling_ratios", [64, 64, 64], "ratios whose product is at most a second"],
    ["codebook_size", 1, "a whole number from 2 to 65536"],
    ["codebook_dim", 64, "128, the hidden_size: EnCodec has no projection between the two"],
    ["compress", 3, "a divisor of num_filters, which is 32"],
    ["kernel_size", 0, "a whole number from 1 to 255"],
    ["dilation_growth_rate", 17, "a whole number from 1 to 16"],
    ["norm_type", "layer_norm", "weight_norm or time_group_norm"],
    ["norm_type", "time_group_norm", "weight_norm where use_causal_conv is true"],
    ["pad_mode", "circular", "reflect or constant or replicate"],
    ["use_causal_conv", "yes", "true or false"],
    ["trim_right_ratio", 1.5, "a number from 0 to 1"],
    ["chunk_length_s", 0, "null or a number of seconds from 0.001 to 3600"],
    ["overlap", 1, "null or a number from 0 to below 1"],
    ["overlap", -0.1, "null or a number from 0 to below 1"],
    ["target_bandwidths", [], "a list of 1 to 64 numbers"],
    ["target_bandwidths[0]", [-1], "a number of kbps"],
    ["target_bandwidths", [6, 3], "kbps in ascending order, each once"],
    ["target_bandwidths", [3, 3], "kbps in ascending order, each once"],
    ["target_bandwidths", [0.5], "at least 0.75 kbps, which is one codebook"],
    ["target_bandwidths", [9000], "at most 256 codebooks of 0.75 kbps"],
  ])("with %s of %j is refused, naming what is allowed", (key, value, allowed) => {
    const field = key.replace(/\[.*/, "");
    const { code, message } = errorOf(() => parseEncodecConfig({ [field]: value }, "my/config.json"));
    expect(code).toBe("CHECKPOINT_CONFIG");
    expect(message).toContain(`my/config.json: ${key} is `);
    expect(message).toContain(allowed);
  });

  test("may not trim unevenly without being causal, as in the reference", () => {
    expect(() => parseEncodecConfig({ use_causal_conv: false, trim_right_ratio: 0.5 }, "c")).toThrow("trim_right_ratio is 0.5");
  });

  test("may not have segments without an overlap, or shorter than a frame", () => {
    expect(() => parseEncodecConfig({ chunk_length_s: 1 }, "c")).toThrow("overlap is null");
    expect(() => parseEncodecConfig({ chunk_length_s: 0.01, overlap: 0 }, "c")).toThrow("at least one frame of 320 samples");
  });

  test.each([
    ["an overlap", { chunk_length_s: 1, overlap: 0.99999 }, "overlap is 0.99999; expected at most 0.75"],
    ["tiny segments", { chunk_length_s: 0.05, overlap: 0 }, "chunk_length_s is 0.05; expected at least 0.1 s"],
    ["an endless segment", { chunk_length_s: 3600, overlap: 0 }, "chunk_length_s is 3600; expected at most 30 s"],
    ["frames of one sample", { upsampling_ratios: [1], target_bandwidths: [1e5] }, "at most 1500 frames per second, not 24000 at 24000 Hz"],
    ["many frames", { sampling_rate: 768_000, target_bandwidths: [1e5] }, "at most 1500 frames per second, not 2400 at 768000 Hz"],
    [
      "a far look of the last kernel",
      { sampling_rate: 1000, upsampling_ratios: [50, 20], target_bandwidths: [1], last_kernel_size: 255 },
      "at most 10 s of audio around it, not on 25",
    ],
    ["far looks of dilated kernels", { num_residual_layers: 14, residual_kernel_size: 7 }, "at most 10 s of audio around it"],
    ["wide filters over long stretches", { num_filters: 4096 }, "at most 134217728 numbers at a time, not 153329664"],
    [
      "ratios that keep the samples while channels double",
      { num_filters: 256, upsampling_ratios: [64, 5, 1, 1, 1, 1, 1, 1], target_bandwidths: [24] },
      "at most 134217728 numbers at a time, not 609484800",
    ],
    [
      "long segments of many filters",
      { num_filters: 256, chunk_length_s: 30, overlap: 0 },
      "at most 134217728 numbers at a time, not 184320000",
    ],
  ])("may not multiply the work by %s", (_what, fields, message) => {
    const { code, message: found } = errorOf(() => parseEncodecConfig(fields, "c"));
    expect(code).toBe("CHECKPOINT_CONFIG");
    expect(found).toContain(message);
  });

  test("may use all of what it may", () => {
    const widest = { chunk_length_s: 30, overlap: 0.75, upsampling_ratios: [4, 4], target_bandwidths: [1e3], num_residual_layers: 8 };
    const config = parseEncodecConfig(widest, "c");
    expect([frameRateOf(config), segmentingOf(config)]).toEqual([1500, { length: 720_000, stride: 180_000 }]);
    expect(segmentingOf(parseEncodecConfig({ chunk_length_s: 0.1, overlap: 0.75 }, "c"))).toEqual({ length: 2400, stride: 600 });
  });

  test("shows of an impossible value what a message has room for", () => {
    const found = errorOf(() => parseEncodecConfig({ pad_mode: "x".repeat(1e6) }, "c")).message;
    expect(found.length).toBeLessThan(300);
  });

  test("may not stack dilations without end", () => {
    expect(() => parseEncodecConfig({ num_residual_layers: 16, dilation_growth_rate: 16 }, "c")).toThrow("spans at most 65536 steps");
  });
});

describe("a config.json of transformers", () => {
  test.each([
    ["dac", { model_type: "dac" }, 'describes a model of type "dac"'],
    ["mimi", { model_type: "mimi", upsampling_ratios: [8, 6, 5, 4] }, 'describes a model of type "mimi"'],
    ["a MusicGen without its codec", { model_type: "musicgen" }, 'describes a model of type "musicgen"'],
    [
      "a MusicGen around another codec",
      { model_type: "musicgen", audio_encoder: { model_type: "dac" } },
      'audio_encoder describes a model of type "dac"',
    ],
    ["nothing recognisable", {}, "describes a model without model_type"],
    ["a list", [], "does not hold a JSON object"],
  ])("of %s is refused", (_what, fields, message) => {
    const error = errorOf(() => parse(fields));
    expect(error.code).toBe("CHECKPOINT_CONFIG");
    expect(error.message).toContain(message);
  });

  test("in the dialect of early revisions says so", () => {
    const { message } = errorOf(() => parse({ model_type: "encodec", ratios: [8, 5, 4, 2], dimension: 128 }));
    expect(message).toMatch(/ratios, dimension of an early revision.*download the current revision/);
  });

  test("names the part at fault inside a larger model", () => {
    expect(() => parse({ model_type: "bark", codec_config: { model_type: "encodec", num_filters: 0 } })).toThrow(
      "config.json: codec_config: num_filters is 0",
    );
  });

  test("with a key twice is refused", () => {
    expect(() => parseTransformersConfig('{"model_type":"encodec","model_type":"dac"}', "c")).toThrow('the key "model_type" twice');
  });

  test("is not confused by keys of Object's prototype", () => {
    expect(parseTransformersConfig('{"model_type":"encodec","__proto__":{"num_filters":1}}', "c").config.numFilters).toBe(32);
  });
});
