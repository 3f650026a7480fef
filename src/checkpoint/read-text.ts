import type { ByteSource } from "../core/index.ts";
import { CheckpointError } from "../core/index.ts";

/**
 * Reads a small UTF-8 file whole.
 * @param maxLength In bytes.
 * @throws CheckpointError if it is not small or not UTF-8.
 */
export async function readText(source: ByteSource, maxLength: number): Promise<string> {
  if (source.size > maxLength) {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${source.name} has ${source.size} bytes; a JSON file of at most ${maxLength} was expected`,
    );
  }
  const bytes = await source.read(0, source.size);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${source.name} is not UTF-8 text`, { cause });
  }
}
