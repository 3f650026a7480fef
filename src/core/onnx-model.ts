/**
 * An ONNX model in two parts: the graph as a serialized `ModelProto`, and the weights that it refers to as external data.
 * Keeping them apart means that weights are written once, straight from the checkpoint, and never pass through protobuf.
 */
export interface OnnxModel {
  /** Serialized `ModelProto`. */
  readonly graph: Uint8Array;
  /** Raw little-endian tensor data, by the `location` that the graph calls it by. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
}
