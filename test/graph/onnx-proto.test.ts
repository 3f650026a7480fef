import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { DataType, opsetVersion } from "../../src/graph/onnx-proto.ts";
import { GraphBuilder } from "../../src/graph/graph-builder.ts";

const schema = await protobuf.load(fileURLToPath(new URL("../fixtures/onnx/onnx.proto", import.meta.url)));
const ModelProto = schema.lookupType("onnx.ModelProto");

interface Decoded {
  readonly irVersion: number;
  readonly opsetImport: readonly { readonly version: number }[];
  readonly graph: DecodedGraph;
}

interface DecodedGraph {
  readonly name: string;
  readonly node: readonly { opType: string; input?: string[]; output: string[]; attribute?: Record<string, unknown>[] }[];
  readonly initializer: readonly Record<string, unknown>[];
  readonly input: readonly Record<string, unknown>[];
  readonly output: readonly Record<string, unknown>[];
}

/** Decodes with the official schema, which must know every byte: writing it again gives the same length. */
function decode(bytes: Uint8Array): Decoded {
  const message = ModelProto.decode(bytes);
  expect(ModelProto.encode(message).finish()).toHaveLength(bytes.length);
  return ModelProto.toObject(message, { longs: Number, bytes: Array, enums: String }) as Decoded;
}

test("the official ONNX schema reads every part of a model that the builder writes", () => {
  const builder = new GraphBuilder("example");
  const x = builder.input("x", "float32", ["batch", 3]);
  const w = builder.weight("w", [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));
  const y = builder.node("Gemm", [x, w], { alpha: { float: 0.5 }, transB: 0 });
  const padded = builder.node("Pad", [y, builder.integers([0, 1, 0, -1])], { mode: "reflect" });
  const branch = builder.subgraph((inner) => inner.output("inner", inner.node("Elu", [padded]), "float32", ["batch", 2]));
  const z = builder.node("If", [builder.input("choice", "bool", []), ""], {
    then_branch: branch,
    else_branch: branch,
    list: [1, -2, 2 ** 40],
  });
  builder.output("z", z, "float32", ["batch", 2]);
  const { graph, weights } = builder.finish();
  const model = decode(graph);

  expect(model.irVersion).toBe(8);
  expect(model.opsetImport).toEqual([{ version: opsetVersion }]);
  expect(model.graph.name).toBe("example");
  expect(model.graph.node.map(({ opType }) => opType)).toEqual(["Gemm", "Pad", "If", "Identity"]);
  const [gemm, pad, choose] = model.graph.node;
  expect(gemm!.input).toEqual(["x", "w"]);
  expect(gemm!.attribute).toEqual([
    { name: "alpha", type: "FLOAT", f: 0.5 },
    { name: "transB", type: "INT", i: 0 },
  ]);
  expect(pad!.attribute).toEqual([{ name: "mode", type: "STRING", s: [...Buffer.from("reflect")] }]);
  expect(choose!.input).toEqual(["choice", ""]);
  expect(choose!.attribute![0]).toMatchObject({
    name: "then_branch",
    type: "GRAPH",
    g: { node: [{ opType: "Elu" }, { opType: "Identity" }] },
  });
  expect(choose!.attribute![2]).toMatchObject({ name: "list", type: "INTS", ints: [1, -2, 2 ** 40] });

  expect(model.graph.initializer).toMatchObject([
    {
      name: "w",
      dims: [3, 2],
      dataType: DataType.float32,
      dataLocation: "EXTERNAL",
      externalData: [
        { key: "location", value: "w" },
        { key: "offset", value: "0" },
        { key: "length", value: "24" },
      ],
    },
    { dims: [4], dataType: DataType.int64, rawData: [...new Uint8Array(BigInt64Array.of(0n, 1n, 0n, -1n).buffer)] },
  ]);
  expect(new Float32Array(Uint8Array.from(weights.get("w")!).buffer)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  expect(model.graph.input[0]).toEqual({
    name: "x",
    type: { tensorType: { elemType: DataType.float32, shape: { dim: [{ dimParam: "batch" }, { dimValue: 3 }] } } },
  });
  expect(model.graph.output.map(({ name }) => name)).toEqual(["z"]);
});

test("constants of equal value are stored once", () => {
  const builder = new GraphBuilder("example");
  expect(builder.integers([1, 2])).toBe(builder.integers([1, 2]));
  expect(builder.integers(1)).not.toBe(builder.integers([1]));
});
