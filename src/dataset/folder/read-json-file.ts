import { z } from "zod";
import { FileError, maxJsonLength, parseJson as parseShallowJson } from "../../core/index.ts";
import { openInside } from "../../files/index.ts";
import { DatasetError } from "./dataset-error.ts";
import { maxJsonDepth } from "./json-value.ts";

/** Most bytes of a file that lists shards, which is taken shard by shard: a list of a million shards has 160 MB. */
export const maxListBytes: number = 2 ** 28;

/** Columns of a row may have as many levels as a manifest may, and are within a row or a clip. */
export const maxDatasetDepth: number = maxJsonDepth + 1;

/** JSON of a dataset that is short enough to be parsed at once. @throws SyntaxError as `parseJson` of the core, but for text that nests more than 101 deep. */
export function parseJson(text: string): unknown {
  return parseShallowJson(text, maxDatasetDepth);
}

/**
 * What a JSON file of a dataset says; undefined where there is none.
 * @param path In the dataset's folder.
 * @param damaged The error for a file that does not hold what the schema asks for.
 * @throws DatasetError with code DATASET_FORMAT for a file of over 2 MiB; FileError as `openInside`.
 */
export async function readJsonFile<T>(
  folder: string,
  path: string,
  schema: z.ZodType<T>,
  damaged: (cause: unknown) => Error,
): Promise<T | undefined> {
  const text = await readTextInside(folder, path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(parseJson(text));
  } catch (cause) {
    throw damaged(cause);
  }
}

/** The text of a file of a dataset; undefined where there is none. @throws as `readJsonFile`. */
export async function readTextInside(folder: string, path: string): Promise<string | undefined> {
  return (await readBytes(folder, path, maxJsonLength))?.toString("utf8");
}

/** The bytes of a file of a dataset; undefined where there is none. @throws as `readJsonFile`, for a file of over `maxBytes`. */
export async function readBytes(folder: string, path: string, maxBytes: number): Promise<Buffer | undefined> {
  const handle = await openInside(folder, path).catch((error: unknown) => {
    if (error instanceof FileError && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    if (size > maxBytes)
      throw new DatasetError("DATASET_FORMAT", `${path} of ${folder} has ${size} bytes; at most ${maxBytes} are read of it`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** A list of up to `maxLength` items. No item of a longer one is looked at: each that is wrong would be told of. */
export function boundedList<T>(item: z.ZodType<T>, maxLength: number): z.ZodType<readonly T[]> {
  return z.array(z.unknown()).max(maxLength).pipe(z.array(item));
}

const maxReasonLength = 300;

/** Why a schema refuses a document, in one line of at most 300 characters. */
export function reasonOf({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return `${path.join(".") || "it"}: ${message}`.slice(0, maxReasonLength);
}
