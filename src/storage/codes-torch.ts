import { isPickledDict, openTorchZip, PickledTensor, shownValue } from "../checkpoint/index.ts";
import type { PickleValue, TensorFile } from "../checkpoint/index.ts";
import { bytesSource, CheckpointError, CodesError, joinArrays, printable } from "../core/index.ts";
import { badFile, codesIn, maxSegments } from "./codes-fields.ts";
import type { Reading, StoredCodes } from "./codes-fields.ts";
import { openTensor } from "./codes-safetensors.ts";

/** The codes of one segment, and by what its audio was scaled. */
interface Frame {
  readonly codes: PickledTensor;
  readonly scale: PickledTensor | null;
}

/**
 * Reads codes that `torch.save` stored: a tensor of any integer type; what transformers' `EncodecModel.encode` gives, or another dict with `audio_codes` or `codes`
 * and `audio_scales` or `scales`; or what `encode` of the package encodec gives, a list of `(codes, scale)`, one for each segment. The pickle is read as data.
 * @throws CodesError with code CODES_UNSUPPORTED for a sound file that holds other things, such as weights.
 */
export async function parseCodesTorch(bytes: Uint8Array, { name }: Reading): Promise<StoredCodes> {
  try {
    const torch = await openTorchZip(bytesSource(bytes, name));
    const frames = framesOf(torch.root, name);
    const tensors = frames.flatMap(({ codes, scale }, index): (readonly [string, PickledTensor])[] => [
      [`codes ${index}`, codes],
      ...(scale === null ? [] : [[`scale ${index}`, scale] as const]),
    ]);
    const file = torch.tensorsIn(new Map(tensors));
    file.checkTogether?.(file.tensors.keys());
    const codes = await joinedCodes(file, frames);
    const scales = await joinedScales(file, frames, name);
    return {
      fields: {},
      *read(codebookSize) {
        return { ...(yield* codesIn(codes, codebookSize, name)), scales };
      },
    };
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CodesError("CODES_FORMAT", error.message, { cause: error });
  }
}

function framesOf(root: PickleValue, name: string): readonly Frame[] {
  if (root instanceof PickledTensor) return [{ codes: root, scale: null }];
  if (isPickledDict(root)) {
    const codes = root.get("audio_codes") ?? root.get("codes");
    const scales = root.get("audio_scales") ?? root.get("scales") ?? null;
    if (codes instanceof PickledTensor) return framesOfOutput(codes, scales, name);
    const keys = [...root.keys()].slice(0, 5).map((key) => printable(String(key)));
    throw noCodes(name, `a dict with ${keys.join(", ") || "nothing"}`);
  }
  if (!Array.isArray(root)) throw noCodes(name, shownValue(root));
  const list = root as readonly PickleValue[];
  const only = frameOf(list);
  if (only !== undefined) return [only];
  if (list.length > maxSegments) throw badFile(name, `has ${list.length} segments; at most ${maxSegments} are read`);
  const frames = list.map(frameOf).filter((frame) => frame !== undefined);
  if (frames.length > 0 && frames.length === list.length) return frames;
  throw noCodes(name, "a list of other things");
}

/** What `(codes, scale)` is, or a list with nothing but codes; undefined for everything else. */
function frameOf(value: PickleValue): Frame | undefined {
  if (!Array.isArray(value) || value.length > 2) return undefined;
  const [codes, scale = null] = value as readonly PickleValue[];
  if (!(codes instanceof PickledTensor)) return undefined;
  if (scale === null) return { codes, scale };
  return scale instanceof PickledTensor && scale.dtype.includes("F") ? { codes, scale } : undefined;
}

/** transformers has the codes of all segments in one tensor, and their scales in a list. */
function framesOfOutput(codes: PickledTensor, scales: PickleValue, name: string): readonly Frame[] {
  const list = Array.isArray(scales) ? (scales as readonly PickleValue[]) : [scales];
  if (list.every((scale) => scale === null)) return [{ codes, scale: null }];
  const [numSegments = 1] = codes.shape;
  if (codes.shape.length !== 4 || list.length !== numSegments || !list.every((scale) => scale instanceof PickledTensor))
    throw badFile(name, `has ${list.length} scales for codes of shape [${codes.shape.join(", ")}]; expected a tensor for each segment`);
  const size = codes.shape.slice(1).reduce((product, each) => product * each, 1);
  if (numSegments > maxSegments) throw badFile(name, `has ${numSegments} segments; at most ${maxSegments} are read`);
  return list.map((scale, index) => ({
    codes: new PickledTensor(
      codes.storage,
      codes.offset + index * (codes.strides[0] ?? size),
      codes.shape.slice(1),
      codes.strides.slice(1),
    ),
    scale: scale as PickledTensor,
  }));
}

/** The codes of all segments as one array, `[numSegments, 1, K, T]`. */
async function joinedCodes(file: TensorFile, frames: readonly Frame[]) {
  const parts = [];
  for (const index of frames.keys()) parts.push(await openTensor(file, `codes ${index}`));
  const [first] = parts as [(typeof parts)[number]];
  if (parts.length === 1) return first;
  const other = parts.find(({ type, shape }) => type !== first.type || shape.join() !== first.shape.join());
  if (other !== undefined || first.shape.length !== 3) {
    const found = `[${first.shape.join(", ")}] and [${(other ?? first).shape.join(", ")}]`;
    throw badFile(
      file.name,
      `has segments of shape ${found}; expected [1, K, T] for all (a last one that is shorter is read from .safetensors)`,
    );
  }
  return {
    ...first,
    shape: [parts.length, ...first.shape],
    bytes: joinArrays(
      parts.map(({ bytes }) => bytes),
      Uint8Array,
    ),
  };
}

async function joinedScales(file: TensorFile, frames: readonly Frame[], name: string): Promise<Float32Array | null> {
  if (frames.every(({ scale }) => scale === null)) return null;
  const scales: number[] = [];
  for (const [index, { scale }] of frames.entries()) {
    const values = scale === null ? [] : await file.readFloat32(`scale ${index}`);
    if (values.length !== 1) throw badFile(name, `has ${values.length} scales for segment ${index}; expected one`);
    scales.push(values[0]!);
  }
  return Float32Array.from(scales);
}

function noCodes(name: string, found: string): CodesError {
  return new CodesError(
    "CODES_UNSUPPORTED",
    `${name} is a torch file with ${found}; expected a tensor of codes, what EncodecModel.encode gives, or a dict with "audio_codes". Is it a checkpoint?`,
  );
}
