import { stretches } from "../core/index.ts";
import type { Turns } from "../core/index.ts";

/** An element type as numpy spells it without the byte order: unsigned, signed or floating point, and its size in bytes. */
export type ElementType = "u1" | "u2" | "u4" | "u8" | "i1" | "i2" | "i4" | "i8" | "f4" | "f8";

/** What this file needs of typed arrays. */
interface Elements extends Iterable<number | bigint> {
  readonly length: number;
  [index: number]: number | bigint;
  slice(): Elements;
}

interface ElementArray {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): Elements;
}

/** All engines that run this library are little-endian, as the formats are, so elements are views of bytes. */
const arrayTypes: Readonly<Record<ElementType, ElementArray>> = {
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** Elements that are read in some milliseconds. */
const elementsPerTurn = 2 ** 17;

/** An array as it lies in a file. */
export interface ArrayBytes {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Whether the most significant byte of an element comes first. @default false */
  readonly isBigEndian?: boolean;
  /** Whether the first index runs fastest, as where a transposed array was saved; otherwise the last does. @default false */
  readonly isFortranOrder?: boolean;
  /** The bytes of as many elements as the shape has. */
  readonly bytes: Uint8Array;
}

/** A row-major array as read from a file. */
export interface StoredArray {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/** Whether text names an element type. */
export function isElementType(text: string): text is ElementType {
  return Object.hasOwn(arrayTypes, text);
}

/** Bytes that one element takes. */
export function bytesPerElement(type: ElementType): number {
  return arrayTypes[type].BYTES_PER_ELEMENT;
}

/**
 * Reads elements from bytes, whose number must be a multiple of the element's size.
 * @param isBigEndian Whether the most significant byte of an element comes first.
 */
export function readElements(bytes: Uint8Array, type: ElementType, isBigEndian: boolean = false): Elements {
  // Not `slice`, which for Node's Buffer is a view of memory at any offset.
  const aligned = new Uint8Array(bytes);
  const size = bytesPerElement(type);
  if (isBigEndian) {
    for (let start = 0; start < aligned.length; start += size) {
      for (let low = start, high = start + size - 1; low < high; low++, high--) {
        const byte = aligned[low]!;
        aligned[low] = aligned[high]!;
        aligned[high] = byte;
      }
    }
  }
  return new arrayTypes[type](aligned.buffer);
}

/** A whole array, for those that are small. */
export function readArray({ type, shape, bytes, isBigEndian, isFortranOrder = false }: ArrayBytes): StoredArray {
  const elements = readElements(bytes, type, isBigEndian);
  if (!isFortranOrder) return { type, shape, data: elements };
  const data = elements.slice();
  const place = fortranPlaces(shape);
  for (const element of elements) data[place()] = element;
  return { type, shape, data };
}

/**
 * Fills a row-major array with the numbers of another of any type.
 * @param refuse The error for a number that the target cannot hold, at a place of the target.
 */
export function* fillFrom<Target extends Uint16Array | Int32Array | Float32Array>(
  target: Target,
  { type, shape, bytes, isBigEndian, isFortranOrder = false }: ArrayBytes,
  refuse?: (value: number, place: number) => Error,
): Turns<Target> {
  const size = bytesPerElement(type);
  const nextPlace = isFortranOrder ? fortranPlaces(shape) : undefined;
  yield* stretches(target.length, elementsPerTurn, (start, end) => {
    const elements = readElements(bytes.subarray(start * size, end * size), type, isBigEndian);
    for (let index = 0; index < elements.length; index++) {
      const value = Number(elements[index]);
      const place = nextPlace === undefined ? start + index : nextPlace();
      target[place] = value;
      if (refuse !== undefined && target[place] !== value) throw refuse(value, place);
    }
  });
  return target;
}

/** Gives, call by call, the row-major places of elements that are stored with the first index running fastest. */
function fortranPlaces(shape: readonly number[]): () => number {
  const strides = shape.map((_, axis) => countElements(shape.slice(axis + 1)));
  const index = shape.map(() => 0);
  let next = 0;
  return () => {
    const place = next;
    for (let axis = 0; axis < shape.length; axis++) {
      index[axis]!++;
      next += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      next -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
    return place;
  };
}

/** The bytes of a typed array, little-endian; a view, not a copy. */
export function elementBytes(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Number of elements of a shape; a scalar has one. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
