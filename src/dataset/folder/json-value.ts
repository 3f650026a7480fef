import { z } from "zod";

/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object as JSON has it. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** An object that `JSON.parse` gave, as it is. What it holds is JSON, and is not walked through: there may be a million values. */
export const jsonObject: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  { error: "expected an object" },
);

/** What is nested deeper is nothing that a person meant to write, and too deep for the stack of whoever walks through it. */
export const maxJsonDepth = 100;
