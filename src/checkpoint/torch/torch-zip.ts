import { CheckpointError, inTurns, printable } from "../../core/index.ts";
import type { ByteSource } from "../../core/index.ts";
import { byteLengthOf, numElementsOf, toFloat32 } from "../tensors/dtype.ts";
import type { TensorFile } from "../tensors/tensor-file.ts";
import { checkTensorName } from "../tensors/tensor-limits.ts";
import { isPickledDict, malformed } from "./pickle-globals.ts";
import { PickledTensor } from "./pickle-values.ts";
import type { PickleValue } from "./pickle-values.ts";
import { readPickle } from "./pickle.ts";
import { gatherElements, isContiguous, spanOf } from "./strided.ts";
import { openStoredZip } from "./stored-zip.ts";
import type { StoredZip, StoredEntry } from "./stored-zip.ts";

/** Largest pickle that is read; that of a model with 10,000 tensors has under 2 MB. */
const maxPickleLength = 16 * 2 ** 20;

/** How often tensors whose elements lie apart may have a storage read: each reads all that lies between its own. */
const maxReads = 16;

/** What `torch.save` stored. */
export interface TorchFile {
  readonly name: string;
  /** The saved object; tensors in it are descriptions. */
  readonly root: PickleValue;
  /**
   * Gives access to the tensors of a dict inside `root`, keyed by text. Entries that are not tensors are left out.
   * @throws CheckpointError if `dict` is not a dict, or a tensor does not fit its storage or its storage the archive.
   */
  tensorsIn(dict: PickleValue | undefined): TensorFile;
}

/**
 * Opens a file of `torch.save` (PyTorch 1.6 and later): a zip archive with a pickle, which is read as data and never
 * executed, and one entry per storage.
 *
 * ```text
 * <name>/data.pkl     the object, referring to storages by number
 * <name>/byteorder    "little" or "big"; missing in files before PyTorch 2.1, which were little-endian in practice
 * <name>/data/0 …     the storages' elements
 * ```
 *
 * The archive's CRC sums are not checked, as PyTorch can be told not to compute them.
 * @throws CheckpointError with code CHECKPOINT_UNSAFE if the pickle asks for more than tensors, CHECKPOINT_FORMAT if it
 * or the archive is not sound.
 * Source: PyTorch `torch/serialization.py` (`_save`, `_load`).
 */
export async function openTorchZip(source: ByteSource): Promise<TorchFile> {
  const archive = await openStoredZip(source);
  const { name: pickleName, size } = findPickle(source.name, archive);
  const folder = pickleName.slice(0, -"data.pkl".length);
  await checkByteOrder(source, archive, folder);
  if (size > maxPickleLength) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${source.name}: ${pickleName} has ${size} bytes; at most ${maxPickleLength} are read`);
  }
  const root = await inTurns(readPickle(await readEntry(source, archive, pickleName), `${source.name}: its pickle`));
  return { name: source.name, root, tensorsIn: (dict) => tensorFile(source, archive, folder, dict) };
}

function findPickle(file: string, archive: StoredZip): StoredEntry {
  const pickles = [...archive.entries.values()].filter((entry) => /^[^/]+\/data\.pkl$/.test(entry.name));
  if (pickles.length !== 1) {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${file} is a zip archive with ${pickles.length} files named */data.pkl; torch.save writes one`,
    );
  }
  return pickles[0]!;
}

async function checkByteOrder(source: ByteSource, archive: StoredZip, folder: string): Promise<void> {
  const name = `${folder}byteorder`;
  const entry = archive.entries.get(name);
  if (entry === undefined) return;
  const order = entry.size > 16 ? "" : new TextDecoder("latin1").decode(await readEntry(source, archive, name));
  if (order !== "little") {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${source.name} has byte order ${JSON.stringify(printable(order))}; only "little" is read. ` +
        `Load and save it again on a little-endian machine`,
    );
  }
}

async function readEntry(source: ByteSource, archive: StoredZip, name: string): Promise<Uint8Array> {
  const entry = archive.entries.get(name)!;
  return source.read(await archive.locate(entry), entry.size);
}

function tensorFile(source: ByteSource, archive: StoredZip, folder: string, dict: PickleValue | undefined): TensorFile {
  const tensors = new Map<string, PickledTensor>();
  if (!isPickledDict(dict)) throw malformed(source.name, "holds no dict of tensors where one was expected");
  for (const [name, value] of dict) {
    if (typeof name !== "string" || !(value instanceof PickledTensor)) continue;
    checkTensorName(source.name, name, tensors.size + 1);
    checkTensor(source.name, archive, folder, name, value);
    tensors.set(name, value);
  }

  async function readBytes(name: string): Promise<Uint8Array> {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new CheckpointError("CHECKPOINT_TENSOR", `${source.name} has no tensor ${name}`, { tensor: name });
    }
    const itemSize = byteLengthOf(tensor.dtype, [])!;
    const begin = (await archive.locate(entryOf(archive, folder, tensor)!)) + tensor.offset * itemSize;
    const bytes = await source.read(begin, spanOf(tensor) * itemSize);
    return isContiguous(tensor) ? bytes : inTurns(gatherElements(bytes, tensor, itemSize));
  }

  return {
    name: source.name,
    metadata: new Map(),
    tensors,
    readBytes,
    readFloat32: async (name) => inTurns(toFloat32(await readBytes(name), tensors.get(name)!.dtype, name)),
    checkTogether: (names) =>
      checkStorages(
        source.name,
        [...names].map((name) => tensors.get(name)!),
      ),
  };
}

/** Checks that the storage has the size it should have, and that the tensor stays inside it and is not larger. */
function checkTensor(file: string, archive: StoredZip, folder: string, name: string, tensor: PickledTensor): void {
  const { storage, offset, shape } = tensor;
  const entry = entryOf(archive, folder, tensor);
  const expected = byteLengthOf(storage.dtype, [storage.numElements]);
  if (entry === undefined || entry.size !== expected) {
    const found = entry === undefined ? "is missing" : `has ${entry.size} bytes; expected ${expected}`;
    throw malformed(file, `stores ${printable(name)} in ${folder}data/${storage.key}, which ${found}`);
  }
  const count = numElementsOf(shape);
  // Strides of zero could make terabytes of a few bytes.
  if (count === undefined || count > storage.numElements || offset + spanOf(tensor) > storage.numElements) {
    throw malformed(
      file,
      `describes ${printable(name)} as [${shape.join(", ")}] at ${offset} of a storage of ${storage.numElements} elements, ` +
        `which is too small`,
    );
  }
}

/** Checks that tensors do not share elements of a storage, which would make gigabytes of a few bytes, and reads of a few reads. */
function checkStorages(file: string, tensors: readonly PickledTensor[]): void {
  const takenOf = new Map<string, { elements: number; spans: number }>();
  for (const tensor of tensors) {
    const { key } = tensor.storage;
    const itemSize = byteLengthOf(tensor.dtype, [])!;
    const taken = takenOf.get(key) ?? { elements: 0, spans: 0 };
    taken.elements += itemSize * numElementsOf(tensor.shape)!;
    taken.spans += itemSize * spanOf(tensor);
    takenOf.set(key, taken);
    const size = itemSize * tensor.storage.numElements;
    if (taken.elements > size || taken.spans > maxReads * size) {
      throw new CheckpointError(
        "CHECKPOINT_FORMAT",
        `${file} has tensors that share the ${size} bytes of storage ${key}; a codec's do not. ` +
          `Save a state dict with a clone of each tensor, or convert it to safetensors`,
      );
    }
  }
}

function entryOf(archive: StoredZip, folder: string, tensor: PickledTensor): StoredEntry | undefined {
  return archive.entries.get(`${folder}data/${tensor.storage.key}`);
}
