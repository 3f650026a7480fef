import { CheckpointError, inTurns, maxJsonLength, printable, printableJson, relativePathProblem } from "../core/index.ts";
import type { ByteSource } from "../core/index.ts";
import type { CheckpointFolder } from "./checkpoint-files.ts";
import { readText } from "./read-text.ts";
import { isJsonObject, parseStrictJson } from "./tensors/strict-json.ts";
import { checkTensorName } from "./tensors/tensor-limits.ts";
import { openWeightFile, stateDictOf } from "./weight-file.ts";
import type { WeightFile } from "./weight-file.ts";

/** Longest name of a shard; theirs are those of files. */
const maxNameLength = 255;

/** Most shards; the largest models have some dozens. */
const maxShards = 1000;

/**
 * Reads a shard index (`model.safetensors.index.json`) and opens those shards that hold tensors of the codec.
 * @param prefix What the names of the codec's tensors start with; shards without any such tensor stay closed.
 * @throws CheckpointError if the index is not sound, names a file outside the folder or one that is missing, or a shard
 * does not hold a tensor that the index puts there.
 */
export async function openShards(folder: CheckpointFolder, index: ByteSource, prefix: string): Promise<readonly WeightFile[]> {
  const files: WeightFile[] = [];
  for (const [shard, tensors] of await parseIndex(index, prefix)) {
    const source = await folder.open(shard);
    if (source === undefined) {
      throw new CheckpointError(
        "CHECKPOINT_NOT_FOUND",
        `${index.name} names the shard ${shard}, which is not in ${folder.name}; download it as well`,
      );
    }
    const file = await openWeightFile(source);
    const stored = stateDictOf(file).tensors;
    const tensor = tensors.find((name) => !stored.has(name));
    if (tensor !== undefined) {
      throw new CheckpointError(
        "CHECKPOINT_FORMAT",
        `${index.name} puts ${tensor} into ${shard}, which does not hold it; the files are of different versions`,
        { tensor },
      );
    }
    files.push(file);
  }
  return files;
}

/** The codec's tensors by shard. */
async function parseIndex(source: ByteSource, prefix: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const file = source.name;
  const parsed = await inTurns(parseStrictJson(await readText(source, maxJsonLength), file));
  const weightMap = isJsonObject(parsed) ? parsed["weight_map"] : undefined;
  if (!isJsonObject(weightMap)) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${file} has no weight_map; it is not a shard index`);
  }
  const tensorsOfShard = new Map<string, string[]>();
  for (const [index, [tensor, shard]] of Object.entries(weightMap).entries()) {
    checkTensorName(file, tensor, index + 1);
    if (
      typeof shard !== "string" ||
      shard.length > maxNameLength ||
      !/^\w[\w.-]*$/.test(shard) ||
      relativePathProblem(shard) !== undefined
    ) {
      throw new CheckpointError(
        "CHECKPOINT_FORMAT",
        `${file} puts ${printable(tensor)} into ${printableJson(shard)}; expected the plain name of a file beside it, ` +
          `at most ${maxNameLength} characters long`,
      );
    }
    if (!tensor.startsWith(prefix)) continue;
    const tensors = tensorsOfShard.get(shard) ?? [];
    tensors.push(tensor);
    tensorsOfShard.set(shard, tensors);
  }
  if (tensorsOfShard.size > maxShards) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${file} names ${tensorsOfShard.size} shards; at most ${maxShards} are read`);
  }
  if (tensorsOfShard.size === 0) {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${file} lists no tensor ${prefix === "" ? "at all" : `whose name starts with ${prefix}`}`,
    );
  }
  return tensorsOfShard;
}
