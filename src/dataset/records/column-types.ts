import { z } from "zod";
import type { JsonObject, JsonValue } from "../folder/json-value.ts";

/** Types that a column of the manifest can have in Parquet; `json` is text that holds any value. */
export type ColumnType = "string" | "int64" | "double" | "boolean" | "json";
/** All of them. */
export const columnTypes: readonly ColumnType[] = ["string", "int64", "double", "boolean", "json"];

/** A column and what its values are, nulls aside. */
export interface TypedColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export const typedColumnSchema: z.ZodType<TypedColumn> = z.object({ name: z.string(), type: z.enum(columnTypes) });

/** Names beyond these are values rather than columns; they have no type. */
export const maxTypedColumns = 500;

/** Longer names are values, too. */
const maxNameLength = 256;

/** Learns the types of columns from the rows of all manifests: the smallest that hold every value. */
export class ColumnTypes {
  readonly #types = new Map<string, ColumnType>();

  /** Adds the columns of a row; null is as if not there. */
  add(columns: JsonObject): void {
    for (const [name, value] of Object.entries(columns)) {
      if (value === null) continue;
      const known = this.#types.get(name);
      if (known !== undefined) this.#types.set(name, typeOfBoth(known, typeOf(value)));
      else if (this.#types.size < maxTypedColumns && name.length <= maxNameLength) this.#types.set(name, typeOf(value));
    }
  }

  /** The columns in the order in which they came up. */
  columns(): readonly TypedColumn[] {
    return Array.from(this.#types, ([name, type]) => ({ name, type }));
  }
}

function typeOf(value: Exclude<JsonValue, null>): ColumnType {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "int64" : "double";
  return "json";
}

function typeOfBoth(a: ColumnType, b: ColumnType): ColumnType {
  if (a === b) return a;
  const areNumbers = [a, b].every((type) => type === "int64" || type === "double");
  return areNumbers ? "double" : "json";
}
