import { describe, expect, test } from "vitest";
import { bytesSource } from "../../src/core/byte-source.ts";
import { CheckpointError } from "../../src/core/errors.ts";
import { formatSafetensors, openSafetensors } from "../../src/checkpoint/index.ts";
import type { TensorData, TensorFile } from "../../src/checkpoint/index.ts";
import { f32, safetensorsOf, safetensorsWithHeader } from "./fixtures.ts";

function open(bytes: Uint8Array): Promise<TensorFile> {
  return openSafetensors(bytesSource(bytes, "weights.safetensors"));
}

async function expectRefused(bytes: Uint8Array, message: string | RegExp): Promise<void> {
  await expect(open(bytes)).rejects.toThrow(CheckpointError);
  await expect(open(bytes)).rejects.toThrow(message);
}

const fourBytes = Uint8Array.of(0, 0, 0x80, 0x3f);

/** The header's entry of a tensor of bytes. */
function tensor(name: string, begin: number, end: number): string {
  return `"${name}":{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
}

describe("reading", () => {
  test("gives tensors, metadata and values", async () => {
    const header = '{"__metadata__":{"format":"pt"},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   ';
    const file = await open(safetensorsWithHeader(header, fourBytes));
    expect([...file.metadata]).toEqual([["format", "pt"]]);
    expect(file.tensors.get("x")).toMatchObject({ dtype: "F32", shape: [1] });
    expect(await file.readFloat32("x")).toEqual(Float32Array.of(1));
    expect(await file.readBytes("x")).toEqual(fourBytes);
  });

  test("takes scalars, empty tensors and no tensors at all", async () => {
    const file = await open(safetensorsOf({ scalar: f32([], [2.5]), empty: f32([3, 0], []) }));
    expect(await file.readFloat32("scalar")).toEqual(Float32Array.of(2.5));
    expect(await file.readFloat32("empty")).toEqual(new Float32Array());
    expect((await open(safetensorsWithHeader("{}"))).tensors.size).toBe(0);
  });

  test("lists tensors of every element type, but reads only floating point as float32", async () => {
    const types = ["BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "I16", "U16", "I32", "U32", "I64", "U64"] as const;
    const sizes = [1, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8];
    const tensors = new Map<string, TensorData>(
      types.map((dtype, i) => [dtype, { dtype, shape: [3], bytes: new Uint8Array(3 * sizes[i]!) }]),
    );
    const file = await open(formatSafetensors(tensors));
    expect(file.tensors.size).toBe(types.length);
    for (const type of types) {
      await expect(file.readFloat32(type)).rejects.toMatchObject({ code: "CHECKPOINT_TENSOR", tensor: type });
    }
  });

  test("treats names of Object's prototype as names like any other", async () => {
    const header = '{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}, "__metadata__":{"__proto__":"text"}}';
    const file = await open(safetensorsWithHeader(header, fourBytes));
    expect([...file.tensors.keys()]).toEqual(["__proto__"]);
    expect(file.metadata.get("__proto__")).toBe("text");
    for (const name of ["constructor", "toString"]) {
      await expect(file.readBytes(name)).rejects.toMatchObject({ code: "CHECKPOINT_TENSOR" });
    }
  });

  test("reads arrays that belong to the caller", async () => {
    const file = await open(safetensorsOf({ x: f32([2], [1.5, -2]) }));
    (await file.readFloat32("x")).fill(0);
    expect(await file.readFloat32("x")).toEqual(Float32Array.of(1.5, -2));
  });

  test("reads bytes that do not start at a multiple of the element size", async () => {
    const bytes = safetensorsOf({ x: f32([2], [1.5, -2]) });
    const file = await openSafetensors({
      name: "pooled",
      size: bytes.length,
      read: async (offset, length) => Buffer.concat([Buffer.of(0), bytes]).subarray(1 + offset, 1 + offset + length),
    });
    expect(await file.readFloat32("x")).toEqual(Float32Array.of(1.5, -2));
  });
});

describe("a file is refused", () => {
  const entry = (fields: string): Uint8Array => safetensorsWithHeader(`{"x":{${fields}}}`, fourBytes);

  test.each([
    ["without the length of a header", Uint8Array.of(1, 2, 3), "too few for the 8 bytes"],
    ["whose header is longer than the file", safetensorsWithHeader("{}").subarray(0, 9), "may be cut short"],
    ["whose header is longer than any may be", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0x7b), "at most 2097152"],
    ["whose header is empty", safetensorsWithHeader(""), "does not start with {"],
    ["whose header starts with a space", safetensorsWithHeader(" {}"), "does not start with {"],
    ["whose header is a list", safetensorsWithHeader("[]"), "does not start with {"],
    ["whose header is not JSON", safetensorsWithHeader('{"x":'), "not valid JSON"],
    ["whose header is not UTF-8", safetensorsWithHeader("{}").map((byte) => (byte === 0x7d ? 0xff : byte)), "not UTF-8"],
    ["with a tensor twice", safetensorsWithHeader(`{${tensor("x", 0, 2)},${tensor("x", 2, 4)}}`, fourBytes), 'has the key "x" twice'],
    [
      "with a tensor twice, once by escapes",
      safetensorsWithHeader(`{${tensor("x", 0, 2)},${tensor("\\u0078", 2, 4)}}`, fourBytes),
      'has the key "x" twice',
    ],
    ["with a field twice", entry('"dtype":"U8","dtype" : "F32","shape":[1],"data_offsets":[0,4]'), 'has the key "dtype" twice'],
    ["with metadata that are no object", safetensorsWithHeader('{"__metadata__":[]}'), "__metadata__ is not an object"],
    ["with metadata that are no text", safetensorsWithHeader('{"__metadata__":{"a":1}}'), "only text is allowed"],
    ["with an entry that is no object", safetensorsWithHeader('{"x":[0,4]}', fourBytes), "is not an object"],
    ["with an unknown element type", entry('"dtype":"F33","shape":[1],"data_offsets":[0,4]'), 'dtype "F33"; known are'],
    ["with an element type named after Object's prototype", entry('"dtype":"toString","shape":[1],"data_offsets":[0,4]'), "dtype"],
    [
      "with more tensors than can be meant",
      safetensorsWithHeader(`{${Array.from({ length: 20_001 }, (_, i) => tensor(`t${i}`, 0, 0)).join()}}`),
      "more than 20000 tensors",
    ],
    ["with a name too long for a message", safetensorsWithHeader(`{${tensor("x".repeat(513), 0, 0)}}`), "whose name takes 513 characters"],
    ["with more dimensions than can be meant", entry(`"dtype":"U8","shape":[${"1,".repeat(1e5)}4],"data_offsets":[0,4]`), "at most 8"],
    [
      "with more metadata than can be meant",
      safetensorsWithHeader(`{"__metadata__":{${Array.from({ length: 10_001 }, (_, i) => `"k${i}":""`).join()}}}`),
      "holds 10001 texts; at most 10000",
    ],
    ["whose header nests", safetensorsWithHeader(`{"x":${"[".repeat(1e5)}${"]".repeat(1e5)}}`), "nests more than 64 deep"],
    ["without a shape", entry('"dtype":"F32","data_offsets":[0,4]'), "shape missing"],
    ["with a negative dimension", entry('"dtype":"F32","shape":[-1],"data_offsets":[0,4]'), "whole numbers"],
    ["with half a dimension", entry('"dtype":"F32","shape":[0.5,2],"data_offsets":[0,4]'), "whole numbers"],
    ["with offsets that run backwards", entry('"dtype":"F32","shape":[1],"data_offsets":[4,0]'), "[begin, end]"],
    ["with three offsets", entry('"dtype":"F32","shape":[1],"data_offsets":[0,4,4]'), "[begin, end]"],
    ["with a size other than its shape's", entry('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), "takes 4 bytes; F32 [2] takes 8"],
    [
      "with a shape whose size overflows",
      entry('"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,4]'),
      "more than can be addressed",
    ],
    [
      "with tensors that overlap",
      safetensorsWithHeader(`{${tensor("x", 0, 3)},${tensor("y", 2, 4)}}`, fourBytes),
      "y overlaps the one before it",
    ],
    [
      "with a hole between tensors",
      safetensorsWithHeader(`{${tensor("x", 0, 1)},${tensor("y", 2, 4)}}`, fourBytes),
      "y leaves a hole before it",
    ],
    ["with a hole at the beginning", safetensorsWithHeader(`{${tensor("x", 1, 4)}}`, fourBytes), "x leaves a hole before it"],
    ["with bytes after the last tensor", safetensorsWithHeader(`{${tensor("x", 0, 3)}}`, fourBytes), "take 3 bytes, but 4 follow"],
    ["that is cut short", safetensorsWithHeader(`{${tensor("x", 0, 5)}}`, fourBytes), "may be cut short"],
  ])("%s", async (_what, bytes, message) => {
    await expectRefused(bytes, message);
  });

  test("when cut at any byte", async () => {
    const whole = safetensorsOf({ a: f32([2], [1, 2]), b: f32([1], [3]) });
    for (let length = 0; length < whole.length; length++) {
      await expect(open(whole.subarray(0, length))).rejects.toThrow(CheckpointError);
    }
  });

  test("with control characters of the file kept out of the message", async () => {
    const error: unknown = await open(safetensorsWithHeader('{"\\u001b[31mred":1}')).catch((reason: unknown) => reason);
    expect((error as Error).message).toContain("\\u001b[31mred");
  });
});

describe("writing", () => {
  test("stores wide elements first, then by name, behind a header of a multiple of 8 bytes", () => {
    const bytes = safetensorsOf({
      codes: { dtype: "U16", shape: [1], bytes: Uint8Array.of(7, 0) },
      b: f32([1], [1]),
      a: f32([1], [2]),
    });
    const headerLength = bytes[0]!;
    expect(headerLength % 8).toBe(0);
    const header = new TextDecoder().decode(bytes.subarray(8, 8 + headerLength));
    expect(header.trimEnd()).toBe(
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},' +
        '"codes":{"dtype":"U16","shape":[1],"data_offsets":[8,10]}}',
    );
  });

  test("gives the same bytes whatever the order of tensors and metadata", () => {
    const tensors: [string, TensorData][] = [
      ["a", f32([1], [1])],
      ["b", f32([1], [2])],
    ];
    const metadata: [string, string][] = [
      ["x", "1"],
      ["y", "2"],
    ];
    expect(formatSafetensors(new Map(tensors.toReversed()), new Map(metadata.toReversed()))).toEqual(
      formatSafetensors(new Map(tensors), new Map(metadata)),
    );
  });

  test("refuses a tensor with the name that metadata have", () => {
    expect(() => safetensorsOf({ __metadata__: f32([1], [1]) })).toThrow("cannot be named __metadata__");
  });

  test("refuses bytes that do not fit the shape", () => {
    expect(() => safetensorsOf({ x: { dtype: "F32", shape: [2], bytes: new Uint8Array(4) } })).toThrow(
      "tensor x has 4 bytes; F32 [2] takes 8",
    );
  });
});
