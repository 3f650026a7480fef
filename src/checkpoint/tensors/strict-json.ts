import { CheckpointError, parseJson, printable } from "../../core/index.ts";
import type { Turns } from "../../core/index.ts";

/** Characters that are searched for keys in some milliseconds. */
const charactersPerTurn = 2 ** 18;

/**
 * Parses JSON and refuses a key that occurs twice in one object. `JSON.parse` keeps the last of them silently, so two
 * readers of the same file could see different contents.
 * @param text Of up to `maxJsonLength`.
 * @param what What is being read, for messages: `model.safetensors: header`.
 * @throws CheckpointError if the text is not JSON, nests more than 64 deep, or has a duplicate key.
 */
export function* parseStrictJson(text: string, what: string): Turns<unknown> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new CheckpointError("CHECKPOINT_FORMAT", `${what} is not valid JSON: ${printable(messageOf(cause))}`, {
      cause,
    });
  }
  const key = yield* duplicateKeyOf(text);
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
function* duplicateKeyOf(text: string): Turns<string | undefined> {
  let turnEnd = charactersPerTurn;
  const keysOfOpenObjects: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === openingBrace) keysOfOpenObjects.push(new Set());
    else if (character === closingBrace) keysOfOpenObjects.pop();
    if (at > turnEnd) {
      yield;
      turnEnd = at + charactersPerTurn;
    }
    if (character !== quote) continue;
    const end = endOfString(text, at);
    if (text.charCodeAt(skipSpace(text, end)) === colon) {
      const keys = keysOfOpenObjects.at(-1)!;
      const raw = text.slice(at + 1, end - 1);
      const key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
      if (keys.has(key)) return key;
      keys.add(key);
    }
    at = end - 1;
  }
  return undefined;
}

const [openingBrace, closingBrace, quote, colon, backslash, space] = [0x7b, 0x7d, 0x22, 0x3a, 0x5c, 0x20];

/** Position after the closing quote of the string that opens at `begin`. */
function endOfString(text: string, begin: number): number {
  let at = begin + 1;
  for (let character; (character = text.charCodeAt(at)) !== quote;) at += character === backslash ? 2 : 1;
  return at + 1;
}

/** Position of what follows; white space is the space and control characters, which are nowhere else in JSON. */
function skipSpace(text: string, begin: number): number {
  let at = begin;
  while (text.charCodeAt(at) <= space) at++;
  return at;
}
