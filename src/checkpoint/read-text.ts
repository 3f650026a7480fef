import type { ByteSource } from "../core/index.ts";
import { CheckpointError } from "../core/index.ts";

/** Largest JSON file that is read; the shard index of a model with 10,000 tensors has under 1 MB. */
const maxTextLength = 16 * 2 ** 20;

/**
 * Reads a small UTF-8 file whole.
 * @throws CheckpointError if it is not small or not UTF-8.
 */
export async function readText(source: ByteSource): Promise<string> {
  if (source.size > maxTextLength) {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${source.name} has ${source.size} bytes; a JSON file of at most ${maxTextLength} was expected`,
    );
  }
  const bytes = await source.read(0, source.size);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${source.name} is not UTF-8 text`, { cause });
  }
}
