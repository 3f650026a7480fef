export { AudioTokenizer } from "./audio-tokenizer.ts";
export { inspectModel } from "./inspect-model.ts";
export type { ModelInspection } from "./inspect-model.ts";
export type { CallOptions, EncodeOptions, LoadOptions, Progress } from "./options.ts";
export type { Segmenting } from "./segments.ts";
