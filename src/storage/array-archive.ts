import { zipSync } from "fflate";
import { parseArray } from "./npy.ts";
import type { NpyValue } from "./npy.ts";
import { readZip } from "./zip.ts";

/** The same arrays give the same bytes: entries carry the zip format's first day, not today. */
const zipEpoch = new Date(1980, 0, 1);

/**
 * A `.npz` file of `.npy` files by name, in their order: what `np.savez` writes, or compressed `np.savez_compressed`.
 * Source: numpy `lib/_npyio_impl.py`, `_savez`.
 */
export function formatArrayArchive(arrays: Readonly<Record<string, Uint8Array>>, options: { readonly isCompressed: boolean }): Uint8Array {
  const entries = Object.fromEntries(Object.entries(arrays).map(([name, npy]) => [`${name}.npy`, npy]));
  return zipSync(entries, { level: options.isCompressed ? 6 : 0, mtime: zipEpoch });
}

/**
 * Those arrays of a `.npz` file that are wanted, by name; others are left alone.
 * @throws CodesError if the archive or one of these arrays is damaged or of a kind that is not read, such as pickled objects.
 */
export function parseArrayArchive(bytes: Uint8Array, archive: string, isWanted: (name: string) => boolean): ReadonlyMap<string, NpyValue> {
  const arrays = new Map<string, NpyValue>();
  const entries = readZip(bytes, archive, (entry) => entry.endsWith(".npy") && isWanted(entry.slice(0, -4)));
  for (const [entry, npy] of entries) {
    const name = entry.slice(0, -4);
    arrays.set(name, parseArray(npy, `${archive}: ${name}`));
  }
  return arrays;
}
