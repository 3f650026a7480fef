import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DType } from "../../src/checkpoint/index.ts";
import { CodesError } from "../../src/core/index.ts";
import { parseCodes } from "../../src/storage/index.ts";
import { pickle, pickledTensor, torchZip } from "../checkpoint/torch-writer.ts";

// Code 10 k + t for codebook k = 0…2 and frame t = 0…3.
const data = Uint16Array.of(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23);
const context = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 1024 };
const segmented = { ...context, segment: { length: 1280, stride: 1200 } };
const none = pickle.bytes(0x4e);

const int64 = (codes: ArrayLike<number>): Uint8Array => new Uint8Array(BigInt64Array.from(Array.from(codes, BigInt)).buffer);
const float32 = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const tensor = (shape: readonly number[], key: number, dtype: DType = "I64"): Uint8Array => pickledTensor({ dtype, shape }, String(key));
const list = (...items: readonly Uint8Array[]): Uint8Array => pickle.bytes(0x5d, 0x28, ...items, 0x65);

/** As `ModelOutput.__reduce__` has it pickled: the class is called with the fields, which are then set as items and as attributes. */
function modelOutput(name: string, fields: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const call = pickle.reduce(pickle.global("transformers.models.encodec.modeling_encodec", name), ...fields.map(([, value]) => value));
  const items = fields.flatMap(([field, value]) => [pickle.text(field), value]);
  return pickle.bytes(call, 0x28, ...items, 0x75, pickle.dict(fields), 0x62);
}

describe("codes that torch.save stored", () => {
  test.each([
    ["a tensor [K, T]", tensor([3, 4], 0)],
    ["a tensor [1, K, T]", tensor([1, 3, 4], 0)],
    ["a tensor [1, 1, K, T]", tensor([1, 1, 3, 4], 0)],
    [
      "what EncodecModel.encode gives",
      modelOutput("EncodecEncoderOutput", [
        ["audio_codes", tensor([1, 1, 3, 4], 0)],
        ["audio_scales", list(none)],
      ]),
    ],
    [
      "what EncodecModel gives",
      modelOutput("EncodecOutput", [
        ["audio_codes", tensor([1, 1, 3, 4], 0)],
        ["audio_values", tensor([1, 1, 2], 1, "F32")],
      ]),
    ],
    ["a dict", pickle.dict([["codes", tensor([3, 4], 0)]])],
    ["what the package encodec gives", list(pickle.tuple(tensor([1, 3, 4], 0), none))],
    ["a list of codes", list(tensor([1, 3, 4], 0))],
  ])("are read: %s", async (_, value) => {
    const bytes = torchZip(value, [int64(data), float32(0, 0)]);
    const read = await parseCodes(bytes, { context, name: "a.pt" });
    expect(read.data).toEqual(data);
    expect(read).toMatchObject({ shape: [1, 3, 4], numSamples: 1280, bandwidth: 2.25, scales: null });
    await expect(parseCodes(bytes, { name: "a.pt" })).rejects.toThrow("a.pt does not say its sample_rate");
  });

  test.each([
    [
      "of transformers",
      pickle.dict([
        ["audio_codes", tensor([2, 1, 3, 4], 0)],
        ["audio_scales", list(tensor([1, 1], 1, "F32"), tensor([1, 1], 2, "F32"))],
      ]),
      [int64([...data, ...data.map((code) => code + 100)]), float32(0.5), float32(0.25)],
    ],
    [
      "of the package encodec",
      list(pickle.tuple(tensor([1, 3, 4], 0), tensor([1, 1], 1, "F32")), pickle.tuple(tensor([1, 3, 4], 2), tensor([1, 1], 3, "F32"))),
      [int64(data), float32(0.5), int64(data.map((code) => code + 100)), float32(0.25)],
    ],
  ])("have their segments and scales: %s", async (_, value, storages) => {
    const read = await parseCodes(torchZip(value, storages), { context: segmented });
    expect(read.data).toEqual(Uint16Array.of(...data, ...data.map((code) => code + 100)));
    expect(read.scales).toEqual(Float32Array.of(0.5, 0.25));
    expect(read).toMatchObject({ shape: [2, 3, 4], numSamples: 2480 });
  });

  // The files are from torch/make.py.
  test.each(["tensor.pt", "view.pt", "encodec-model.pt", "frames.pt"])("are read as PyTorch itself wrote them: %s", async (file) => {
    const read = await parseCodes(readFileSync(new URL(`torch/${file}`, import.meta.url)), { context });
    expect(read.data).toEqual(data);
    expect(read).toMatchObject({ shape: [1, 3, 4], scales: null });
  });

  test("are read with segments and scales as transformers wrote them", async () => {
    const read = await parseCodes(readFileSync(new URL("torch/segments.pt", import.meta.url)), { context: segmented });
    expect(read.data).toEqual(Uint16Array.of(...data, ...data.map((code) => code + 100), ...data.map((code) => code + 200)));
    expect(read.scales).toEqual(Float32Array.of(0.5, 0.25, 0.125));
  });

  test("are read as the view that was saved", async () => {
    // codes.T of [T, K], saved as it is: strides of 1 and 3.
    const view = pickle.reduce(
      pickle.global("torch._utils", "_rebuild_tensor_v2"),
      pickle.storage("IntStorage", "0", 12),
      pickle.integer(0),
      pickle.tuple(pickle.integer(3), pickle.integer(4)),
      pickle.tuple(pickle.integer(1), pickle.integer(3)),
      pickle.bytes(0x89),
      pickle.reduce(pickle.global("collections", "OrderedDict")),
    );
    const rows = Int32Array.from([0, 1, 2, 3].flatMap((t) => [0, 1, 2].map((k) => 10 * k + t)));
    expect((await parseCodes(torchZip(view, [new Uint8Array(rows.buffer)]), { context })).data).toEqual(data);
  });

  test.each([
    [
      "weights",
      pickle.dict([["encoder.weight", tensor([3, 4], 0, "F32")]]),
      /is a torch file with a dict with encoder\.weight; .*Is it a checkpoint\?/u,
    ],
    ["floats", tensor([3, 2], 0, "F64"), /holds codes of type f8; codes are integers/u],
    ["a batch", tensor([1, 2, 3, 1], 0), /\[1, 2, 3, 1\] is not the codes of one clip/u],
    ["text", pickle.text("hello"), /is a torch file with "hello"/u],
    ["another class", pickle.reduce(pickle.global("os", "system"), pickle.text("true")), /asks for "?os\.system/u],
    [
      "segments of other lengths",
      list(pickle.tuple(tensor([1, 3, 2], 0), none), pickle.tuple(tensor([1, 3, 1], 1), none)),
      /has segments of shape/u,
    ],
    [
      "a scale too few",
      pickle.dict([
        ["audio_codes", tensor([2, 1, 3, 1], 0)],
        ["audio_scales", list(tensor([1], 1, "F32"))],
      ]),
      /1 scales for codes/u,
    ],
    ["the same storage again and again", list(...Array.from({ length: 3 }, () => pickle.tuple(tensor([1, 3, 2], 0), none))), /share the/u],
  ])("are refused where there are none: %s", async (_, value, message) => {
    const bytes = torchZip(value, [new Uint8Array(48), new Uint8Array(24)]).slice();
    const error = await parseCodes(bytes, { context, name: "a.pt" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CodesError);
    expect((error as Error).message).toMatch(message);
  });
});
