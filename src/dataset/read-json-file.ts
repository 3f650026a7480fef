import { readFile } from "node:fs/promises";
import type { z } from "zod";

/**
 * What a JSON file says; undefined where there is none.
 * @param damaged The error for a file that does not hold what the schema asks for.
 */
export async function readJsonFile<T>(path: string, schema: z.ZodType<T>, damaged: (cause: unknown) => Error): Promise<T | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw damaged(cause);
  }
}
