import type { DType, TensorData } from "../../src/checkpoint/index.ts";

/** Pieces of a pickle, written by hand: the bytes that leave a value on the stack. */
export const pickle = {
  bytes: (...parts: readonly (number | readonly number[] | Uint8Array | string)[]): Uint8Array =>
    joined(
      parts.map((part) =>
        typeof part === "string" ? new TextEncoder().encode(part) : Uint8Array.from(typeof part === "number" ? [part] : part),
      ),
    ),
  text(value: string): Uint8Array {
    const utf8 = new TextEncoder().encode(value);
    return pickle.bytes(0x58, u32(utf8.length), utf8);
  },
  integer: (value: number): Uint8Array => pickle.bytes(0x4a, u32(value)),
  global: (module: string, name: string): Uint8Array => pickle.bytes(`c${module}\n${name}\n`),
  tuple: (...items: readonly Uint8Array[]): Uint8Array => pickle.bytes(0x28, ...items, 0x74),
  dict: (entries: readonly (readonly [string, Uint8Array])[]): Uint8Array =>
    pickle.bytes(0x7d, 0x28, ...entries.flatMap(([key, value]) => [pickle.text(key), value]), 0x75),
  reduce: (callee: Uint8Array, ...args: readonly Uint8Array[]): Uint8Array => pickle.bytes(callee, pickle.tuple(...args), 0x52),
  storage: (type: string, key: string, numElements: number): Uint8Array =>
    pickle.bytes(
      pickle.tuple(pickle.text("storage"), pickle.global("torch", type), pickle.text(key), pickle.text("cpu"), pickle.integer(numElements)),
      0x51,
    ),
  /** A whole pickle of protocol 2. */
  file: (value: Uint8Array): Uint8Array => pickle.bytes([0x80, 0x02], value, 0x2e),
};

const storageTypes: Partial<Record<DType, string>> = {
  F32: "FloatStorage",
  F16: "HalfStorage",
  BF16: "BFloat16Storage",
  F64: "DoubleStorage",
  I64: "LongStorage",
};

/** What stands in a pickle for a tensor over all of storage `key`. */
export function pickledTensor({ dtype, shape }: Pick<TensorData, "dtype" | "shape">, key: string): Uint8Array {
  const numElements = shape.reduce((product, size) => product * size, 1);
  const strides = shape.map((_, dimension) => shape.slice(dimension + 1).reduce((product, size) => product * size, 1));
  return pickle.reduce(
    pickle.global("torch._utils", "_rebuild_tensor_v2"),
    pickle.storage(storageTypes[dtype]!, key, numElements),
    pickle.integer(0),
    pickle.tuple(...shape.map(pickle.integer)),
    pickle.tuple(...strides.map(pickle.integer)),
    pickle.bytes(0x89),
    pickle.reduce(pickle.global("collections", "OrderedDict")),
  );
}

/** A file as `torch.save` writes a state dict. */
export function torchFileOf(tensors: ReadonlyMap<string, TensorData>): Uint8Array {
  return torchZip(
    pickle.dict(stateDictEntries(tensors)),
    [...tensors.values()].map((tensor) => tensor.bytes),
  );
}

/** A file as audiocraft exports a codec. */
export function audiocraftFileOf(tensors: ReadonlyMap<string, TensorData>, config: string): Uint8Array {
  const root = pickle.dict([
    ["best_state", pickle.dict(stateDictEntries(tensors))],
    ["xp.cfg", pickle.text(config)],
    ["version", pickle.text("1.3.0")],
    ["exported", pickle.bytes(0x88)],
  ]);
  return torchZip(
    root,
    [...tensors.values()].map((tensor) => tensor.bytes),
  );
}

/** A torch archive of one pickled value and its storages, numbered from zero. */
export function torchZip(value: Uint8Array, storages: readonly Uint8Array[] = []): Uint8Array {
  return zipOf([
    { name: "archive/data.pkl", data: pickle.file(value) },
    { name: "archive/byteorder", data: new TextEncoder().encode("little") },
    ...storages.map((data, key) => ({ name: `archive/data/${key}`, data })),
  ]);
}

function stateDictEntries(tensors: ReadonlyMap<string, TensorData>): [string, Uint8Array][] {
  return [...tensors].map(([name, tensor], key) => [name, pickledTensor(tensor, String(key))]);
}

/** An entry of a zip archive; the last fields are lies to tell about it. */
export interface ZipInput {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly localSize?: number;
  readonly localName?: string;
  readonly centralSize?: number;
  readonly centralOffset?: number;
}

/** A zip archive of stored entries, without CRC sums. */
export function zipOf(inputs: readonly ZipInput[], comment = ""): Uint8Array {
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let offset = 0;
  for (const {
    name,
    data,
    method = 0,
    flags = 0,
    localSize = data.length,
    localName = name,
    centralSize = data.length,
    centralOffset = offset,
  } of inputs) {
    const common = (nameLength: number, size: number): number[] => [
      ...u16(20),
      ...u16(flags),
      ...u16(method),
      ...u32(0),
      ...u32(0),
      ...u32(size),
      ...u32(size),
      ...u16(nameLength),
      ...u16(0),
    ];
    const local = pickle.bytes("PK\u0003\u0004", common(localName.length, localSize), localName, data);
    locals.push(local);
    centrals.push(
      pickle.bytes("PK\u0001\u0002", u16(20), common(name.length, centralSize), u16(0), u16(0), u16(0), u32(0), u32(centralOffset), name),
    );
    offset += local.length;
  }
  const directory = joined(centrals);
  const end = pickle.bytes(
    "PK\u0005\u0006",
    u16(0),
    u16(0),
    u16(inputs.length),
    u16(inputs.length),
    u32(directory.length),
    u32(offset),
    u16(comment.length),
    comment,
  );
  return joined([...locals, directory, end]);
}

/** One run of bytes out of several. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Little-endian, 2 bytes. */
export function u16(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff];
}

/** Little-endian, 4 bytes. */
export function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}
