import { readFile, stat } from "node:fs/promises";
import { HubError } from "../core/index.ts";

/** Cards, configurations and indices are text; longer ones are not read. */
export const maxTextBytes: number = 16 * 2 ** 20;

/** The text of a file in the cache, which other programs fill too. @throws HubError with code HUB_CACHE if it is longer than 16 MiB; the system's error if it cannot be read. */
export async function readTextFile(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > maxTextBytes) throw new HubError("HUB_CACHE", `${path} has ${size} bytes; at most ${maxTextBytes} are read of a text`);
  return readFile(path, "utf8");
}
