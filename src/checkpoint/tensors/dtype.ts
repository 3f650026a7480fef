import { CheckpointError, stretches } from "../../core/index.ts";
import type { Turns } from "../../core/index.ts";

/** Elements that are converted in some milliseconds. */
const elementsPerTurn = 2 ** 19;

/**
 * Bits per element of every element type that the safetensors format names, lowest rank first.
 * Source: safetensors 0.8 (Rust crate), enum `Dtype`; files store their tensors in the reverse of this order.
 */
const bitsPerElement = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

/** Element type of a stored tensor, spelled as safetensors spells it. */
export type DType = keyof typeof bitsPerElement;

/** Element types, lowest rank first. */
export const dtypes: readonly DType[] = Object.keys(bitsPerElement) as DType[];

/** Whether a value names an element type. */
export function isDType(value: unknown): value is DType {
  return typeof value === "string" && Object.hasOwn(bitsPerElement, value);
}

/** Number of elements of a shape; `undefined` where it is beyond 2⁵³. A scalar has one. */
export function numElementsOf(shape: readonly number[]): number | undefined {
  // A zero anywhere makes the tensor empty, however large the other dimensions are.
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** Bytes that a tensor takes; `undefined` where that is beyond 2⁵³ or not a whole number (types under 8 bits). */
export function byteLengthOf(dtype: DType, shape: readonly number[]): number | undefined {
  const count = numElementsOf(shape);
  if (count === undefined) return undefined;
  const bytes = (count * bitsPerElement[dtype]) / 8;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Reads little-endian elements as float32. F16 and BF16 convert exactly, F64 rounds to nearest.
 * F32 bytes at an aligned offset come back as a view of the same memory, without a copy.
 * @throws CheckpointError if the element type is not a floating-point one of 16 bits or more.
 */
export function* toFloat32(bytes: Uint8Array, dtype: DType, tensor: string): Turns<Float32Array> {
  switch (dtype) {
    case "F32":
      return alignedTo(4, bytes, (buffer, offset) => new Float32Array(buffer, offset, bytes.byteLength / 4));
    case "F64":
      return yield* converted(
        alignedTo(8, bytes, (buffer, offset) => new Float64Array(buffer, offset, bytes.byteLength / 8)),
        (doubles, floats) => floats.set(doubles),
      );
    case "F16":
      return yield* converted(halvesIn(bytes), halvesToFloat32);
    case "BF16":
      return yield* converted(halvesIn(bytes), brainHalvesToFloat32);
    default:
      throw new CheckpointError("CHECKPOINT_TENSOR", `tensor ${tensor} holds ${dtype} elements; weights must be F32, F16, BF16 or F64`, {
        tensor,
      });
  }
}

/** Converts stretch by stretch; `convert` fills its second argument from its first. */
function* converted<Elements extends Uint16Array | Float64Array>(
  elements: Elements,
  convert: (elements: Elements, floats: Float32Array) => void,
): Turns<Float32Array> {
  const floats = new Float32Array(elements.length);
  yield* stretches(elements.length, elementsPerTurn, (start, end) =>
    convert(elements.subarray(start, end) as Elements, floats.subarray(start, end)),
  );
  return floats;
}

function halvesIn(bytes: Uint8Array): Uint16Array {
  return alignedTo(2, bytes, (buffer, offset) => new Uint16Array(buffer, offset, bytes.byteLength / 2));
}

/** Makes a typed-array view of the bytes, on a copy only where they do not start at a multiple of the element size. */
function alignedTo<View>(size: number, bytes: Uint8Array, view: (buffer: ArrayBufferLike, offset: number) => View): View {
  // A Buffer's own slice would be a view again.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return view(aligned.buffer, aligned.byteOffset);
}

/**
 * IEEE 754 binary16 to binary32. Shifting a half's exponent and mantissa into place leaves a float that is
 * 2¹¹² times too small (the biases are 15 and 127); multiplying by 2¹¹² is exact, subnormals included.
 */
function halvesToFloat32(halves: Uint16Array, floats: Float32Array): void {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) {
      bits[i] = sign | 0x7f800000 | ((magnitude & 0x03ff) << 13); // infinity, or NaN with its payload
    } else {
      bits[i] = magnitude << 13;
      floats[i] = floats[i]! * 2 ** 112;
      bits[i] = bits[i]! | sign;
    }
  }
}

/** bfloat16 is the upper half of a binary32. */
function brainHalvesToFloat32(halves: Uint16Array, floats: Float32Array): void {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
}
