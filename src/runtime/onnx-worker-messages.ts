import type { Tensor } from "./session.ts";

/** What the thread is asked for. Each request is answered once; the answer with id 0 says that ONNX Runtime is loaded. */
export type Request =
  | {
      readonly kind: "create";
      readonly id: number;
      readonly graph: Uint8Array;
      readonly weights: ReadonlyMap<string, Uint8Array>;
      readonly threads: number;
    }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly session: number;
      readonly inputs: Readonly<Record<string, Tensor>>;
      readonly outputs: readonly string[];
    }
  | { readonly kind: "release"; readonly id: number; readonly session: number };

/** What came of a request, or the message of the error. */
export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };
