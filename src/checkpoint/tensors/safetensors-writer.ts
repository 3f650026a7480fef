import { byteLengthOf, dtypes } from "./dtype.ts";
import type { DType } from "./dtype.ts";

/** A tensor to be stored: its elements little-endian, row-major. */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The header is padded so that the data begin at a multiple of this many bytes, and so do all elements of up to 64 bits. */
const alignment = 8;

/**
 * Lays out tensors as the bytes of a safetensors file. The same input gives the same bytes, whatever its order:
 * tensors are stored by element type, widest first, then by name, and metadata by key.
 * @throws RangeError if the bytes of a tensor are not shape × element type, or one is named `__metadata__`.
 * Source: safetensors 0.8 `prepare`, whose order of tensors this is.
 */
export function formatSafetensors(tensors: ReadonlyMap<string, TensorData>, metadata: ReadonlyMap<string, string> = new Map()): Uint8Array {
  const inOrder = [...tensors].toSorted(
    ([nameA, a], [nameB, b]) => dtypes.indexOf(b.dtype) - dtypes.indexOf(a.dtype) || (nameA < nameB ? -1 : 1),
  );
  const header = formatHeader(inOrder, metadata);
  const bytes = new Uint8Array(8 + header.length + inOrder.reduce((sum, [, tensor]) => sum + tensor.bytes.length, 0));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  let offset = 8 + header.length;
  for (const [, tensor] of inOrder) {
    bytes.set(tensor.bytes, offset);
    offset += tensor.bytes.length;
  }
  return bytes;
}

function formatHeader(inOrder: readonly (readonly [string, TensorData])[], metadata: ReadonlyMap<string, string>): Uint8Array {
  const entries: (readonly [string, unknown])[] = [];
  if (metadata.size > 0) {
    entries.push(["__metadata__", Object.fromEntries([...metadata].toSorted(([a], [b]) => (a < b ? -1 : 1)))]);
  }
  let begin = 0;
  for (const [name, { dtype, shape, bytes }] of inOrder) {
    if (name === "__metadata__") {
      throw new RangeError("a tensor cannot be named __metadata__; safetensors keeps that name for text");
    }
    if (bytes.length !== byteLengthOf(dtype, shape)) {
      throw new RangeError(`tensor ${name} has ${bytes.length} bytes; ${dtype} [${shape.join(", ")}] takes ${byteLengthOf(dtype, shape)}`);
    }
    entries.push([name, { dtype, shape, data_offsets: [begin, begin + bytes.length] }]);
    begin += bytes.length;
  }
  // Object.fromEntries makes own properties of any key, `__proto__` included. Keys like "1" move to the front, which is
  // harmless: offsets say where a tensor lies, not its place in the header.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const header = new Uint8Array(Math.ceil(json.length / alignment) * alignment).fill(0x20);
  header.set(json);
  return header;
}
