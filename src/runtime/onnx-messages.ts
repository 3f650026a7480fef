import type { Tensor } from "./session.ts";

/*
 * What the process that runs the models is asked and what it answers. On the pipes each is
 *
 *     4 bytes           number of bytes of the JSON, little-endian
 *     JSON              the message, and in `lengths` the number of bytes of each array
 *     bytes             the arrays, one after the other
 *
 * The process reads and writes them in onnx-process.js, which is plain JavaScript by itself; its counterpart is message-pipes.ts.
 */

/** A tensor without its data, which is the array of the same place. */
export type TensorHead = { readonly name: string } & Omit<Tensor, "data">;

/** Each request is answered once, in the order in which they come. */
export type Request =
  /** The graph, then each weight by its path. */
  | { readonly kind: "create"; readonly id: number; readonly paths: readonly string[]; readonly threads: number }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly session: number;
      readonly inputs: readonly TensorHead[];
      readonly outputs: readonly string[];
    }
  | { readonly kind: "release"; readonly id: number; readonly session: number };

/** What came of a request, or the message of the error. The answer with id 0 says that ONNX Runtime is loaded. */
export type Answer =
  | { readonly id: number; readonly name?: string; readonly outputs?: readonly TensorHead[] }
  | { readonly id: number; readonly error: string };
