import { DatasetError } from "../folder/dataset-error.ts";
import type { JsonObject, JsonValue } from "../folder/json-value.ts";

/** One thing in which an existing dataset and what is asked for are not the same. */
export interface PlanDifference {
  /** Where in the settings: `clips.window.seconds`. */
  readonly option: string;
  /** What the dataset was begun with; undefined if nothing. */
  readonly found: JsonValue | undefined;
  /** What is asked for now. */
  readonly expected: JsonValue | undefined;
}

/** What differs between two objects of settings, by the full names of the values, sorted; arrays are compared as a whole. */
export function planDifferences(found: JsonObject, expected: JsonObject): readonly PlanDifference[] {
  const before = flatten(found);
  const now = flatten(expected);
  const options = [...new Set([...before.keys(), ...now.keys()])].toSorted();
  return options
    .filter((option) => JSON.stringify(before.get(option)) !== JSON.stringify(now.get(option)))
    .map((option) => ({ option, found: before.get(option), expected: now.get(option) }));
}

/** The refusal to go on with a dataset that was begun in another way. */
export function mismatchError(folder: string, differences: readonly PlanDifference[]): DatasetError {
  const lines = differences.map(({ option, found, expected }) => `\n  ${option}: begun with ${show(found)}, now ${show(expected)}`);
  return new DatasetError(
    "DATASET_MISMATCH",
    `${folder} was begun in another way, and one dataset cannot hold both:${lines.join("")}\n` +
      "  Give the options that it was begun with to continue it, or choose another folder.",
  );
}

function flatten(value: JsonValue, name = "", into: Map<string, JsonValue> = new Map()): ReadonlyMap<string, JsonValue> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [field, inner] of Object.entries(value)) flatten(inner as JsonValue, name === "" ? field : `${name}.${field}`, into);
  } else {
    into.set(name, value);
  }
  return into;
}

function show(value: JsonValue | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
