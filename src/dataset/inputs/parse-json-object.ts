import { isDeeperThan } from "../../core/index.ts";
import { maxJsonDepth } from "../folder/json-value.ts";
import type { JsonObject, JsonValue } from "../folder/json-value.ts";

/** Most columns of a row. Tables of acoustic features have some thousands. */
export const maxColumns = 10_000;

/**
 * Reads a JSON object whose values can be carried along as they are.
 * @throws TypeError saying what is wrong, for what is no JSON object, for objects nested deeper than 100 or with more than 10,000 names, and for numbers that JavaScript does not
 * hold: whole ones of more digits, such as ids of 64 bits, and those beyond 10³⁰⁸.
 */
export function parseJsonObject(text: string): JsonObject {
  const value = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError(`found ${text.slice(0, 80)}; expected a JSON object, such as {"path": "a.wav"}`);
  const numColumns = Object.keys(value).length;
  if (numColumns > maxColumns) throw new TypeError(`it has ${numColumns} columns; at most ${maxColumns} are read`);
  if (isDeeperThan(maxJsonDepth, value)) throw new TypeError(`it is nested deeper than ${maxJsonDepth}; expected plainer values`);
  const lost = /\d{16}|\de\+?\d{3}/iu.test(text) ? lostNumber(text) : undefined;
  if (lost !== undefined)
    throw new TypeError(`found the number ${lost.slice(0, 80)}, which would lose digits; write it as text, in quotes`);
  return value as JsonObject;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    const advice = /\b(?:NaN|Infinity)\b/u.test(text) ? "; JSON has no NaN and no Infinity, write null" : "";
    throw new TypeError(`it is not JSON: ${(error as Error).message.slice(0, 200)}${advice}`, { cause: error });
  }
}

/** The first number outside of strings that is not what was written. */
function lostNumber(text: string): string | undefined {
  const withoutStrings = text.replaceAll(/"[^"\\]*(?:\\.[^"\\]*)*"/gu, '""');
  return withoutStrings.match(/-?\d[\d.eE+-]*/gu)?.find((number) => {
    const value = Number(number);
    return !Number.isFinite(value) || (/^-?\d{16,}$/u.test(number) && String(value) !== number);
  });
}
