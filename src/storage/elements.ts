/** An element type as numpy spells it without the byte order: unsigned, signed or floating point, and its size in bytes. */
export type ElementType = "u1" | "u2" | "u4" | "u8" | "i1" | "i2" | "i4" | "i8" | "f4" | "f8";

/** What this file needs of typed arrays. */
interface ElementArray {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): ArrayLike<number | bigint>;
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
export function readElements(bytes: Uint8Array, type: ElementType, isBigEndian: boolean = false): ArrayLike<number | bigint> {
  // Not `slice`, which for Node's Buffer is a view of memory at any offset.
  const aligned = new Uint8Array(bytes);
  if (isBigEndian) {
    const size = bytesPerElement(type);
    for (let start = 0; start < aligned.length; start += size) aligned.subarray(start, start + size).reverse();
  }
  return new arrayTypes[type](aligned.buffer);
}

/** The bytes of a typed array, little-endian; a view, not a copy. */
export function elementBytes(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Number of elements of a shape; a scalar has one. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
