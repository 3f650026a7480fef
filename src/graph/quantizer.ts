import type { GraphBuilder, Value } from "./graph-builder.ts";
import { DataType } from "./onnx-proto.ts";

/** The codebooks of a residual vector quantizer, stacked: `[numQuantizers, codebookSize, codebookDim]`. */
export interface Codebooks {
  readonly embeddings: Float32Array;
  readonly shape: readonly [numQuantizers: number, codebookSize: number, codebookDim: number];
}

/**
 * Residual vector quantization of `[rows, codebookDim]` by the first `numCodebooks` codebooks (an int64 scalar input,
 * so that one graph serves every bandwidth and fewer codebooks are less work).
 *
 * The nearest entry e to a residual r is the one with the greatest 2·r·e − |e|²; |r|² changes no winner.
 * @returns int64 `[numCodebooks, rows]`.
 * Source: transformers 5.17 `EncodecResidualVectorQuantizer.encode`, `EncodecEuclideanCodebook.quantize`.
 */
export function quantize(builder: GraphBuilder, codebooks: Codebooks, rows: Value, numCodebooks: Value): Value {
  const [numQuantizers, codebookSize, codebookDim] = codebooks.shape;
  const embeddings = builder.weight("codebooks", codebooks.shape, codebooks.embeddings);
  const norms = builder.weight("codebooks.norms", [numQuantizers, codebookSize], squaredNorms(codebooks));
  const body = builder.subgraph((loop) => {
    const index = loop.input("codebook", "int64", []);
    const goesOn = loop.input("goes_on", "bool", []);
    const residual = loop.input("residual", "float32", ["rows", codebookDim]);
    const codebook = loop.node("Gather", [embeddings, index], { axis: 0 });
    const norm = loop.node("Gather", [norms, index], { axis: 0 });
    const scores = loop.node("Gemm", [residual, codebook, norm], { alpha: { float: 2 }, beta: { float: -1 }, transB: 1 });
    const codes = loop.node("ArgMax", [scores], { axis: 1, keepdims: 0 });
    const quantized = loop.node("Gather", [codebook, codes], { axis: 0 });
    loop.output("still_goes_on", goesOn, "bool", []);
    loop.output("next_residual", loop.node("Sub", [residual, quantized]), "float32", ["rows", codebookDim]);
    loop.output("codes_of_codebook", codes, "int64", ["rows"]);
  });
  return builder.nodes("Loop", [numCodebooks, "", rows], 2, { body })[1]!;
}

/**
 * The sum of the codebook entries that codes `[numCodebooks, batch, frames]` (int32) name.
 * @returns `[batch, frames, codebookDim]`.
 * Source: transformers 5.17 `EncodecResidualVectorQuantizer.decode`.
 */
export function dequantize(builder: GraphBuilder, codebooks: Codebooks, codes: Value): Value {
  const [numQuantizers, codebookSize, codebookDim] = codebooks.shape;
  const table = builder.weight("codebooks", [numQuantizers * codebookSize, codebookDim], codebooks.embeddings);
  const numCodebooks = builder.node("Shape", [codes], { start: 0, end: 1 });
  const end = builder.node("Mul", [builder.node("Squeeze", [numCodebooks]), builder.integers(codebookSize)]);
  const starts = builder.node("Range", [builder.integers(0), end, builder.integers(codebookSize)]);
  const offsets = builder.node("Unsqueeze", [starts, builder.integers([1, 2])]);
  const entries = builder.node("Gather", [table, builder.node("Add", [builder.node("Cast", [codes], { to: DataType.int64 }), offsets])], {
    axis: 0,
  });
  return builder.node("ReduceSum", [entries, builder.integers([0])], { keepdims: 0 });
}

function squaredNorms({ embeddings, shape: [numQuantizers, codebookSize, codebookDim] }: Codebooks): Float32Array {
  const norms = new Float32Array(numQuantizers * codebookSize);
  for (let row = 0; row < norms.length; row++) {
    let sum = 0;
    for (let i = row * codebookDim; i < (row + 1) * codebookDim; i++) sum += embeddings[i]! ** 2;
    norms[row] = sum;
  }
  return norms;
}
