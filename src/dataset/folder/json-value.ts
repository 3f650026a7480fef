/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object as JSON has it. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** What is nested deeper is nothing that a person meant to write, and too deep for the stack of whoever walks through it. */
export const maxJsonDepth = 100;
