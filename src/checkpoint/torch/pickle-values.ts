import { printableJson } from "../../core/index.ts";
import type { DType } from "../tensors/dtype.ts";

/**
 * What a checkpoint's pickle may contain. Lists and tuples are arrays, dicts of any kind are maps, sizes that a
 * number cannot hold stay `bigint`.
 */
export type PickleValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly PickleValue[]
  | PickledDict
  | PickledStorage
  | PickledTensor
  | PickledGlobal;

/** A dict or `collections.OrderedDict`, in its order. */
export type PickledDict = ReadonlyMap<PickleValue, PickleValue>;

/** A flat run of elements, stored in a file of its own beside the pickle. */
export class PickledStorage {
  readonly key: string;
  readonly dtype: DType;
  readonly numElements: number;

  constructor(key: string, dtype: DType, numElements: number) {
    this.key = key;
    this.dtype = dtype;
    this.numElements = numElements;
  }
}

/** A view into a storage; offset and strides count elements. */
export class PickledTensor {
  readonly storage: PickledStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: PickledStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  get dtype(): DType {
    return this.storage.dtype;
  }
}

/** One of the few names a checkpoint's pickle may refer to: what it stands for, never the Python object itself. */
export class PickledGlobal {
  readonly name: string;
  readonly role: "rebuildTensor" | "rebuildParameter" | "orderedDict" | "modelOutput" | DType;

  constructor(name: string, role: PickledGlobal["role"]) {
    this.name = name;
    this.role = role;
  }
}

/** A value as a message shows it: text and numbers themselves, of all others what they are, whatever they hold. */
export function shownValue(value: PickleValue | undefined): string {
  if (Array.isArray(value)) return "a list or tuple";
  if (value instanceof Map) return "a dict";
  if (value instanceof PickledStorage) return "a storage";
  if (value instanceof PickledTensor) return "a tensor";
  if (value instanceof PickledGlobal) return value.name;
  return value === undefined ? "nothing" : printableJson(value);
}
