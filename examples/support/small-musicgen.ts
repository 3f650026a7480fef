import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GraphBuilder } from "../../src/graph/graph-builder.ts";
import type { Value } from "../../src/graph/graph-builder.ts";
import { characterTokenizer, characterTokenizerConfig } from "./character-tokenizer.ts";

/** The codes that a model is for. */
export interface SmallMusicgenShape {
  /** K. */
  readonly numCodebooks: number;
  /** Codes are below this, and the special token is this. */
  readonly codebookSize: number;
}

export const hiddenSize: number = 16;
const maxPositions = 2048;
const maxTextTokens = 64;

/**
 * Writes a MusicGen with repeatable random weights into a folder, laid out as @huggingface/transformers loads it:
 * text encoder, decoder with a key-value cache, and a tokenizer of characters. What it composes is noise.
 * In place of EnCodec's decoder stands a graph that gives back the codes themselves, as numbers.
 */
export async function writeSmallMusicgen(folder: string, shape: SmallMusicgenShape): Promise<void> {
  await mkdir(join(folder, "onnx"), { recursive: true });
  const random = randomNumbers(1);
  await writeModel(folder, "text_encoder", (graph) => buildTextEncoder(graph, random));
  await writeModel(folder, "decoder_model_merged", (graph) => buildDecoder(graph, shape, random));
  await writeModel(folder, "encodec_decode", (graph) => {
    const codes = graph.input("audio_codes", "int64", [1, "batch", shape.numCodebooks, "frames"]);
    graph.output("audio_values", graph.node("Cast", [codes], { to: 1 }), "float32", [1, "batch", shape.numCodebooks, "frames"]);
  });
  const special = { bos_token_id: shape.codebookSize, pad_token_id: shape.codebookSize };
  const decoder = {
    model_type: "musicgen_decoder",
    num_codebooks: shape.numCodebooks,
    vocab_size: shape.codebookSize,
    audio_channels: 1,
    hidden_size: hiddenSize,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    ...special,
  };
  await writeJson(folder, "config.json", { model_type: "musicgen", is_encoder_decoder: true, decoder });
  await writeJson(folder, "generation_config.json", {
    decoder_start_token_id: shape.codebookSize,
    guidance_scale: 3,
    do_sample: true,
    ...special,
  });
  await writeJson(folder, "tokenizer.json", characterTokenizer);
  await writeJson(folder, "tokenizer_config.json", characterTokenizerConfig);
}

/** Text ids `[B, N]` → states `[B, N, hidden]`: an embedding and nothing more. */
function buildTextEncoder(graph: GraphBuilder, random: RandomWeights): void {
  const ids = graph.input("input_ids", "int64", ["batch", "tokens"]);
  const embeddings = graph.weight("text.embeddings", [maxTextTokens, hiddenSize], random(maxTextTokens * hiddenSize, 1));
  graph.output("last_hidden_state", graph.node("Gather", [embeddings, ids]), "float32", ["batch", "tokens", hiddenSize]);
}

/** Ids `[B·K, n]` → logits `[B·K, n, codebookSize]`: summed embeddings, one layer of causal attention, a head for each codebook. */
function buildDecoder(graph: GraphBuilder, { numCodebooks, codebookSize }: SmallMusicgenShape, random: RandomWeights): void {
  const ids = graph.input("input_ids", "int64", ["rows", "steps"]);
  const text = graph.input("encoder_hidden_states", "float32", ["batch", "tokens", hiddenSize]);
  const isCached = graph.input("use_cache_branch", "bool", [1]);
  const cacheDims = ["batch", 1, "past", hiddenSize];
  const matrix = (name: string, columns: number): Value =>
    graph.weight(`decoder.${name}`, [hiddenSize, columns], random(hiddenSize * columns, hiddenSize ** -0.5));

  // All but the first pass go on from what the cache holds; the first is given one of the wrong batch size, which it leaves alone.
  const withPast = (name: "key" | "value", states: Value): Value => {
    const cached = graph.input(`past_key_values.0.decoder.${name}`, "float32", cacheDims);
    const branch = (build: (inner: GraphBuilder) => Value) =>
      graph.subgraph((inner) => inner.output(`${name}.past`, build(inner), "float32", cacheDims));
    const past = graph.node("If", [isCached], {
      then_branch: branch((inner) => inner.node("Identity", [cached])),
      else_branch: branch((inner) => inner.node("Slice", [states, inner.integers([0]), inner.integers([0]), inner.integers([2])])),
    });
    const all = graph.node("Concat", [past, states], { axis: 2 });
    graph.output(`present.0.decoder.${name}`, all, "float32", cacheDims);
    return all;
  };
  const lengthOf = (states: Value): Value =>
    graph.node("Squeeze", [graph.node("Slice", [graph.node("Shape", [states]), graph.integers([-2]), graph.integers([-1])])]);

  // [B·K, n] → [n, B, K], each codebook's ids moved to its own rows of the table, whose last is the special token's.
  const offsets = graph.integers(Array.from({ length: numCodebooks }, (_, codebook) => codebook * (codebookSize + 1)));
  const byStep = graph.node("Reshape", [graph.node("Transpose", [ids], { perm: [1, 0] }), graph.integers([0, -1, numCodebooks])]);
  const numRows = numCodebooks * (codebookSize + 1);
  const table = graph.weight("decoder.embeddings", [numRows, hiddenSize], random(numRows * hiddenSize, 1));
  const embedded = graph.node("ReduceSum", [graph.node("Gather", [table, graph.node("Add", [byStep, offsets])]), graph.integers([2])], {
    keepdims: 0,
  });
  const codes = graph.node("Transpose", [embedded], { perm: [1, 0, 2] }); // [B, n, hidden]
  const conditioned = graph.node("Add", [codes, graph.node("ReduceMean", [text], { axes: [1], keepdims: 1 })]);

  // [B, 1, past + n, hidden], positions added to the keys, as each is cached with its own.
  const heads = graph.node("Unsqueeze", [conditioned, graph.integers([1])]);
  const values = withPast("value", graph.node("MatMul", [heads, matrix("value", hiddenSize)]));
  const total = lengthOf(values);
  const first = graph.node("Sub", [total, lengthOf(heads)]);
  const keyAt = graph.node("Range", [graph.integers(0), total, graph.integers(1)]);
  const queryAt = graph.node("Range", [first, total, graph.integers(1)]);
  const positions = graph.weight("decoder.positions", [maxPositions, hiddenSize], random(maxPositions * hiddenSize, 1));
  const placed = graph.node("Add", [heads, graph.node("Gather", [positions, queryAt])]);
  const keys = withPast("key", graph.node("MatMul", [placed, matrix("key", hiddenSize)]));
  const queries = graph.node("MatMul", [placed, matrix("query", hiddenSize)]);

  const scores = graph.node("MatMul", [queries, graph.node("Transpose", [keys], { perm: [0, 1, 3, 2] })]);
  const isSeen = graph.node("LessOrEqual", [keyAt, graph.node("Unsqueeze", [queryAt, graph.integers([1])])]);
  const unseen = graph.weight("decoder.unseen", [], Float32Array.of(-1e9));
  const attention = graph.node("Softmax", [graph.node("Where", [isSeen, scores, unseen])], { axis: -1 });
  const mixed = graph.node("Add", [placed, graph.node("MatMul", [attention, values])]);

  // [B, 1, n, K·codebookSize] → [n, B·K, codebookSize] → [B·K, n, codebookSize].
  const all = graph.node("MatMul", [graph.node("Squeeze", [mixed, graph.integers([1])]), matrix("heads", numCodebooks * codebookSize)]);
  const stepsFirst = graph.node("Transpose", [all], { perm: [1, 0, 2] });
  const logits = graph.node("Transpose", [graph.node("Reshape", [stepsFirst, graph.integers([0, -1, codebookSize])])], { perm: [1, 0, 2] });
  graph.output("logits", logits, "float32", ["rows", "steps", codebookSize]);
}

/** Weights between −scale and scale. */
type RandomWeights = (length: number, scale: number) => Float32Array;

function randomNumbers(seed: number): RandomWeights {
  let state = seed;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) / 1_073_741_824 - 1;
  return (length, scale) => Float32Array.from({ length }, () => scale * next());
}

async function writeModel(folder: string, name: string, build: (graph: GraphBuilder) => void): Promise<void> {
  const builder = new GraphBuilder(name);
  build(builder);
  const { graph, weights } = builder.finish();
  await writeFile(join(folder, "onnx", `${name}.onnx`), graph);
  for (const [location, bytes] of weights) await writeFile(join(folder, "onnx", location), bytes);
}

function writeJson(folder: string, name: string, content: unknown): Promise<void> {
  return writeFile(join(folder, name), JSON.stringify(content));
}
