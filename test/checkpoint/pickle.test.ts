import { describe, expect, test } from "vitest";
import { PickledTensor } from "../../src/checkpoint/torch/pickle-values.ts";
import { readPickle } from "../../src/checkpoint/torch/pickle.ts";
import { atOnce, CheckpointError } from "../../src/core/index.ts";
import { pickle, pickledTensor, u32 } from "./torch-writer.ts";

const read = (value: Uint8Array): unknown => atOnce(readPickle(pickle.file(value), "the pickle"));

function errorOf(bytes: Uint8Array): CheckpointError {
  try {
    atOnce(readPickle(bytes, "the pickle"));
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error("nothing was thrown");
}

function rebuild(...args: Uint8Array[]): Uint8Array {
  return pickle.reduce(pickle.global("torch._utils", "_rebuild_tensor_v2"), ...args);
}

describe("values of a pickle", () => {
  test.each([
    ["None", pickle.bytes(0x4e), null],
    ["True", pickle.bytes(0x88), true],
    ["a small integer", pickle.bytes(0x4b, 200), 200],
    ["a negative integer", pickle.bytes(0x4a, [0xfe, 0xff, 0xff, 0xff]), -2],
    ["a long integer", pickle.bytes(0x8a, 2, 0x00, 0xff), -256],
    ["an integer beyond 2⁵³", pickle.bytes(0x8a, 8, [0, 0, 0, 0, 0, 0, 0, 1]), 2n ** 56n],
    ["a float", pickle.bytes(0x47, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0]), 1.5],
    ["text", pickle.text("Tür"), "Tür"],
    ["a tuple", pickle.tuple(pickle.integer(1), pickle.text("a")), [1, "a"]],
    ["a list", pickle.bytes("]", "(", 0x4b, 1, 0x4b, 2, "e"), [1, 2]],
    [
      "a dict",
      pickle.dict([
        ["a", pickle.integer(1)],
        ["__proto__", pickle.integer(2)],
      ]),
      new Map([
        ["a", 1],
        ["__proto__", 2],
      ]),
    ],
    ["a repeated value", pickle.bytes(0x4b, 7, "q", 3, "h", 3, 0x86), [7, 7]],
    [
      "an OrderedDict with attributes, as state dicts have",
      pickle.bytes(pickle.reduce(pickle.global("collections", "OrderedDict")), pickle.dict([["_metadata", pickle.integer(1)]]), "b"),
      new Map(),
    ],
    [
      "protocol 4's framing, short text and memo",
      pickle.bytes(0x95, [9, 0, 0, 0, 0, 0, 0, 0], 0x8c, 1, "x", 0x94, "h", 0, 0x86),
      ["x", "x"],
    ],
  ])("%s", (_what, bytes, expected) => {
    expect(read(bytes)).toEqual(expected);
  });

  test("a tensor is a description of a view into a storage", () => {
    const tensor = read(pickledTensor({ dtype: "F16", shape: [2, 3] }, "17"));
    expect(tensor).toBeInstanceOf(PickledTensor);
    expect(tensor).toMatchObject({
      dtype: "F16",
      offset: 0,
      shape: [2, 3],
      strides: [3, 1],
      storage: { key: "17", numElements: 6 },
    });
  });

  test("a parameter is its tensor", () => {
    const tensor = pickledTensor({ dtype: "F32", shape: [1] }, "0");
    expect(
      read(pickle.reduce(pickle.global("torch._utils", "_rebuild_parameter"), tensor, pickle.bytes(0x88), pickle.bytes(0x4e))),
    ).toBeInstanceOf(PickledTensor);
  });
});

describe("a pickle that wants more than tensors is refused by name", () => {
  const system = pickle.global("os", "system");

  test.each([
    ["a shell command", pickle.reduce(system, pickle.text("echo")), "os.system"],
    ["a name alone", system, "os.system"],
    ["a name inside a dict that is never used", pickle.dict([["x", pickle.global("builtins", "eval")]]), "builtins.eval"],
    ["a name of protocol 4", pickle.bytes(pickle.text("posix"), pickle.text("system"), 0x93), "posix.system"],
    ["torch's own loader", pickle.global("torch.storage", "_load_from_bytes"), "torch.storage._load_from_bytes"],
    ["a name that only looks allowed", pickle.global("torch", "_utils._rebuild_tensor_v2.__globals__"), "__globals__"],
    ["a name of Object's prototype", pickle.global("constructor", "constructor"), "constructor.constructor"],
    ["a class of a model", pickle.global("encodec.model", "EncodecModel"), "encodec.model.EncodecModel"],
    ["a name with terminal codes", pickle.global("os", "\u001b[2J"), "os.\\u001b[2J"],
    ["INST", pickle.bytes("(ios\nsystem\n"), "INST"],
    ["OBJ", pickle.bytes("(", pickle.global("collections", "OrderedDict"), "o"), "OBJ"],
    ["NEWOBJ", pickle.bytes(pickle.global("collections", "OrderedDict"), ")", 0x81), "NEWOBJ"],
    ["an extension", pickle.bytes(0x82, 1), "EXT1"],
    ["a call of an element type", pickle.reduce(pickle.global("torch", "FloatStorage")), "calls torch.FloatStorage"],
    ["a call of a value", pickle.reduce(pickle.text("os.system"), pickle.text("echo")), "calls something that is not a known name"],
    [
      "BUILD on a tensor",
      pickle.bytes(pickledTensor({ dtype: "F32", shape: [1] }, "0"), pickle.dict([["__class__", pickle.text("x")]]), "b"),
      "sets the state",
    ],
    ["BUILD on a name", pickle.bytes(pickle.global("collections", "OrderedDict"), pickle.dict([]), "b"), "sets the state"],
  ])("%s", (_what, bytes, named) => {
    const { code, message } = errorOf(pickle.file(bytes));
    expect(code).toBe("CHECKPOINT_UNSAFE");
    expect(message).toContain(named);
    expect(message).toContain("nothing was executed. Use a .safetensors file");
  });

  test("also in a pickle of protocol 0, which names the command before anything else", () => {
    expect(errorOf(new TextEncoder().encode("cos\nsystem\n(S'echo'\ntR.")).code).toBe("CHECKPOINT_UNSAFE");
  });
});

describe("a malformed pickle is refused", () => {
  const storage = pickle.storage("FloatStorage", "0", 4);

  test.each([
    ["of a protocol not known", Uint8Array.of(0x80, 9, 0x4e, 0x2e), "protocol 9"],
    ["without an end", Uint8Array.of(0x80, 2, 0x4e), "ends in the middle"],
    ["without a value", pickle.file(pickle.bytes()), "takes a value that is not there"],
    ["that takes below a mark", pickle.file(pickle.bytes("(", 0x85)), "takes a value that is not there"],
    ["with a tuple never begun", pickle.file(pickle.bytes(0x4e, "t")), "without a beginning"],
    ["that recalls what was never kept", pickle.file(pickle.bytes("h", 9)), "refers to value 9"],
    ["with text longer than itself", pickle.file(pickle.bytes("X", u32(0xffffffff))), "ends in the middle"],
    ["with text that is not UTF-8", pickle.file(pickle.bytes("X", u32(1), 0xff)), "not UTF-8"],
    ["with an unknown operation", pickle.file(pickle.bytes(0xff)), "operation 0xff"],
    ["that appends to a dict", pickle.file(pickle.bytes("}", 0x4e, "a")), "not a list"],
    ["with a key without a value", pickle.file(pickle.bytes("}(", 0x4e, "u")), "sets items"],
    ["with a list as a key", pickle.file(pickle.bytes("}(", "]", 0x4e, "u")), "neither text nor a number"],
    [
      "with a dict key twice",
      pickle.file(
        pickle.dict([
          ["a", pickle.integer(1)],
          ["a", pickle.integer(2)],
        ]),
      ),
      "key a twice",
    ],
    [
      "that sets OrderedDict up with arguments",
      pickle.file(pickle.reduce(pickle.global("collections", "OrderedDict"), pickle.integer(1))),
      "with arguments",
    ],
    ["with a persistent id that is no storage", pickle.file(pickle.bytes(pickle.tuple(pickle.text("module")), "Q")), "not a storage"],
    ["with a storage outside its folder", pickle.file(pickle.storage("FloatStorage", "../../x", 1)), "expected a number"],
    ["with a storage of negative length", pickle.file(pickle.storage("FloatStorage", "0", -1)), "whose number of elements is -1"],
    [
      "with a tensor at a negative offset",
      pickle.file(rebuild(storage, pickle.integer(-1), pickle.tuple(), pickle.tuple())),
      "do not fit together",
    ],
    [
      "with a negative stride",
      pickle.file(rebuild(storage, pickle.integer(0), pickle.tuple(pickle.integer(2)), pickle.tuple(pickle.integer(-1)))),
      "do not fit together",
    ],
    [
      "with fewer strides than dimensions",
      pickle.file(rebuild(storage, pickle.integer(0), pickle.tuple(pickle.integer(2)), pickle.tuple())),
      "do not fit together",
    ],
    [
      "with a tensor without a storage",
      pickle.file(rebuild(pickle.bytes(0x4e), pickle.integer(0), pickle.tuple(), pickle.tuple())),
      "do not fit together",
    ],
    ["with more values than can be meant", pickle.file(new Uint8Array(200_000).fill(0x4e)), "stacks more than"],
  ])("%s", (_what, bytes, message) => {
    const error = errorOf(bytes);
    expect(error.code).toBe("CHECKPOINT_FORMAT");
    expect(error.message).toContain(message);
  });

  test("with more operations than can be meant", () => {
    // One value, kept in the memo again and again.
    const again = new Uint8Array(4_000_000).map((_, i) => (i % 2 === 0 ? 0x71 : 0));
    expect(errorOf(pickle.bytes(0x80, 2, 0x4e, again, 0x2e)).message).toContain("more than 2000000 operations");
  });
});

describe("a pickle takes work and memory that its bytes are worth", () => {
  /** A list that holds itself twice per level: of depth 60, it has more than 10¹⁸ items. */
  const doubled = pickle.bytes(
    "]",
    "q",
    0,
    ...Array.from({ length: 60 }, (_, level) => pickle.bytes("h", level, "h", level, 0x86, "q", level + 1)),
  );
  const withStorage = (...fields: Uint8Array[]): Uint8Array =>
    pickle.file(
      pickle.bytes("(", doubled, "t", pickle.tuple(pickle.text("storage"), pickle.global("torch", "FloatStorage"), ...fields), "Q"),
    );

  test.each([
    [
      "the key of a storage",
      withStorage(pickle.bytes("h", 60), pickle.text("cpu"), pickle.integer(1)),
      /whose key is a list or tuple; expected a number/,
    ],
    [
      "the length of a storage",
      withStorage(pickle.text("0"), pickle.text("cpu"), pickle.bytes("h", 60)),
      /whose number of elements is a list or tuple;/,
    ],
  ])("where %s is a list of lists of lists", (_what, bytes, message) => {
    const error = errorOf(bytes);
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(400);
  });

  test("where a list grows after it was taken for a shape", () => {
    const grown = pickle.bytes(
      pickle.global("torch._utils", "_rebuild_tensor_v2"),
      pickle.tuple(
        pickle.storage("FloatStorage", "0", 4),
        pickle.integer(0),
        pickle.bytes("](", 0x4b, 4, "eq", 9),
        pickle.bytes("](", 0x4b, 1, "e"),
      ),
      "R",
      pickle.bytes("h", 9, pickle.text("more"), "a"),
      0x86,
    );
    const [tensor, list] = read(grown) as [PickledTensor, unknown];
    expect(list).toEqual([4, "more"]);
    expect(tensor.shape).toEqual([4]);
  });

  test("with up to 400,000 lists and dicts", () => {
    const lists = pickle.bytes("(", new Uint8Array(49_000).fill(0x5d), "t");
    expect(errorOf(pickle.file(pickle.bytes(...Array.from({ length: 9 }, () => lists)))).message).toContain("more than 400000 lists");
  });

  test("with numbers of up to 16 bytes", () => {
    expect(read(pickle.bytes(0x8a, 16, new Uint8Array(16).fill(255)))).toBe(-1);
    expect(errorOf(pickle.file(pickle.bytes(0x8a, 255, new Uint8Array(255)))).message).toContain("a number of 255 bytes; at most 16");
  });

  test("in turns of some milliseconds", () => {
    const again = new Uint8Array(400_000).map((_, i) => (i % 2 === 0 ? 0x71 : 0));
    const work = readPickle(pickle.file(pickle.bytes(0x4e, again)), "the pickle");
    let turns = 1;
    while (work.next().done !== true) turns++;
    expect(turns).toBe(11);
  });
});
