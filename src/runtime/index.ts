export { loadOnnxRuntimeNode } from "./onnxruntime-node.ts";
export type { ProcessRuntime } from "./onnxruntime-node.ts";
export type { Runtime, Session, SessionOptions, Tensor } from "./session.ts";
