import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/**
 * The part of ONNX's protobuf schema that the codec's graphs use, and its serialization.
 * Field numbers are those of `onnx/onnx.proto`; names are its names in camel case.
 * A test decodes what is written here with the official schema.
 */

/** `TensorProto.DataType`. */
export const DataType = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
export type OnnxElementType = keyof typeof DataType;

export type Attribute = number | string | readonly number[] | { readonly float: number } | GraphProto;

export interface NodeProto {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant: raw little-endian bytes in the graph itself, or a range of external data. */
export interface TensorProto {
  readonly name: string;
  readonly type: OnnxElementType;
  readonly dims: readonly number[];
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number };
}

/** A graph input or output; a dimension is a number, or a name where it varies. */
export interface ValueInfo {
  readonly name: string;
  readonly type: OnnxElementType;
  readonly dims: readonly (number | string)[];
}

export interface GraphProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** ONNX operator set that the graphs are written against. */
export const opsetVersion = 17;
/** The IR that goes with this operator set. */
const irVersion = 8;

/** Serializes a `ModelProto` around a graph. */
export function serializeModel(graph: GraphProto): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(irVersion);
  writer.tag(2, WireType.LengthDelimited).string("encodec-tokenizer");
  message(writer, 7, () => writeGraph(writer, graph));
  message(writer, 8, () => writer.tag(2, WireType.Varint).int64(opsetVersion));
  return writer.finish();
}

function writeGraph(writer: BinaryWriter, graph: GraphProto): void {
  for (const node of graph.nodes) message(writer, 1, () => writeNode(writer, node));
  writer.tag(2, WireType.LengthDelimited).string(graph.name);
  for (const tensor of graph.initializers) message(writer, 5, () => writeTensor(writer, tensor));
  for (const input of graph.inputs) message(writer, 11, () => writeValueInfo(writer, input));
  for (const output of graph.outputs) message(writer, 12, () => writeValueInfo(writer, output));
}

function writeNode(writer: BinaryWriter, node: NodeProto): void {
  for (const input of node.inputs) writer.tag(1, WireType.LengthDelimited).string(input);
  for (const output of node.outputs) writer.tag(2, WireType.LengthDelimited).string(output);
  writer.tag(3, WireType.LengthDelimited).string(node.outputs[0] ?? node.opType);
  writer.tag(4, WireType.LengthDelimited).string(node.opType);
  for (const [name, value] of Object.entries(node.attributes)) message(writer, 5, () => writeAttribute(writer, name, value));
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  writer.tag(1, WireType.LengthDelimited).string(name);
  let type: number;
  if (typeof value === "number") {
    writer.tag(3, WireType.Varint).int64(value);
    type = 2;
  } else if (typeof value === "string") {
    writer.tag(4, WireType.LengthDelimited).string(value);
    type = 3;
  } else if ("nodes" in value) {
    message(writer, 6, () => writeGraph(writer, value));
    type = 5;
  } else if ("float" in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    type = 1;
  } else {
    for (const item of value) writer.tag(8, WireType.Varint).int64(item);
    type = 7;
  }
  writer.tag(20, WireType.Varint).int32(type);
}

function writeTensor(writer: BinaryWriter, tensor: TensorProto): void {
  for (const dim of tensor.dims) writer.tag(1, WireType.Varint).int64(dim);
  writer.tag(2, WireType.Varint).int32(DataType[tensor.type]);
  writer.tag(8, WireType.LengthDelimited).string(tensor.name);
  if (tensor.data instanceof Uint8Array) {
    writer.tag(9, WireType.LengthDelimited).bytes(tensor.data);
    return;
  }
  for (const [key, value] of Object.entries(tensor.data)) {
    message(writer, 13, () => {
      writer.tag(1, WireType.LengthDelimited).string(key);
      writer.tag(2, WireType.LengthDelimited).string(String(value));
    });
  }
  writer.tag(14, WireType.Varint).int32(1);
}

function writeValueInfo(writer: BinaryWriter, info: ValueInfo): void {
  writer.tag(1, WireType.LengthDelimited).string(info.name);
  message(writer, 2, () => {
    message(writer, 1, () => {
      writer.tag(1, WireType.Varint).int32(DataType[info.type]);
      message(writer, 2, () => {
        for (const dim of info.dims) {
          message(writer, 1, () => {
            if (typeof dim === "number") writer.tag(1, WireType.Varint).int64(dim);
            else writer.tag(2, WireType.LengthDelimited).string(dim);
          });
        }
      });
    });
  });
}

/** Writes an embedded message: its fields are whatever `fields` writes. */
function message(writer: BinaryWriter, fieldNumber: number, fields: () => void): void {
  writer.tag(fieldNumber, WireType.LengthDelimited).fork();
  fields();
  writer.join();
}
