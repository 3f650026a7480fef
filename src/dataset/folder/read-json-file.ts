import type { z } from "zod";
import { FileError, isDeeperThan } from "../../core/index.ts";
import { openInside } from "../../files/index.ts";
import { DatasetError } from "./dataset-error.ts";
import { maxJsonDepth } from "./json-value.ts";
import type { JsonValue } from "./json-value.ts";

/** A longer file is none that describes a dataset: a list of a million shards has 160 MB. */
const maxBytes = 2 ** 28;

/**
 * What a JSON file of a dataset says; undefined where there is none.
 * @param path In the dataset's folder.
 * @param damaged The error for a file that does not hold what the schema asks for.
 * @throws DatasetError with code DATASET_FORMAT for a file of over 256 MiB; FileError as `openInside`.
 */
export async function readJsonFile<T>(folder: string, path: string, schema: z.ZodType<T>, damaged: (cause: unknown) => Error): Promise<T | undefined> {
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
  const handle = await openInside(folder, path).catch((error: unknown) => {
    if (error instanceof FileError && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  });
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw new DatasetError("DATASET_FORMAT", `${path} of ${folder} has ${size} bytes; at most ${maxBytes} are read of a file that describes a dataset`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

/** Columns of a row may have as many levels as a manifest may, and are within a row or a clip. */
const maxDepth = maxJsonDepth + 1;

/** Each takes a hundred bytes and more of memory, and time to walk through, for the two that it may have in a text. A list of a million shards has half as many. */
export const maxLists: number = 2 ** 21;

/** Whether a text of JSON has more lists and objects than are read. Those in strings count, too. */
export function hasTooManyLists(text: string): boolean {
  return countOf("[", text) + countOf("{", text) > maxLists;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++;
  return count;
}

/** @throws SyntaxError, RangeError for what is no JSON, nested deeper than 101, or of more than 2^21 lists and objects. */
export function parseJson(text: string): unknown {
  if (hasTooManyLists(text)) throw new RangeError(`it has more than ${maxLists} lists and objects`);
  const value = JSON.parse(text) as JsonValue;
  if (isDeeperThan(maxDepth, value)) throw new RangeError(`it is nested deeper than ${maxDepth}`);
  return value;
}

const maxReasonLength = 300;

/** Why a schema refuses a document, in one line of at most 300 characters. */
export function reasonOf({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return `${path.join(".") || "it"}: ${message}`.slice(0, maxReasonLength);
}
