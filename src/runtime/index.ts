export { loadOnnxRuntimeNode } from "./onnxruntime-node.ts";
export type { ThreadedRuntime } from "./onnxruntime-node.ts";
export type { Runtime, Session, SessionOptions, Tensor } from "./session.ts";
