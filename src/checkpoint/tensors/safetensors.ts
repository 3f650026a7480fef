import { CheckpointError, inTurns, maxJsonLength, printable, printableJson } from "../../core/index.ts";
import type { ByteSource } from "../../core/index.ts";
import { byteLengthOf, dtypes, isDType, toFloat32 } from "./dtype.ts";
import { isJsonObject, parseStrictJson } from "./strict-json.ts";
import type { TensorFile, TensorInfo } from "./tensor-file.ts";
import { checkTensorName, maxDimensions } from "./tensor-limits.ts";

/** Bytes before the header: its length as a little-endian u64. */
const prefixLength = 8;

/**
 * Longest header that is read, in bytes; that of MusicGen's largest checkpoint has 0.2 MB. The format allows 100 MB, which would take
 * seconds during which nothing else happens, and gigabytes of memory.
 */
const maxHeaderLength = maxJsonLength;

/** Most texts in `__metadata__`. Ours have under twenty. */
const maxMetadata = 10_000;

const openingBrace = 0x7b;

/** A tensor with its place in the data section, end exclusive, in bytes. */
interface StoredTensor extends TensorInfo {
  readonly begin: number;
  readonly end: number;
}

/**
 * Opens a safetensors file: reads and checks its header, no tensor yet.
 *
 * ```text
 * u64 header length │ JSON header, padded with spaces │ data: the tensors, back to back
 * ```
 *
 * @throws CheckpointError with code CHECKPOINT_FORMAT if any rule of the format is broken: the header's length, a
 * duplicate key, an element type or shape that makes no sense, a size that is not shape × element, data that overlap,
 * leave a hole or do not end where the file ends; or if it goes beyond the limits here: a header of 2 MiB, 20,000 tensors, names of
 * 512 characters, 8 dimensions, 10,000 texts of metadata.
 * Source: safetensors format description (README) and `SafeTensors::read_metadata`.
 */
export async function openSafetensors(source: ByteSource): Promise<TensorFile> {
  const dataOffset = prefixLength + (await readHeaderLength(source));
  const header = await parseHeader(source.name, await source.read(prefixLength, dataOffset - prefixLength));
  const metadata = header["__metadata__"];
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  const tensors = new Map(
    names
      .map((name, index) => {
        checkTensorName(source.name, name, index + 1);
        return [name, parseEntry(source.name, name, header[name])] as const;
      })
      .toSorted(([, a], [, b]) => a.begin - b.begin || a.end - b.end),
  );
  checkCover(source.name, tensors, source.size - dataOffset);

  async function readBytes(name: string): Promise<Uint8Array> {
    const { begin, end } = tensorOf(source.name, tensors, name);
    return source.read(dataOffset + begin, end - begin);
  }

  return {
    name: source.name,
    metadata: parseMetadata(source.name, metadata),
    tensors,
    readBytes,
    async readFloat32(name) {
      const { dtype } = tensorOf(source.name, tensors, name);
      return inTurns(toFloat32(await readBytes(name), dtype, name));
    },
  };
}

/** Whether bytes start as such a file does: with a length below 4 GiB, whose upper half no text and no other format has, and a brace. */
export function startsLikeSafetensors(head: Uint8Array): boolean {
  return head[prefixLength] === openingBrace && head.subarray(4, prefixLength).every((byte) => byte === 0);
}

async function readHeaderLength(source: ByteSource): Promise<number> {
  if (source.size < prefixLength) {
    throw broken(source.name, `it has ${source.size} bytes, too few for the 8 bytes that open one`);
  }
  const prefix = await source.read(0, prefixLength);
  const length = new DataView(prefix.buffer, prefix.byteOffset, prefixLength).getBigUint64(0, true);
  if (length > BigInt(maxHeaderLength)) {
    throw broken(source.name, `its header claims ${length} bytes; at most ${maxHeaderLength} are allowed`);
  }
  if (length > BigInt(source.size - prefixLength)) {
    throw broken(source.name, `its header claims ${length} bytes, but ${source.size - prefixLength} follow; the file may be cut short`);
  }
  return Number(length);
}

async function parseHeader(file: string, bytes: Uint8Array): Promise<Readonly<Record<string, unknown>>> {
  if (bytes[0] !== openingBrace) throw broken(file, "its header does not start with {");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw broken(file, "its header is not UTF-8", { cause });
  }
  const header = await inTurns(parseStrictJson(text, `${file}: header`));
  if (!isJsonObject(header)) throw broken(file, "its header is not a JSON object");
  return header;
}

function parseMetadata(file: string, metadata: unknown): ReadonlyMap<string, string> {
  if (metadata === undefined) return new Map();
  if (!isJsonObject(metadata)) throw broken(file, "__metadata__ is not an object");
  const keys = Object.keys(metadata);
  if (keys.length > maxMetadata) throw broken(file, `__metadata__ holds ${keys.length} texts; at most ${maxMetadata} are read`);
  return new Map(
    keys.map((key) => {
      const value = metadata[key];
      if (typeof value !== "string") {
        throw broken(file, `__metadata__ holds a ${typeof value} under ${printableJson(key)}; only text is allowed`);
      }
      return [key, value];
    }),
  );
}

function parseEntry(file: string, tensor: string, entry: unknown): StoredTensor {
  if (!isJsonObject(entry)) throw broken(file, `the entry of tensor ${printable(tensor)} is not an object`, { tensor });
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDType(dtype)) {
    throw broken(file, `tensor ${printable(tensor)} has dtype ${printableJson(dtype)}; known are ${dtypes.join(", ")}`, {
      tensor,
    });
  }
  if (!isSizes(shape) || shape.length > maxDimensions) {
    throw broken(
      file,
      `tensor ${printable(tensor)} has shape ${shape === undefined ? "missing" : printableJson(shape)}; ` +
        `expected an array of whole numbers, at most ${maxDimensions}`,
      { tensor },
    );
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw broken(file, `tensor ${printable(tensor)} has data_offsets ${printableJson(offsets)}; expected [begin, end]`, {
      tensor,
    });
  }
  const [begin, end] = offsets as [number, number];
  const expected = byteLengthOf(dtype, shape);
  if (end - begin !== expected) {
    throw broken(
      file,
      `tensor ${printable(tensor)} takes ${end - begin} bytes; ` +
        `${dtype} ${printableJson(shape)} takes ${expected ?? "more than can be addressed"}`,
      { tensor },
    );
  }
  return { dtype, shape, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** Checks that the tensors, in order of their offsets, cover the data section exactly: no overlap, no hole, no rest. */
function checkCover(file: string, tensors: ReadonlyMap<string, StoredTensor>, dataLength: number): void {
  let covered = 0;
  for (const [tensor, { begin, end }] of tensors) {
    if (begin !== covered) {
      const what = begin < covered ? "overlaps the one before it" : "leaves a hole before it";
      throw broken(file, `tensor ${printable(tensor)} ${what}: it begins at ${begin}, expected ${covered}`, { tensor });
    }
    covered = end;
  }
  if (covered !== dataLength) {
    const hint = covered > dataLength ? "; the file may be cut short" : "";
    throw broken(file, `its tensors take ${covered} bytes, but ${dataLength} follow the header${hint}`);
  }
}

function tensorOf(file: string, tensors: ReadonlyMap<string, StoredTensor>, tensor: string): StoredTensor {
  const found = tensors.get(tensor);
  if (found === undefined) {
    throw new CheckpointError("CHECKPOINT_TENSOR", `${file} has no tensor ${printable(tensor)}`, { tensor });
  }
  return found;
}

function broken(file: string, what: string, options: ErrorOptions & { readonly tensor?: string } = {}): CheckpointError {
  return new CheckpointError("CHECKPOINT_FORMAT", `${file} is not a sound safetensors file: ${what}`, options);
}
