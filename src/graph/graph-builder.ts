import type { OnnxModel } from "../core/index.ts";
import { serializeModel } from "./onnx-proto.ts";
import type { Attribute, OnnxElementType, GraphProto, NodeProto, TensorProto, ValueInfo } from "./onnx-proto.ts";

/** Name of a tensor inside a graph. */
export type Value = string;

/** What a graph and its subgraphs share. */
interface ModelState {
  readonly weights: Map<string, Uint8Array>;
  count: number;
}

/**
 * Writes an ONNX graph node by node.
 *
 * `node("Conv", [x, w], { kernel_shape: [1, 7] })` returns the name of the node's output, so that code reads as the
 * computation it builds. Subgraphs (`If` branches, `Loop` bodies) see the values of the graph around them.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  readonly #constants = new Map<string, Value>();
  readonly #state: ModelState;

  constructor(name: string, state: ModelState = { weights: new Map(), count: 0 }) {
    this.#name = name;
    this.#state = state;
  }

  input(name: string, type: OnnxElementType, dims: ValueInfo["dims"]): Value {
    this.#inputs.push({ name, type, dims });
    return name;
  }

  /** Declares `value` an output of the graph, under the name `name`. */
  output(name: string, value: Value, type: OnnxElementType, dims: ValueInfo["dims"]): void {
    this.#nodes.push({ opType: "Identity", inputs: [value], outputs: [name], attributes: {} });
    this.#outputs.push({ name, type, dims });
  }

  /** Adds a node with one output and returns that output's name. An empty input name leaves an optional input out. */
  node(opType: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.nodes(opType, inputs, 1, attributes)[0]!;
  }

  /** Adds a node with several outputs. */
  nodes(opType: string, inputs: readonly Value[], count: number, attributes: Readonly<Record<string, Attribute>> = {}): Value[] {
    const base = this.#fresh(opType);
    const outputs = Array.from({ length: count }, (_, index) => (index === 0 ? base : `${base}.${index}`));
    this.#nodes.push({ opType, inputs, outputs, attributes });
    return outputs;
  }

  /** A float32 constant; its bytes stay where they are and go along as external data. */
  weight(name: string, dims: readonly number[], values: Float32Array): Value {
    if (this.#state.weights.has(name)) throw new TypeError(`the graph already has a weight ${name}`);
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#state.weights.set(name, data);
    this.#initializers.push({ name, type: "float32", dims, data: { location: name, offset: 0, length: data.byteLength } });
    return name;
  }

  /** An int64 constant: a vector, or a scalar if given a number. Equal constants are shared. */
  integers(values: number | readonly number[]): Value {
    const isScalar = typeof values === "number";
    const list = isScalar ? [values] : values;
    return this.#constant(`integers ${JSON.stringify(values)}`, {
      type: "int64",
      dims: isScalar ? [] : [list.length],
      data: new Uint8Array(BigInt64Array.from(list, BigInt).buffer),
    });
  }

  /** A float32 scalar. Equal ones are shared. */
  float(value: number): Value {
    return this.#constant(`float ${value}`, { type: "float32", dims: [], data: new Uint8Array(Float32Array.of(value).buffer) });
  }

  /** A graph for an attribute of a node of this one; its weights are stored with this graph's. */
  subgraph(build: (builder: GraphBuilder) => void): GraphProto {
    const builder = new GraphBuilder(this.#fresh("subgraph"), this.#state);
    build(builder);
    return builder.#graph();
  }

  /** The finished model. */
  finish(): OnnxModel {
    return { graph: serializeModel(this.#graph()), weights: this.#state.weights };
  }

  #graph(): GraphProto {
    return {
      name: this.#name,
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }

  #constant(key: string, tensor: Omit<TensorProto, "name">): Value {
    let name = this.#constants.get(key);
    if (name === undefined) {
      name = this.#fresh("constant");
      this.#initializers.push({ name, ...tensor });
      this.#constants.set(key, name);
    }
    return name;
  }

  #fresh(kind: string): Value {
    return `${kind}_${this.#state.count++}`;
  }
}
