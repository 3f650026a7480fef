export { buildAnalysis, buildDequantization, buildLstm, buildQuantization, buildSynthesis } from "./codec-graphs.ts";
export { contextOf, settledOutputs } from "./context.ts";
export type { Context } from "./context.ts";
export { describeNetwork } from "./layers.ts";
export type { Layer, LstmLayer, Network } from "./layers.ts";
export { checkTensors, findTensorFaults, requiredTensors } from "./tensors.ts";
export type { TensorSpec } from "./tensors.ts";
