import type { OnnxModel } from "../core/index.ts";

/** A dense row-major tensor that goes into or comes out of a model. */
export type Tensor =
  | { readonly type: "float32"; readonly data: Float32Array; readonly dims: readonly number[] }
  | { readonly type: "int32"; readonly data: Int32Array; readonly dims: readonly number[] }
  | { readonly type: "int64"; readonly data: BigInt64Array; readonly dims: readonly number[] };

/** A loaded model. */
export interface Session {
  /**
   * Runs the model once.
   * @param outputs The outputs to compute; others are not.
   */
  run<Name extends string>(inputs: Readonly<Record<string, Tensor>>, outputs: readonly Name[]): Promise<Record<Name, Tensor>>;
  /** Frees the model's memory. */
  release(): Promise<void>;
}

/** What a session may use of the machine. */
export interface SessionOptions {
  /** CPU threads; 0 lets the runtime choose. */
  readonly threads: number;
  /**
   * Runs that will be asked for at the same time. A runtime that can compute them at the same time gives each its share of
   * the threads; another one takes them one after the other. @default 1
   */
  readonly parallelRuns?: number | undefined;
}

/** What runs ONNX models. Another one than the default can be given to `AudioTokenizer.fromPretrained`. */
export interface Runtime {
  /** Name for reports, such as `"onnxruntime-node 1.30.0"`. */
  readonly name: string;
  /** Loads a model, so that it can be run. */
  createSession(model: OnnxModel, options: SessionOptions): Promise<Session>;
}
