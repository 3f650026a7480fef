import { describe, expect, test } from "vitest";
import { gatherWeights } from "../../src/checkpoint/assemble.ts";
import type { Weights } from "../../src/checkpoint/assemble.ts";
import type { TensorFile } from "../../src/checkpoint/index.ts";
import { openTorchZip } from "../../src/checkpoint/torch/torch-zip.ts";
import { bytesSource } from "../../src/core/byte-source.ts";
import { CheckpointError } from "../../src/core/errors.ts";
import { f32, goldenBytes } from "./fixtures.ts";
import { joined, pickle, torchFileOf, torchZip, u16, u32, zipOf } from "./torch-writer.ts";
import type { ZipInput } from "./torch-writer.ts";

async function open(bytes: Uint8Array): Promise<TensorFile> {
  const file = await openTorchZip(bytesSource(bytes, "model.bin"));
  return file.tensorsIn(file.root);
}

/** Opens the file and reads every tensor, which is when entries are looked at. */
async function readAll(bytes: Uint8Array): Promise<void> {
  const file = await open(bytes);
  for (const name of file.tensors.keys()) await file.readBytes(name);
}

async function expectRefused(bytes: Uint8Array, message: string | RegExp): Promise<void> {
  const error: unknown = await readAll(bytes).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as CheckpointError).code).toBe("CHECKPOINT_FORMAT");
  expect((error as CheckpointError).message).toMatch(message);
}

/** The pickle of a state dict with one tensor `x` over storage 0. */
function viewOf(numElements: number, offset: number, shape: readonly number[], strides: readonly number[]): Uint8Array {
  const tensor = pickle.reduce(
    pickle.global("torch._utils", "_rebuild_tensor_v2"),
    pickle.storage("FloatStorage", "0", numElements),
    pickle.integer(offset),
    pickle.tuple(...shape.map(pickle.integer)),
    pickle.tuple(...strides.map(pickle.integer)),
  );
  return pickle.dict([["x", tensor]]);
}

/** Little-endian, 8 bytes. */
function u64(value: number): number[] {
  return [...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))];
}

const sixFloats = f32([6], [0, 1, 2, 3, 4, 5]).bytes;

describe("tensors of a torch file", () => {
  test.each([
    ["a whole storage", 0, [2, 3], [3, 1], [0, 1, 2, 3, 4, 5]],
    ["a transposed matrix", 0, [3, 2], [1, 3], [0, 3, 1, 4, 2, 5]],
    ["every second element from the second", 1, [3], [2], [1, 3, 5]],
    ["a column", 2, [2, 1], [3, 99], [2, 5]],
    ["a scalar", 4, [], [], [4]],
    ["nothing", 6, [0, 2], [2, 1], []],
    ["overlapping windows", 0, [2, 3], [1, 1], [0, 1, 2, 1, 2, 3]],
  ])("may be a view: %s", async (_what, offset, shape, strides, expected) => {
    const file = await open(torchZip(viewOf(6, offset, shape, strides), [sixFloats]));
    expect(file.tensors.get("x")).toMatchObject({ dtype: "F32", shape });
    expect(await file.readFloat32("x")).toEqual(Float32Array.from(expected));
  });

  test("are listed without the entries of the dict that are no tensors", async () => {
    const root = pickle.dict([["epoch", pickle.integer(3)]]);
    expect((await open(torchZip(root))).tensors.size).toBe(0);
  });

  test.each([
    ["reaches beyond its storage", viewOf(6, 1, [6], [1]), /describes x as \[6\] at 1 of a storage of 6/],
    ["steps beyond its storage", viewOf(6, 0, [2, 2], [5, 2]), /too small/],
    ["repeats one element without end", viewOf(6, 0, [1_000_000, 1000], [0, 0]), /too small/],
    [
      "has a shape beyond all numbers",
      viewOf(
        6,
        0,
        Array.from({ length: 8 }, () => 2_000_000_000),
        Array.from({ length: 8 }, () => 0),
      ),
      /too small/,
    ],
    ["has a storage larger than it is stored", viewOf(7, 0, [6], [1]), /has 24 bytes; expected 28/],
    [
      "has a storage that is not there",
      pickle.dict([
        [
          "x",
          pickle.reduce(
            pickle.global("torch._utils", "_rebuild_tensor_v2"),
            pickle.storage("FloatStorage", "5", 0),
            pickle.integer(0),
            pickle.tuple(),
            pickle.tuple(),
          ),
        ],
      ]),
      /data\/5, which is missing/,
    ],
  ])("are refused where one %s", async (_what, root, message) => {
    await expectRefused(torchZip(root, [sixFloats]), message);
  });
});

describe("the archive", () => {
  const data = pickle.file(viewOf(6, 0, [6], [1]));
  const entries = (change: Partial<Record<"pickle" | "storage", Partial<ZipInput>>> = {}, more: readonly ZipInput[] = []): ZipInput[] => [
    { name: "a/data.pkl", data, ...change.pickle },
    { name: "a/data/0", data: sixFloats, ...change.storage },
    ...more,
  ];

  test("may carry a comment, and one that looks like an end record", async () => {
    await readAll(zipOf(entries(), "made by hand"));
    await readAll(zipOf(entries(), `PK\u0005\u0006${" not really".repeat(9)}`));
  });

  test("may state its sizes after the data, as torch does", async () => {
    await readAll(zipOf(entries({ storage: { flags: 1 << 3, localSize: 0 } })));
  });

  test.each([
    ["of compressed entries", zipOf(entries({ storage: { method: 8 } })), /data\/0 is compressed \(method 8\)/],
    ["of encrypted entries", zipOf(entries({ storage: { flags: 1 } })), /encrypted/],
    ["whose local header states another size", zipOf(entries({ storage: { localSize: 20 } })), /contradicts the directory/],
    ["whose local header states no size without saying why", zipOf(entries({ storage: { localSize: 0 } })), /contradicts the directory/],
    ["whose local header has another name", zipOf(entries({ storage: { localName: "a/data/1" } })), /contradicts the directory/],
    ["whose directory states a larger size", zipOf(entries({ storage: { centralSize: 28 } })), /has 28 bytes; expected 24/],
    ["whose directory states a smaller size", zipOf(entries({ storage: { centralSize: 20 } })), /has 20 bytes; expected 24/],
    ["whose entries share their bytes", zipOf(entries({ storage: { centralOffset: 0 } })), /overlaps what follows/],
    [
      "whose entry lies outside the file",
      zipOf(entries({ storage: { centralOffset: 0x7fffffff } })),
      /overlaps what follows it or ends outside/,
    ],
    ["whose last entry reaches into the directory", zipOf(entries({ storage: { centralSize: 40 } })), /overlaps what follows/],
    [
      "whose entry begins elsewhere",
      zipOf(entries({ storage: { centralOffset: 30 + "a/data.pkl".length + data.length + 5 } })),
      /but no entry does/,
    ],
    ["with an entry twice", zipOf(entries({}, [{ name: "a/data/0", data: sixFloats }])), /two entries a\/data\/0/],
    ["with two pickles", zipOf(entries({}, [{ name: "b/data.pkl", data }])), /2 files named \*\/data\.pkl/],
    ["without a pickle", zipOf([{ name: "a/data/0", data: sixFloats }]), /0 files named/],
    ["of big-endian numbers", zipOf(entries({}, [{ name: "a/byteorder", data: new TextEncoder().encode("big") }])), /byte order "big"/],
    [
      "with a size in a Zip64 field that is not there",
      zipOf(entries({ storage: { centralSize: 0xffffffff } })),
      /Zip64 field that is not there/,
    ],
    ["with nothing in it", zipOf([]), /0 files named/],
  ])("%s is refused", async (_what, bytes, message) => {
    await expectRefused(bytes, message);
  });

  test("whose end record claims more entries than there are is refused", async () => {
    const bytes = zipOf(entries());
    bytes.set([...u16(3), ...u16(3)], bytes.length - 14);
    await expectRefused(bytes, /ends after 2 of 3 entries/);
  });

  test("whose end record claims fewer entries than there are is refused", async () => {
    const bytes = zipOf(entries());
    bytes.set([...u16(1), ...u16(1)], bytes.length - 14);
    await expectRefused(bytes, /bytes after the last entry/);
  });

  test("of several disks is refused", async () => {
    const bytes = zipOf(entries());
    bytes.set(u16(1), bytes.length - 18);
    await expectRefused(bytes, /split over several files/);
  });

  test("cut at any byte is refused", async () => {
    const whole = torchFileOf(new Map([["x", f32([2], [1, 2])]]));
    for (let length = 0; length < whole.length; length++) {
      await expectRefused(whole.subarray(0, length), /not a sound torch archive/);
    }
  });
});

describe("Zip64", () => {
  const data = pickle.file(viewOf(6, 0, [6], [1]));

  interface Lies {
    readonly locatorOffset?: number;
    readonly entryCount?: number;
    readonly directoryOffset?: number;
    readonly endEntries?: number;
    readonly fieldLength?: number;
    readonly size?: number;
  }

  /** An archive as writers make it that always use Zip64, with its sizes in extra fields. */
  function zip64(lies: Lies = {}): Uint8Array {
    const locals: Uint8Array[] = [];
    const centrals: Uint8Array[] = [];
    let offset = 0;
    for (const [name, content] of [
      ["a/data.pkl", data],
      ["a/data/0", sixFloats],
    ] as const) {
      const size = lies.size ?? content.length;
      const extra = pickle.bytes(u16(0x4646), u16(2), 0, 0, u16(1), u16(lies.fieldLength ?? 16), u64(size), u64(size));
      const common = [
        ...u16(45),
        ...u16(0),
        ...u16(0),
        ...u32(0),
        ...u32(0),
        ...u32(0xffffffff),
        ...u32(0xffffffff),
        ...u16(name.length),
        ...u16(extra.length),
      ];
      const local = pickle.bytes("PK\u0003\u0004", common, name, extra, content);
      locals.push(local);
      centrals.push(pickle.bytes("PK\u0001\u0002", u16(45), common, u16(0), u16(0), u16(0), u32(0), u32(offset), name, extra));
      offset += local.length;
    }
    const directory = joined(centrals);
    const end64 = pickle.bytes(
      "PK\u0006\u0006",
      u64(44),
      u16(45),
      u16(45),
      u32(0),
      u32(0),
      u64(lies.entryCount ?? 2),
      u64(lies.entryCount ?? 2),
      u64(directory.length),
      u64(lies.directoryOffset ?? offset),
    );
    const locator = pickle.bytes("PK\u0006\u0007", u32(0), u64(lies.locatorOffset ?? offset + directory.length), u32(1));
    const endEntries = lies.endEntries ?? 0xffff;
    const end = pickle.bytes("PK\u0005\u0006", u16(0), u16(0), u16(endEntries), u16(endEntries), u32(0xffffffff), u32(0xffffffff), u16(0));
    return joined([...locals, directory, end64, locator, end]);
  }

  test("sizes and offsets are read", async () => {
    const file = await open(zip64());
    expect(await file.readFloat32("x")).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
  });

  test.each([
    ["a locator that points outside", { locatorOffset: 2 ** 40 }, /does not lie before its locator/],
    ["a locator that points elsewhere", { locatorOffset: 0 }, /points at something else/],
    ["two counts of entries", { endEntries: 3 }, /contradict each other/],
    ["a count of entries beyond reason", { entryCount: 2 ** 32 }, /at most 100000/],
    ["a directory beyond its end record", { directoryOffset: 2 ** 33 }, /reaches beyond/],
    ["an extra field that is too short", { fieldLength: 8 }, /too short/],
    ["an entry of terabytes", { size: 2 ** 42 }, /overlaps what follows/],
    ["a size that no number holds", { size: 2 ** 60 }, /beyond any file/],
  ])("%s is refused", async (_what, lies, message) => {
    await expectRefused(zip64(lies), message);
  });
});

test("a file of PyTorch cut at many points is refused, whichever part is lost", async () => {
  const whole = goldenBytes("mini-24khz/encodec-th/encodec_24khz-mini.th");
  for (let length = 0; length < whole.length; length += 9973) {
    await expectRefused(whole.subarray(0, length), /not a sound torch archive/);
  }
});

/** A tensor that is a view of a storage. */
function view(
  key: string,
  numElements: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  type = "FloatStorage",
): Uint8Array {
  return pickle.reduce(
    pickle.global("torch._utils", "_rebuild_tensor_v2"),
    pickle.storage(type, key, numElements),
    pickle.integer(offset),
    pickle.tuple(...shape.map(pickle.integer)),
    pickle.tuple(...strides.map(pickle.integer)),
  );
}

/** A tensor of the first and the last of 600 elements. */
function farApart(index: number): [string, Uint8Array] {
  return [`encoder.layers.${index}.conv.bias`, view("0", 600, 0, [2], [599])];
}

async function gather(tensors: readonly (readonly [string, Uint8Array])[], storages: readonly Uint8Array[], prefix = ""): Promise<Weights> {
  const file = await openTorchZip(bytesSource(torchZip(pickle.dict(tensors), storages), "model.bin"));
  return gatherWeights([file.tensorsIn(file.root)], prefix);
}

describe("tensors of a network", () => {
  const [bias, otherBias, weight] = ["encoder.layers.0.conv.bias", "encoder.layers.3.conv.bias", "encoder.layers.0.conv.weight"];

  test("may lie side by side in one storage, as those of an LSTM from a GPU do", async () => {
    const weights = await gather([[bias, view("0", 6, 0, [2], [1])], [weight, view("0", 6, 2, [2, 2, 1], [1, 2, 1])]], [sixFloats]); // prettier-ignore
    expect(await weights.read(bias)).toEqual(Float32Array.of(0, 1));
    expect(await weights.read(weight)).toEqual(Float32Array.of(2, 4, 3, 5));
  });

  test.each([
    ["all of it", view("0", 6, 0, [6], [1]), view("0", 6, 0, [6], [1])],
    ["one element", view("0", 6, 0, [6], [1]), view("0", 6, 5, [1], [1])],
    ["all of it, by another type", view("0", 6, 0, [6], [1]), view("0", 12, 0, [12], [1], "HalfStorage")],
    ["elements that others repeat", view("0", 6, 0, [3], [0]), view("0", 6, 0, [4], [0])],
  ])("may not share %s of a storage, or a few bytes would become gigabytes", async (_what, one, other) => {
    const gathered = gather([[bias, one], [otherBias, other]], [sixFloats]); // prettier-ignore
    await expect(gathered).rejects.toThrow(CheckpointError);
    await expect(gathered).rejects.toThrow(/model\.bin has tensors that share the 24 bytes of storage 0/);
  });

  test("may not have a storage read again and again for elements that lie far apart", async () => {
    const storage = f32(
      [600],
      Array.from({ length: 600 }, () => 1),
    ).bytes;
    expect(
      (
        await gather(
          Array.from({ length: 16 }, (_, index) => farApart(index)),
          [storage],
        )
      ).shapes.size,
    ).toBe(16);
    await expect(
      gather(
        Array.from({ length: 17 }, (_, index) => farApart(index)),
        [storage],
      ),
    ).rejects.toThrow(/share the 2400 bytes/);
  });

  test("are all that counts: what else is in the file may be tied, as Bark's embeddings are", async () => {
    const tied = view("0", 6, 0, [6], [1]);
    const weights = await gather([[`codec.${bias}`, tied], ["lm_head.weight", tied], ["embed.weight", tied], ["codec.other", tied]], [sixFloats], "codec."); // prettier-ignore
    expect(await weights.read(bias)).toHaveLength(6);
  });

  test("have names and dimensions that a message has room for", async () => {
    await expect(gather([["x".repeat(513), view("0", 6, 0, [6], [1])]], [sixFloats])).rejects.toThrow(
      /a tensor whose name takes 513 characters, at most 512/,
    );
    const ones = Array.from({ length: 9 }, () => 1);
    await expect(gather([[bias, view("0", 6, 0, ones, ones)]], [sixFloats])).rejects.toThrow(/do not fit together/);
  });
});
