import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The number of a part as names have it: `000012`. @throws RangeError for what is no whole number from 0. */
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

/** What lies in `parts/`: the record of a part, the lines that it adds to the manifest, the errors and the warnings, which files of their own clips have got while it is done, notes on attempts at it. */
const partFiles = {
  record: "json",
  manifest: "manifest.jsonl",
  errors: "errors.jsonl",
  warnings: "warnings.jsonl",
  files: "files.jsonl",
  attempt: "attempt.json",
} as const;
type PartFile = keyof typeof partFiles;

/** Path of a file of a part in the dataset's folder: `parts/000012.json`. */
export function partFile(part: number, kind: PartFile): string {
  return `parts/${formatPart(part)}.${partFiles[kind]}`;
}

/** Parts that have a file of a kind, in no order. It reads names only: 100,000 parts take a blink. */
export async function partsWith(folder: string, kind: PartFile): Promise<number[]> {
  const names = await readdir(join(folder, "parts")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.flatMap((name) => {
    const part = partOfName(name) ?? NaN;
    return Number.isSafeInteger(part) && `parts/${name}` === partFile(part, kind) ? [part] : [];
  });
}

/** Path of a shard in the dataset's folder, without its extension: `shards/part-000012-000`. */
export function shardStem(part: number, shard: number): string {
  return `shards/part-${formatPart(part)}-${String(shard).padStart(3, "0")}`;
}

/** What comes after the stem in the path of a shard: `.tar`; undefined if it is none. */
export function shardExtension(path: string): string | undefined {
  return /^shards\/part-\d{6,}-\d{3,}(?<extension>\..+)$/u.exec(path)?.groups!["extension"];
}
