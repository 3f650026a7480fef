import type { Checkpoint } from "../checkpoint/index.ts";
import { hopLengthOf } from "../checkpoint/index.ts";
import type { OnnxModel } from "../core/index.ts";
import { emitLayers } from "./emit-layers.ts";
import type { Signal } from "./emit-layers.ts";
import { GraphBuilder } from "./graph-builder.ts";
import type { Value } from "./graph-builder.ts";
import type { Layer, LstmLayer, Network } from "./layers.ts";
import { lstm } from "./lstm.ts";
import { DataType } from "./onnx-proto.ts";
import { dequantize, quantize } from "./quantizer.ts";
import type { Codebooks } from "./quantizer.ts";
import { codebookTensors, readTensors, tensorsOf } from "./tensors.ts";
import type { Tensors } from "./tensors.ts";

/*
 * The codec as six models, cut at the LSTMs:
 *
 *     waveform ─ analysis ─ features ─ lstm ─ features ─ quantization ─ codes
 *     codes ─ dequantization ─ features ─ lstm ─ features ─ synthesis ─ waveform
 *
 * Convolutions want one clip at a time, which stays in the cache and needs no padding; the LSTM, whose weights are read
 * again for every frame, wants as many clips as there are. A recurrence that runs forward in time never sees what is
 * padded behind a clip, so clips of any lengths can share it and none of them notices.
 * Features are `[batch, frames, width]`, so that clips join by copying rows.
 */

/** `waveform` `[batch, audioChannels, samples]` → `features`. */
export async function buildAnalysis(checkpoint: Checkpoint, { encoder }: Network): Promise<OnnxModel> {
  const builder = new GraphBuilder("analysis");
  const tensors = await readLayers(checkpoint, encoder.before);
  const waveform = builder.input("waveform", "float32", ["batch", checkpoint.config.audioChannels, "samples"]);
  const x = { value: builder.node("Unsqueeze", [waveform, builder.integers([2])]), minLength: 1 };
  const y = emitLayers(builder, tensors, encoder.before, x);
  builder.output("features", fromSignal(builder, y), "float32", ["batch", "frames", encoder.width]);
  return builder.finish();
}

/** `features`, `hidden` and `cell` (the state, zeros at first) → `output`, `next_hidden` and `next_cell`. */
export async function buildLstm(checkpoint: Checkpoint, layer: LstmLayer): Promise<OnnxModel> {
  const builder = new GraphBuilder("lstm");
  const tensors = await readLayers(checkpoint, [layer]);
  const dims = ["batch", "frames", layer.size];
  const stateDims = [layer.numLayers, "batch", layer.size];
  const features = builder.input("features", "float32", dims);
  const hidden = builder.input("hidden", "float32", stateDims);
  const cell = builder.input("cell", "float32", stateDims);
  const x = builder.node("Transpose", [features], { perm: [1, 0, 2] });
  const { output, after } = lstm(builder, tensors, x, layer, { hidden, cell });
  builder.output("output", builder.node("Transpose", [output], { perm: [1, 0, 2] }), "float32", dims);
  builder.output("next_hidden", after.hidden, "float32", stateDims);
  builder.output("next_cell", after.cell, "float32", stateDims);
  return builder.finish();
}

/** `features` and `num_codebooks` → `codes` int32 `[numCodebooks, batch, frames]`; also `embeddings` `[batch, hiddenSize, frames]`, which only tests ask for. */
export async function buildQuantization(checkpoint: Checkpoint, { encoder }: Network): Promise<OnnxModel> {
  const { hiddenSize } = checkpoint.config;
  const builder = new GraphBuilder("quantization");
  const tensors = await readLayers(checkpoint, encoder.after);
  const features = builder.input("features", "float32", ["batch", "frames", encoder.width]);
  const numCodebooks = builder.input("num_codebooks", "int64", []);
  const signal = emitLayers(builder, tensors, encoder.after, toSignal(builder, features));
  const frames = fromSignal(builder, signal);
  const rows = builder.node("Reshape", [frames, builder.integers([-1, hiddenSize])]);
  const codes = quantize(builder, await readCodebooks(checkpoint), rows, numCodebooks);
  const batch = builder.node("Shape", [features], { start: 0, end: 2 });
  const shape = builder.node("Concat", [builder.integers([-1]), batch], { axis: 0 });
  const int32 = builder.node("Cast", [builder.node("Reshape", [codes, shape])], { to: DataType.int32 });
  builder.output("codes", int32, "int32", ["codebooks", "batch", "frames"]);
  const embeddings = builder.node("Squeeze", [signal.value, builder.integers([2])]);
  builder.output("embeddings", embeddings, "float32", ["batch", hiddenSize, "frames"]);
  return builder.finish();
}

/** `codes` int32 `[numCodebooks, batch, frames]` → `features`. */
export async function buildDequantization(checkpoint: Checkpoint, { decoder }: Network): Promise<OnnxModel> {
  const builder = new GraphBuilder("dequantization");
  const tensors = await readLayers(checkpoint, decoder.before);
  const codes = builder.input("codes", "int32", ["codebooks", "batch", "frames"]);
  const embeddings = dequantize(builder, await readCodebooks(checkpoint), codes);
  const y = emitLayers(builder, tensors, decoder.before, toSignal(builder, embeddings));
  builder.output("features", fromSignal(builder, y), "float32", ["batch", "frames", decoder.width]);
  return builder.finish();
}

/** `features` → `waveform` `[batch, audioChannels, frames * hopLength]`. */
export async function buildSynthesis(checkpoint: Checkpoint, { decoder }: Network): Promise<OnnxModel> {
  const { audioChannels } = checkpoint.config;
  const builder = new GraphBuilder("synthesis");
  const tensors = await readLayers(checkpoint, decoder.after);
  const features = builder.input("features", "float32", ["batch", "frames", decoder.width]);
  const y = emitLayers(builder, tensors, decoder.after, toSignal(builder, features));
  const waveform = builder.node("Squeeze", [y.value, builder.integers([2])]);
  builder.output("waveform", waveform, "float32", ["batch", audioChannels, `frames*${hopLengthOf(checkpoint.config)}`]);
  return builder.finish();
}

/** `[batch, frames, channels]` → `[batch, channels, 1, frames]`. */
function toSignal(builder: GraphBuilder, features: Value): Signal {
  const channelMajor = builder.node("Transpose", [features], { perm: [0, 2, 1] });
  return { value: builder.node("Unsqueeze", [channelMajor, builder.integers([2])]), minLength: 1 };
}

/** `[batch, channels, 1, frames]` → `[batch, frames, channels]`. */
function fromSignal(builder: GraphBuilder, signal: Signal): Value {
  return builder.node("Transpose", [builder.node("Squeeze", [signal.value, builder.integers([2])])], { perm: [0, 2, 1] });
}

function readLayers(checkpoint: Checkpoint, layers: readonly Layer[]): Promise<Tensors> {
  return readTensors(checkpoint, layers.flatMap(tensorsOf));
}

async function readCodebooks(checkpoint: Checkpoint): Promise<Codebooks> {
  const { codebookSize, codebookDim } = checkpoint.config;
  const specs = codebookTensors(checkpoint.config);
  const embeddings = new Float32Array(specs.length * codebookSize * codebookDim);
  for (const [index, { name }] of specs.entries()) {
    embeddings.set(await checkpoint.read(name), index * codebookSize * codebookDim);
  }
  return { embeddings, shape: [specs.length, codebookSize, codebookDim] };
}
