import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { bytesSource } from "../../src/core/byte-source.ts";
import { CheckpointError, DisposedError } from "../../src/core/errors.ts";
import { formatSafetensors, numQuantizersOf, openCheckpoint } from "../../src/checkpoint/index.ts";
import type { Checkpoint, CheckpointFiles, TensorData } from "../../src/checkpoint/index.ts";
import { openModelPath } from "../../src/files/file-source.ts";
import { openWeightFile, stateDictOf } from "../../src/checkpoint/weight-file.ts";
import { f32, folderOf, goldenBytes, goldenConfig, goldenPath, goldenTensors, renamed, safetensorsWithHeader } from "./fixtures.ts";
import { audiocraftFileOf, pickle, torchFileOf, torchZip } from "./torch-writer.ts";

interface Manifest {
  readonly codecs: Readonly<Record<string, { readonly config: Readonly<Record<string, unknown>>; readonly num_quantizers: number }>>;
}

const { codecs } = JSON.parse(readFileSync(goldenPath("manifest.json"), "utf8")) as Manifest;
const codecNames = ["mini-16khz", "mini-24khz", "mini-32khz", "mini-48khz"];

const opened: Checkpoint[] = [];

afterEach(async () => {
  for (const checkpoint of opened.splice(0)) await checkpoint.close();
});

async function openPath(path: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(await openModelPath(path));
  opened.push(checkpoint);
  return checkpoint;
}

function openGolden(name: string): Promise<Checkpoint> {
  return openPath(goldenPath(name));
}

async function expectSameCodec(actual: Checkpoint, expected: Checkpoint): Promise<void> {
  expect(actual.config).toEqual(expected.config);
  expect([...actual.shapes].toSorted()).toEqual([...expected.shapes].toSorted());
  for (const name of expected.shapes.keys()) {
    // toEqual walks over typed arrays element by element; comparing bytes is much faster and as strict.
    const [a, b] = [await actual.read(name), await expected.read(name)];
    expect(bytesOf(a).equals(bytesOf(b)), name).toBe(true);
  }
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

async function failureOf(files: CheckpointFiles): Promise<CheckpointError> {
  const error: unknown = await openCheckpoint(files).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return error as CheckpointError;
}

/** The spelling of weight norm before PyTorch 2.0. */
function oldWeightNorm(name: string): string {
  return name.replace("parametrizations.weight.original0", "weight_g").replace("parametrizations.weight.original1", "weight_v");
}

describe.each(codecNames)("%s as transformers saves it", (codec) => {
  test("has the configuration and number of codebooks of the manifest", async () => {
    const { config } = await openGolden(`${codec}/hf`);
    const expected = codecs[codec]!;
    expect(config).toMatchObject({
      samplingRate: expected.config["sampling_rate"],
      audioChannels: expected.config["audio_channels"],
      codebookSize: expected.config["codebook_size"],
      hiddenSize: expected.config["hidden_size"],
      numFilters: expected.config["num_filters"],
      upsamplingRatios: expected.config["upsampling_ratios"],
      targetBandwidths: expected.config["target_bandwidths"],
      useCausalConv: expected.config["use_causal_conv"],
      normType: expected.config["norm_type"],
      normalize: expected.config["normalize"],
      chunkLengthS: expected.config["chunk_length_s"],
      overlap: expected.config["overlap"],
      padMode: expected.config["pad_mode"],
      useConvShortcut: expected.config["use_conv_shortcut"],
    });
    expect(numQuantizersOf(config)).toBe(expected.num_quantizers);
  });

  test("has no stranger among its tensors and passes over those of training", async () => {
    const { info } = await openGolden(`${codec}/hf`);
    expect(info).toMatchObject({ layout: "huggingface", format: "safetensors", unknown: [], dtypes: ["F32"] });
    expect(info.ignored).toContain("quantizer.layers.3.codebook.embed_avg");
    expect(info.files.map((file) => file.split("/").at(-1))).toEqual(["config.json", "model.safetensors"]);
  });
});

describe("the same codec in another layout has the same configuration and tensors, bit by bit", () => {
  test.each([
    ["mini-24khz/encodec-th", "mini-24khz/hf", "encodec"],
    ["mini-24khz/encodec-th/encodec_24khz-mini.th", "mini-24khz/hf", "encodec"],
    ["mini-48khz/encodec-th", "mini-48khz/hf", "encodec"],
    ["mini-16khz/audiocraft", "mini-16khz/hf", "audiocraft"],
    ["mini-16khz/audiocraft/compression_state_dict.bin", "mini-16khz/hf", "audiocraft"],
    ["mini-32khz/hf/model.safetensors", "mini-32khz/hf", "huggingface"],
  ])("%s is %s", async (other, reference, layout) => {
    const checkpoint = await openGolden(other);
    expect(checkpoint.info).toMatchObject({ layout, unknown: [], dtypes: ["F32"] });
    await expectSameCodec(checkpoint, await openGolden(reference));
  });

  test("pytorch_model.bin with weight_g and weight_v", async () => {
    const bin = torchFileOf(renamed(await goldenTensors("mini-24khz"), oldWeightNorm));
    const checkpoint = await openCheckpoint(folderOf({ "config.json": goldenConfig("mini-24khz"), "pytorch_model.bin": bin }));
    expect(checkpoint.info).toMatchObject({ layout: "huggingface", format: "torch" });
    await expectSameCodec(checkpoint, await openGolden("mini-24khz/hf"));
  });

  test("compression_state_dict.bin at 32 kHz, its configuration left with references", async () => {
    const tensors = renamed(await goldenTensors("mini-32khz"), originalName);
    const config = readFileSync(new URL("xp-32khz.yaml", import.meta.url), "utf8");
    const checkpoint = await openCheckpoint(folderOf({ "compression_state_dict.bin": audiocraftFileOf(tensors, config) }));
    await expectSameCodec(checkpoint, await openGolden("mini-32khz/hf"));
  });

  test("safetensors in three shards", async () => {
    const files = shardsOf(await goldenTensors("mini-16khz"), 3);
    const checkpoint = await openCheckpoint(folderOf({ "config.json": goldenConfig("mini-16khz"), ...files }));
    expect(checkpoint.info.files).toHaveLength(4);
    await expectSameCodec(checkpoint, await openGolden("mini-16khz/hf"));
  });

  test("one safetensors file, with its configuration beside it", async () => {
    const checkpoint = await openCheckpoint({
      kind: "file",
      source: bytesSource(goldenBytes("mini-48khz/hf/model.safetensors"), "weights"),
      beside: folderOf({ "config.json": goldenConfig("mini-48khz") }),
    });
    await expectSameCodec(checkpoint, await openGolden("mini-48khz/hf"));
  });
});

describe("a codec inside a larger model", () => {
  test("is found in MusicGen, and tensors of the language model are not reported", async () => {
    const tensors = renamed(await goldenTensors("mini-32khz"), (name) => `audio_encoder.${name}`);
    tensors.set("decoder.lm_heads.0.weight", f32([1], [1]));
    const config = {
      model_type: "musicgen",
      audio_encoder: goldenConfig("mini-32khz"),
      decoder: { model_type: "musicgen_decoder", audio_channels: 1 },
    };
    const checkpoint = await openCheckpoint(folderOf({ "config.json": config, "model.safetensors": formatSafetensors(tensors) }));
    expect(checkpoint.info).toMatchObject({ layout: "musicgen", unknown: [] });
    await expectSameCodec(checkpoint, await openGolden("mini-32khz/hf"));
  });

  test("interleaves left and right where MusicGen is stereo over a mono codec", async () => {
    const tensors = renamed(await goldenTensors("mini-32khz"), (name) => `audio_encoder.${name}`);
    const config = {
      model_type: "musicgen",
      audio_encoder: goldenConfig("mini-32khz"),
      decoder: { audio_channels: 2 },
    };
    const checkpoint = await openCheckpoint(folderOf({ "config.json": config, "model.safetensors": formatSafetensors(tensors) }));
    expect(checkpoint.config).toMatchObject({ interleaveStereo: true, audioChannels: 1 });
  });

  test("is found in Bark", async () => {
    const tensors = renamed(await goldenTensors("mini-24khz"), (name) => `codec_model.${oldWeightNorm(name)}`);
    const config = { model_type: "bark", codec_config: goldenConfig("mini-24khz") };
    const checkpoint = await openCheckpoint(folderOf({ "config.json": config, "pytorch_model.bin": torchFileOf(tensors) }));
    expect(checkpoint.info.layout).toBe("bark");
    await expectSameCodec(checkpoint, await openGolden("mini-24khz/hf"));
  });

  test("opens only the shards that hold the codec", async () => {
    const codec = renamed(await goldenTensors("mini-32khz"), (name) => `audio_encoder.${name}`);
    const weightMap = Object.fromEntries([...codec.keys()].map((name) => [name, "codec.safetensors"]));
    const checkpoint = await openCheckpoint(
      folderOf({
        "config.json": { model_type: "musicgen_melody", audio_encoder: goldenConfig("mini-32khz") },
        "model.safetensors.index.json": { weight_map: { "decoder.embed": "not-downloaded.safetensors", ...weightMap } },
        "codec.safetensors": formatSafetensors(codec),
      }),
    );
    expect(checkpoint.info.files).toEqual(["folder/config.json", "folder/codec.safetensors"]);
  });
});

describe("element types", () => {
  test("reads half-precision weights as the float32 values they stand for", async () => {
    const checkpoint = await openPath(fileURLToPath(new URL("../../models/encodec-tiny-24khz", import.meta.url)));
    expect(checkpoint.info.dtypes).toEqual(["F16"]);
    const bias = await checkpoint.read("encoder.layers.0.conv.bias");
    expect(bias).toHaveLength(checkpoint.config.numFilters);
    expect([...bias].every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
  });

  test("reads bfloat16 weights from a torch file", async () => {
    const tensors = new Map([...(await goldenTensors("mini-24khz"))].map(([name, tensor]) => [name, truncated(tensor)]));
    const checkpoint = await openCheckpoint(
      folderOf({ "config.json": goldenConfig("mini-24khz"), "pytorch_model.bin": torchFileOf(tensors) }),
    );
    expect(checkpoint.info.dtypes).toEqual(["BF16"]);
    const name = "quantizer.layers.0.codebook.embed";
    const exact = await (await openGolden("mini-24khz/hf")).read(name);
    const kept = new Uint32Array(exact.slice().buffer).map((bits) => bits & 0xffff0000);
    expect(await checkpoint.read(name)).toEqual(new Float32Array(kept.buffer));
  });
});

async function failureOfIndex(weightMap: Record<string, string>): Promise<CheckpointError> {
  const index = { weight_map: weightMap };
  return failureOf(folderOf({ "config.json": goldenConfig("mini-24khz"), "model.safetensors.index.json": index }));
}

function tensorsOn(count: number, shardOf: (index: number) => string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, shardOf(index)]));
}

describe("what cannot be opened says why", () => {
  test("a folder without a checkpoint lists what is there", async () => {
    const { code, message } = await failureOf(folderOf({ "README.md": new Uint8Array(3), "model.onnx": new Uint8Array(3) }, "my-model"));
    expect(code).toBe("CHECKPOINT_NOT_FOUND");
    expect(message).toMatch(/my-model is not a checkpoint: expected config\.json with model\.safetensors .* found README\.md, model\.onnx/);
  });

  test("a folder with weights of several models and no configuration", async () => {
    const { message } = await failureOf(folderOf({ "a.safetensors": new Uint8Array(), "b.th": new Uint8Array() }));
    expect(message).toContain("has 2 weight files and no config.json that says which; name one of them");
  });

  test("a configuration without weights", async () => {
    const { code, message } = await failureOf(folderOf({ "config.json": goldenConfig("mini-24khz") }));
    expect(code).toBe("CHECKPOINT_NOT_FOUND");
    expect(message).toContain("model.safetensors");
  });

  test("a pointer of audiocraft names the model to load", async () => {
    const root = pickle.dict([
      ["pretrained", pickle.text("facebook/encodec_32khz")],
      ["exported", pickle.bytes(0x88)],
    ]);
    const { code, message } = await failureOf(folderOf({ "compression_state_dict.bin": torchZip(root) }));
    expect(code).toBe("CHECKPOINT_POINTER");
    expect(message).toContain("load facebook/encodec_32khz instead");
  });

  test("a language model of audiocraft names the file of the codec", async () => {
    const { code, message } = await failureOf(folderOf({ "state_dict.bin": audiocraftFileOf(new Map(), "transformer_lm: {dim: 1024}") }));
    expect(code).toBe("CHECKPOINT_CONFIG");
    expect(message).toContain("codec in compression_state_dict.bin");
  });

  test.each([
    [
      "torch before 1.6",
      [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
      /before PyTorch 1\.6.*save it again with torch\.save/,
    ],
    ["a bare pickle", [0x80, 0x04, 0x95], /bare pickle/],
    ["a tar archive", [...new Uint8Array(257), ...new TextEncoder().encode("ustar")], /tar archive/],
    ["a Git LFS pointer", [...new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n")], /Git LFS pointer.*git lfs pull/],
    ["a web page", [...new TextEncoder().encode("\n<!DOCTYPE html><html>")], /web page/],
    ["JSON", [...new TextEncoder().encode('{"weight_map": {}}')], /JSON text/],
    ["nothing", [], /not a sound safetensors file: it has 0 bytes/],
  ])("%s in place of weights", async (_what, bytes, message) => {
    const error = await failureOf({ kind: "file", source: bytesSource(Uint8Array.from(bytes), "model.bin") });
    expect(error.code).toBe("CHECKPOINT_FORMAT");
    expect(error.message).toMatch(message);
  });

  test("but a safetensors file is one whatever its first bytes look like, which are the length of its header", async () => {
    const header = '{"encoder.layers.0.conv.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    // {, PROTO and a version, [, white space, a quote, the beginnings of <html and PK.
    const lengths = [0x7b, 0x7b7b, 0x0280, 0x0380, 0x0480, 0x0580, 0x5b5b, 0x2020, 0x0a0a, 0x2222, 0x683c, 0x4b50];
    for (const length of [...lengths, ...Array.from({ length: 256 }, (_, low) => 0x100 + low)]) {
      const bytes = safetensorsWithHeader(header.padEnd(length), Uint8Array.of(0, 0, 0x80, 0x3f));
      const { tensors } = stateDictOf(await openWeightFile(bytesSource(bytes, "x.safetensors")));
      expect([...tensors.keys()], `a header of ${length} bytes`).toEqual(["encoder.layers.0.conv.bias"]);
    }
    const cut = safetensorsWithHeader(header.padEnd(0x7b)).subarray(0, 40);
    expect((await failureOf({ kind: "file", source: bytesSource(cut, "x") })).message).toContain(
      "its header claims 123 bytes, but 32 follow",
    );
  });

  test("a shard index of more than a model has", async () => {
    expect((await failureOfIndex(tensorsOn(1001, (index) => `s${index}`))).message).toContain("names 1001 shards; at most 1000 are read");
    expect((await failureOfIndex(tensorsOn(20_001, () => "s"))).message).toContain("lists more than 20000 tensors");
    expect((await failureOfIndex({ x: "s".repeat(256) })).message).toContain("at most 255 characters");
    const long = await failureOfIndex({ x: "s".repeat(2_000_000) });
    expect(long.message.length).toBeLessThan(400);
    expect((await failureOfIndex({ x: "s".repeat(5_000_000) })).message).toContain("a JSON file of at most 2097152 was expected");
  });

  test("a shard index that names a file elsewhere", async () => {
    for (const shard of ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "a\\b", "..", ".hidden", 7]) {
      const { code } = await failureOf(
        folderOf({
          "config.json": goldenConfig("mini-24khz"),
          "model.safetensors.index.json": { weight_map: { x: shard } },
        }),
      );
      expect(code).toBe("CHECKPOINT_FORMAT");
    }
  });

  test("a shard that is missing, or does not hold what the index says", async () => {
    const files = shardsOf(await goldenTensors("mini-24khz"), 2);
    const { "shard-1.safetensors": _lost, ...incomplete } = files;
    const missing = await failureOf(folderOf({ "config.json": goldenConfig("mini-24khz"), ...incomplete }));
    expect(missing.code).toBe("CHECKPOINT_NOT_FOUND");
    expect(missing.message).toContain("shard-1.safetensors");
    const swapped = await failureOf(
      folderOf({
        "config.json": goldenConfig("mini-24khz"),
        ...files,
        "shard-1.safetensors": files["shard-0.safetensors"],
      }),
    );
    expect(swapped.message).toContain("does not hold it");
  });

  test("a larger model's weights without the codec's", async () => {
    const config = { model_type: "musicgen", audio_encoder: goldenConfig("mini-32khz") };
    const { code, message } = await failureOf(
      folderOf({ "config.json": config, "model.safetensors": goldenBytes("mini-32khz/hf/model.safetensors") }),
    );
    expect(code).toBe("CHECKPOINT_TENSOR");
    expect(message).toContain("audio_encoder.");
  });

  test("a tensor that two files hold", async () => {
    const shard = formatSafetensors(
      new Map([
        ["encoder.layers.0.conv.bias", f32([1], [1])],
        ["encoder.layers.3.conv.bias", f32([1], [1])],
      ]),
    );
    const index = {
      weight_map: { "encoder.layers.0.conv.bias": "a.safetensors", "encoder.layers.3.conv.bias": "b.safetensors" },
    };
    const { code, message } = await failureOf(
      folderOf({
        "config.json": goldenConfig("mini-24khz"),
        "model.safetensors.index.json": index,
        "a.safetensors": shard,
        "b.safetensors": shard,
      }),
    );
    expect(code).toBe("CHECKPOINT_TENSOR");
    expect(message).toContain("is stored in folder/a.safetensors and in folder/b.safetensors");
  });
});

describe("closing", () => {
  test("closes the files, refuses further reads and may be repeated", async () => {
    const folder = folderOf({
      "config.json": goldenConfig("mini-24khz"),
      "model.safetensors": goldenBytes("mini-24khz/hf/model.safetensors"),
    });
    const checkpoint = await openCheckpoint(folder);
    await checkpoint.close();
    await checkpoint.close();
    expect(folder.isClosed).toBe(true);
    await expect(checkpoint.read("encoder.layers.0.conv.bias")).rejects.toThrow(DisposedError);
  });

  test("happens by itself where opening fails", async () => {
    const folder = folderOf({});
    await failureOf(folder);
    expect(folder.isClosed).toBe(true);
  });
});

test("asking for a tensor that is not there names it", async () => {
  const checkpoint = await openGolden("mini-24khz/hf");
  await expect(checkpoint.read("encoder.layers.99.conv.weight")).rejects.toMatchObject({
    code: "CHECKPOINT_TENSOR",
    tensor: "encoder.layers.99.conv.weight",
  });
});

/** What audiocraft calls a tensor of transformers' `EncodecModel`. */
function originalName(name: string): string {
  return oldWeightNorm(name)
    .replace(/^encoder\.layers\./, "encoder.model.")
    .replace(/^decoder\.layers\.(3|6|9|12)\.conv\./, "decoder.model.$1.convtr.convtr.")
    .replace(/^decoder\.layers\./, "decoder.model.")
    .replace(/^quantizer\.layers\.(\d+)\.codebook\./, "quantizer.vq.layers.$1._codebook.")
    .replace(/(?<!convtr)\.conv\./, ".conv.conv.");
}

function shardsOf(tensors: ReadonlyMap<string, TensorData>, numShards: number): Record<string, unknown> {
  const shards = Array.from({ length: numShards }, () => new Map<string, TensorData>());
  const weightMap: Record<string, string> = {};
  for (const [i, [name, tensor]] of [...tensors].entries()) {
    shards[i % numShards]!.set(name, tensor);
    weightMap[name] = `shard-${i % numShards}.safetensors`;
  }
  const files = shards.map((shard, i) => [`shard-${i}.safetensors`, formatSafetensors(shard)] as const);
  return { "model.safetensors.index.json": { metadata: {}, weight_map: weightMap }, ...Object.fromEntries(files) };
}

/** The upper halves of float32 elements, which are bfloat16. */
function truncated({ shape, bytes }: TensorData): TensorData {
  const bits = new Uint32Array(bytes.slice().buffer);
  return { dtype: "BF16", shape, bytes: new Uint8Array(Uint16Array.from(bits, (value) => value >>> 16).buffer) };
}
