import { CheckpointError } from "../core/index.ts";
import { printable } from "./printable.ts";

/**
 * Parses JSON and refuses a key that occurs twice in one object. `JSON.parse` keeps the last of them silently, so two
 * readers of the same file could see different contents.
 * @param what What is being read, for messages: `model.safetensors: header`.
 * @throws CheckpointError if the text is not JSON or has a duplicate key.
 */
export function parseStrictJson(text: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${what} is not valid JSON: ${printable(messageOf(cause))}`, {
      cause,
    });
  }
  const key = duplicateKeyOf(text);
  if (key !== undefined) {
    throw new CheckpointError(
      "CHECKPOINT_FORMAT",
      `${what} has the key ${JSON.stringify(printable(key))} twice in one object; the file is damaged or forged`,
    );
  }
  return value;
}

/** Whether a parsed value is an object with keys: no array, not null. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * The first key that repeats within its object. The text is known to be valid JSON, which is why a string before a colon
 * is a key.
 */
function duplicateKeyOf(text: string): string | undefined {
  const keysOfOpenObjects: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{") keysOfOpenObjects.push(new Set());
    else if (character === "}") keysOfOpenObjects.pop();
    if (character !== '"') continue;
    const end = endOfString(text, at);
    if (text[skipSpace(text, end)] === ":") {
      const keys = keysOfOpenObjects.at(-1)!;
      const key = JSON.parse(text.slice(at, end)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
    at = end - 1;
  }
  return undefined;
}

/** Position after the closing quote of the string that opens at `begin`. */
function endOfString(text: string, begin: number): number {
  let at = begin + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function skipSpace(text: string, begin: number): number {
  let at = begin;
  while (at < text.length && " \t\n\r".includes(text[at]!)) at++;
  return at;
}
