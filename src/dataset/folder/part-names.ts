import { join } from "node:path";

/** The number of a part as its files have it: `000012`. @throws RangeError for what is no whole number from 0. */
export function formatPart(part: number): string {
  if (!Number.isSafeInteger(part) || part < 0)
    throw new RangeError(`a part is a whole number from 0; received ${JSON.stringify(part)?.slice(0, 80)}`);
  return String(part).padStart(6, "0");
}

/** The part that a name of a file speaks of: `000012.json`, `part-000012-000.tar`; undefined if of none. */
export function partOfName(name: string): number | undefined {
  const digits = /^(?:part-)?(?<part>\d{6,})[-.]/u.exec(name)?.groups!["part"];
  return digits === undefined ? undefined : Number(digits);
}

/** Path of a part's record in the dataset's folder. */
export function recordName(part: number): string {
  return `parts/${formatPart(part)}.json`;
}

/** Path, in the dataset's folder, of the lines that a part adds to the manifest, or to the errors. */
export function partFileName(part: number, kind: "manifest" | "errors"): string {
  return `parts/${formatPart(part)}.${kind}.jsonl`;
}

/** The same with the folder. */
export function partFile(folder: string, part: number, kind: "manifest" | "errors"): string {
  return join(folder, partFileName(part, kind));
}
