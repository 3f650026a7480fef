import { access, constants, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { CommandError } from "./failures.ts";

/**
 * Makes the folder that a file is to be written into, with those above it, unless it is there.
 * @throws CommandError if that cannot be done, or nothing may be written there: before hours of work, not after them.
 */
export async function makeFolderFor(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new CommandError(`cannot make the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new CommandError(`cannot write into the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
}
