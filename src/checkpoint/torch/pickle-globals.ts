import { CheckpointError, printable } from "../../core/index.ts";
import { isDType } from "../tensors/dtype.ts";
import { maxDimensions } from "../tensors/tensor-limits.ts";
import { PickledGlobal, PickledStorage, PickledTensor, shownValue } from "./pickle-values.ts";
import type { PickledDict, PickleValue } from "./pickle-values.ts";

/**
 * Every name that a pickle of tensors refers to. Whatever is not listed is refused, known to be harmful or not.
 * Source: PyTorch `torch/_tensor.py` (`_reduce_ex_internal`), `torch/nn/parameter.py`, `torch/storage.py`; transformers `utils/generic.py` (`ModelOutput`), an
 * ordered dict whose fields are called with and then set as items.
 */
const allowedGlobals: ReadonlyMap<string, PickledGlobal> = new Map(
  (
    [
      ["torch._utils._rebuild_tensor_v2", "rebuildTensor"],
      ["torch._utils._rebuild_parameter", "rebuildParameter"],
      ["collections.OrderedDict", "orderedDict"],
      ["transformers.models.encodec.modeling_encodec.EncodecEncoderOutput", "modelOutput"],
      ["transformers.models.encodec.modeling_encodec.EncodecOutput", "modelOutput"],
      ["torch.FloatStorage", "F32"],
      ["torch.HalfStorage", "F16"],
      ["torch.BFloat16Storage", "BF16"],
      ["torch.DoubleStorage", "F64"],
      ["torch.LongStorage", "I64"],
      ["torch.IntStorage", "I32"],
      ["torch.ShortStorage", "I16"],
      ["torch.CharStorage", "I8"],
      ["torch.ByteStorage", "U8"],
      ["torch.BoolStorage", "BOOL"],
    ] as const
  ).map(([name, role]) => [name, new PickledGlobal(name, role)]),
);

/**
 * The meaning of a name that a pickle refers to.
 * @param what The pickle, for messages.
 * @throws CheckpointError with code CHECKPOINT_UNSAFE, naming it, unless it is one of those that tensors need.
 */
export function resolveGlobal(module: string, name: string, what: string): PickledGlobal {
  const fullName = `${module}.${name}`;
  const found = allowedGlobals.get(fullName);
  if (found === undefined) {
    throw unsafe(what, `asks for ${printable(fullName)}, which is not one of the ${allowedGlobals.size} names that stored tensors need`);
  }
  return found;
}

/**
 * What a call in a pickle yields: a tensor, a parameter's tensor, or an empty dict.
 * @throws CheckpointError if anything else is called, or with arguments that make no sense.
 */
export function applyGlobal(callee: PickleValue, args: PickleValue, what: string): PickleValue {
  if (!(callee instanceof PickledGlobal)) throw unsafe(what, "calls something that is not a known name");
  if (!Array.isArray(args)) throw malformed(what, `calls ${callee.name} without a tuple of arguments`);
  switch (callee.role) {
    case "rebuildTensor":
      return rebuildTensor(args, what);
    case "rebuildParameter":
      if (!(args[0] instanceof PickledTensor)) {
        throw malformed(what, "makes a parameter of something that is no tensor");
      }
      return args[0];
    case "orderedDict":
      if (args.length > 0) throw malformed(what, "makes an OrderedDict with arguments; torch writes none");
      return new Map();
    case "modelOutput":
      return new Map();
    default:
      throw unsafe(what, `calls ${callee.name}, which only names an element type`);
  }
}

/**
 * Resolves a persistent id, by which torch refers to a storage: `("storage", type, key, location, number of elements)`.
 * @throws CheckpointError if it is anything else.
 */
export function resolvePersistentId(id: PickleValue, what: string): PickledStorage {
  if (!Array.isArray(id) || id.length !== 5 || id[0] !== "storage") {
    throw malformed(what, "refers to something outside it that is not a storage");
  }
  const [, type, key, , numElements] = id as readonly PickleValue[];
  if (!(type instanceof PickledGlobal) || !isDType(type.role)) {
    throw malformed(what, "refers to a storage without an element type");
  }
  // The key becomes part of a name in the archive.
  if (typeof key !== "string" || !/^\d{1,10}$/.test(key)) {
    throw malformed(what, `refers to a storage whose key is ${shownValue(key)}; expected a number as text`);
  }
  if (!isSize(numElements)) throw malformed(what, `refers to storage ${key} whose number of elements is ${shownValue(numElements)}`);
  return new PickledStorage(key, type.role, numElements);
}

/** Arguments: storage, offset, size, stride, requires_grad, backward_hooks, and metadata in newer files. */
function rebuildTensor(args: readonly PickleValue[], what: string): PickledTensor {
  const [storage, offset, shape, strides] = args;
  if (!(storage instanceof PickledStorage) || !isSize(offset) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length) {
    throw malformed(what, "describes a tensor whose storage, offset, size and stride do not fit together");
  }
  // Copies, since a list that the pickle recalls may still grow.
  return new PickledTensor(storage, offset, [...shape], [...strides]);
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isSizes(value: PickleValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.length <= maxDimensions && value.every(isSize);
}

/** Whether a value is a dict. */
export function isPickledDict(value: PickleValue | undefined): value is PickledDict {
  return value instanceof Map;
}

/** Refusal of a pickle that wants more than tensors. */
export function unsafe(what: string, wants: string): CheckpointError {
  return new CheckpointError("CHECKPOINT_UNSAFE", `${what} ${wants}; nothing was executed. Use a .safetensors file of this model instead`);
}

/** Refusal of a pickle that is damaged or written by something other than torch. */
export function malformed(what: string, problem: string): CheckpointError {
  return new CheckpointError("CHECKPOINT_FORMAT", `${what} ${problem}; the file is damaged or was not written by torch.save`);
}
