import { CheckpointError, DisposedError, inTurns } from "../core/index.ts";
import type { Checkpoint, CheckpointInfo } from "./checkpoint.ts";
import type { CodecConfig } from "./config/codec-config.ts";
import { mapNames } from "./names.ts";
import type { TensorOrigin } from "./names.ts";
import { numElementsOf } from "./tensors/dtype.ts";
import type { TensorFile, TensorInfo } from "./tensors/tensor-file.ts";
import { foldWeightNorm } from "./weight-norm.ts";

/** Stored tensors by their names, possibly spread over several files, and what was learnt from the names. */
export interface Weights {
  /** Shapes of the network's tensors by canonical name, weight norm folded. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  read(name: string): Promise<Float32Array>;
  readonly ignored: readonly string[];
  readonly unknown: readonly string[];
  readonly dtypes: readonly string[];
}

/**
 * Brings the tensors of one or more files under their canonical names.
 * @param prefix What the names of the codec's tensors start with; tensors without it belong to another model and are
 * left out.
 * @throws CheckpointError if a tensor is stored twice, tensors share their elements, or weight norm's two halves do not
 * fit each other.
 */
export function gatherWeights(files: readonly TensorFile[], prefix: string): Weights {
  const stored = storedTensors(files, prefix);
  const { origins, ignored, unknown } = mapNames(stored.keys());
  const infoOf = (name: string): TensorInfo => stored.get(name)!.info;
  const load = (name: string): Promise<Float32Array> => stored.get(name)!.file.readFloat32(prefix + name);
  const used = [...origins.values()].flatMap((origin) => (origin.kind === "plain" ? [origin.name] : [origin.magnitude, origin.direction]));
  for (const file of files) {
    file.checkTogether?.(used.filter((name) => stored.get(name)!.file === file).map((name) => prefix + name));
  }

  return {
    shapes: new Map([...origins].map(([name, origin]) => [name, foldedShape(name, origin, infoOf)])),
    async read(name) {
      const origin = origins.get(name);
      if (origin === undefined) {
        throw new CheckpointError("CHECKPOINT_TENSOR", `the checkpoint has no tensor ${name}`, { tensor: name });
      }
      if (origin.kind === "plain") return load(origin.name);
      const magnitude = await load(origin.magnitude);
      return inTurns(foldWeightNorm(magnitude, await load(origin.direction), name));
    },
    ignored,
    unknown,
    dtypes: [...new Set(used.map((name) => infoOf(name).dtype))].toSorted(),
  };
}

/** A checkpoint from its configuration, its weights and what the files say about themselves. */
export function assembleCheckpoint(
  config: CodecConfig,
  weights: Weights,
  origin: Pick<CheckpointInfo, "layout" | "format" | "files" | "bytes">,
  close: () => Promise<void>,
): Checkpoint {
  const { shapes, ignored, unknown, dtypes } = weights;
  let isClosed = false;
  return {
    config,
    shapes,
    info: { ...origin, ignored, unknown, dtypes },
    async read(name) {
      if (isClosed) throw new DisposedError("the checkpoint");
      return weights.read(name);
    },
    async close() {
      isClosed = true;
      await close();
    },
  };
}

function storedTensors(
  files: readonly TensorFile[],
  prefix: string,
): ReadonlyMap<string, { readonly file: TensorFile; readonly info: TensorInfo }> {
  const stored = new Map<string, { readonly file: TensorFile; readonly info: TensorInfo }>();
  for (const file of files) {
    for (const [fullName, info] of file.tensors) {
      if (!fullName.startsWith(prefix)) continue;
      const name = fullName.slice(prefix.length);
      const twin = stored.get(name);
      if (twin !== undefined) {
        throw new CheckpointError("CHECKPOINT_TENSOR", `${fullName} is stored in ${twin.file.name} and in ${file.name}; remove one`, {
          tensor: fullName,
        });
      }
      stored.set(name, { file, info });
    }
  }
  return stored;
}

function foldedShape(tensor: string, origin: TensorOrigin, infoOf: (name: string) => TensorInfo): readonly number[] {
  if (origin.kind === "plain") return infoOf(origin.name).shape;
  const actualShape = infoOf(origin.magnitude).shape;
  const directionShape = infoOf(origin.direction).shape;
  const numRows = directionShape[0];
  if (numRows === undefined || actualShape[0] !== numRows || numElementsOf(actualShape) !== numRows) {
    const expectedShape = directionShape.map((size, dimension) => (dimension === 0 ? size : 1));
    throw new CheckpointError(
      "CHECKPOINT_TENSOR",
      `${origin.magnitude} has shape [${actualShape.join(", ")}]; expected [${expectedShape.join(", ")}], ` +
        `one number per row of ${origin.direction}`,
      { tensor, expectedShape, actualShape },
    );
  }
  return directionShape;
}
