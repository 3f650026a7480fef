import { catalogue, recognised } from "./catalogue-entries.ts";
import type { CatalogueFile, CatalogueEntry } from "./catalogue-entry.ts";

/**
 * The catalogued checkpoint of this name.
 * @param name Id in any case (the Hub's ids are compared so too), or an alias.
 */
export function findCheckpoint(name: string, entries: readonly CatalogueEntry[] = catalogue): CatalogueEntry | undefined {
  const wanted = name.toLowerCase();
  return entries.find((entry) => [entry.id, ...entry.aliases].some((known) => known.toLowerCase() === wanted));
}

/**
 * The catalogued checkpoint that has a file with this SHA-256; the first where several share the file. One that was withdrawn is found too.
 * @param sha256 In hex.
 */
export function findByDigest(sha256: string, entries: readonly CatalogueEntry[] = recognised): CatalogueEntry | undefined {
  const wanted = sha256.toLowerCase();
  return entries.find((entry) => entry.files.some((file) => file.sha256 === wanted));
}

/** The one catalogued digest without an exact length is of a codec as audiocraft stores it, which takes 236 MB to the nearest megabyte. */
const unstatedLength = { from: 235_000_000, to: 237_000_000 } as const;

/** The SHA-256 of every catalogued file that may have this length, withdrawn ones included. */
export function digestsOfLength(bytes: number, entries: readonly CatalogueEntry[] = recognised): readonly string[] {
  const files = entries.flatMap((entry) => entry.files);
  const isAsLong = ({ size }: CatalogueFile): boolean =>
    size === null ? bytes >= unstatedLength.from && bytes <= unstatedLength.to : size === bytes;
  return [...new Set(files.flatMap((file) => (file.sha256 !== null && isAsLong(file) ? [file.sha256] : [])))];
}

/** The SHA-256 that files of a checkpoint have to have, by path: those that are sure enough to refuse a download for. */
export function requiredDigests(entry: CatalogueEntry): Readonly<Record<string, string>> {
  const confirmed = entry.files.filter((file) => file.confidence === "confirmed" && file.sha256 !== null);
  return Object.fromEntries(confirmed.map((file) => [file.path, file.sha256!]));
}
