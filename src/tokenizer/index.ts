export { AudioTokenizer } from "./audio-tokenizer.ts";
export type { HubModelOptions } from "./hub-model.ts";
export { inspectModel } from "./inspect-model.ts";
export type { ModelInspection } from "./inspect-model.ts";
export type { CallOptions, EncodeOptions, LoadOptions, Progress } from "./options.ts";
export { pullModel } from "./pull-model.ts";
export type { PulledModel, PullOptions } from "./pull-model.ts";
export type { Segmenting } from "./segments.ts";
