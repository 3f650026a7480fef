import { formatSafetensors, openSafetensors } from "../checkpoint/index.ts";
import type { TensorData, TensorFile } from "../checkpoint/index.ts";
import { bytesSource, CheckpointError, CodesError, printable } from "../core/index.ts";
import type { AudioCodesData } from "../core/index.ts";
import { badFile, codesIn, collectFields, fieldsOf, isNumberField, scalesIn } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";
import { elementBytes, isElementType } from "./elements.ts";
import type { ArrayBytes } from "./elements.ts";

/** Marks a file of `formatSequenceSafetensors`. */
export const sequenceTag = "encodec-tokenizer/sequence";

/**
 * Codes as tensors: `codes` U16 `[numSegments, K, T]` and, where there are scales, `scales` F32 `[numSegments]`.
 * The fields are text in the file's `__metadata__`, numbers in decimal.
 */
export function formatCodesSafetensors(codes: AudioCodesData): Uint8Array {
  const tensors = new Map<string, TensorData>([["codes", { dtype: "U16", shape: codes.shape, bytes: elementBytes(codes.data) }]]);
  if (codes.scales !== null) {
    tensors.set("scales", { dtype: "F32", shape: [codes.scales.length], bytes: elementBytes(codes.scales) });
  }
  const metadata = Object.entries(fieldsOf(codes)).map(([field, value]) => [field, String(value)] as const);
  return formatSafetensors(tensors, new Map(metadata));
}

/**
 * Reads a file of `formatCodesSafetensors`, or one from Python with `codes` of any integer type.
 * @throws CodesError with code CODES_UNSUPPORTED for a sound file that holds other things, such as weights.
 */
export async function parseCodesSafetensors(bytes: Uint8Array, { name }: Reading): Promise<StoredCodes> {
  try {
    const file = await openSafetensors(bytesSource(bytes, name));
    if (!file.tensors.has("codes")) {
      if (file.metadata.get("format") === sequenceTag) {
        throw new CodesError(
          "CODES_UNSUPPORTED",
          `${name} is a sequence, codes laid out by a pattern; encodec-tokenizer patterns revert makes codes of it`,
        );
      }
      const found = [...file.tensors.keys()].slice(0, 5).map(printable).join(", ") || "none";
      throw new CodesError("CODES_UNSUPPORTED", `${name} has no tensor "codes", only ${found}; is it a checkpoint?`);
    }
    const codes = await openTensor(file, "codes");
    const scales = file.tensors.has("scales") ? await openTensor(file, "scales") : null;
    return {
      fields: collectFields(name, (field) => readField(file.metadata, field)),
      *read(codebookSize) {
        return { ...(yield* codesIn(codes, codebookSize, name)), scales: scales === null ? null : yield* scalesIn(scales, name) };
      },
    };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CodesError("CODES_FORMAT", error.message, { cause: error });
  }
}

/** A tensor as an array; safetensors spells element types as numpy does, in capitals and bits: `U16` is `u2`. */
export async function openTensor(file: TensorFile, tensor: string): Promise<ArrayBytes> {
  const { dtype, shape } = file.tensors.get(tensor)!;
  const type = dtype.replace(/^([UIF])(\d+)$/, (_, kind: string, bits: string) => `${kind.toLowerCase()}${Number(bits) / 8}`);
  if (!isElementType(type)) {
    throw badFile(file.name, `holds ${tensor} of dtype ${dtype}; expected integers of 8 to 64 bits (scales: F32 or F64)`);
  }
  return { type, shape, bytes: await file.readBytes(tensor) };
}

/** A field of the metadata, as a number where it is one. */
export function readField(metadata: ReadonlyMap<string, string>, field: string): string | number | undefined {
  const text = metadata.get(field);
  return text !== undefined && isNumberField(field) ? Number(text.trim() || Number.NaN) : text;
}
