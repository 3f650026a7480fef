import { stretches } from "../../core/index.ts";
import type { Turns } from "../../core/index.ts";
import { numElementsOf } from "../tensors/dtype.ts";

/** Elements that are copied in some milliseconds. */
const elementsPerTurn = 2 ** 18;

/** Dimensions of a tensor and the steps between neighbours in each, both in elements. */
export interface StridedView {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Elements from the first to the last that a view touches, both included. */
export function spanOf({ shape, strides }: StridedView): number {
  if (numElementsOf(shape) === 0) return 0;
  return shape.reduce((span, size, dimension) => span + (size - 1) * strides[dimension]!, 1);
}

/** Whether a view's elements lie row-major without gaps. The stride of a dimension of size 1 does not matter. */
export function isContiguous({ shape, strides }: StridedView): boolean {
  let expected = 1;
  for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
    const size = shape[dimension]!;
    if (size !== 1 && strides[dimension] !== expected) return numElementsOf(shape) === 0;
    expected *= size;
  }
  return true;
}

/**
 * Copies a view's elements into row-major order.
 * @param bytes The `spanOf(view)` elements that the view touches.
 * @param itemSize Bytes per element.
 */
export function* gatherElements(bytes: Uint8Array, { shape, strides }: StridedView, itemSize: number): Turns<Uint8Array> {
  const count = numElementsOf(shape)!;
  const gathered = new Uint8Array(count * itemSize);
  const index = shape.map(() => 0);
  let from = 0;
  yield* stretches(count, elementsPerTurn, (start, end) => {
    for (let i = start; i < end; i++) {
      for (let byte = 0; byte < itemSize; byte++) gathered[i * itemSize + byte] = bytes[from * itemSize + byte]!;
      // Step the index like an odometer and keep the source position in step with it.
      for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
        index[dimension]!++;
        from += strides[dimension]!;
        if (index[dimension]! < shape[dimension]!) break;
        from -= shape[dimension]! * strides[dimension]!;
        index[dimension] = 0;
      }
    }
  });
  return gathered;
}
