import { zipSync } from "fflate";
import type { Turns } from "../core/index.ts";
import { parseArray } from "./npy.ts";
import type { NpyValue } from "./npy.ts";
import { openZip } from "./zip.ts";

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
 * @param maxBytes Most bytes of one, unpacked and with its header.
 * @throws CodesError if the archive or one of these arrays is damaged, too large, or of a kind that is not read, such as pickled objects.
 */
export function* parseArrayArchive(
  bytes: Uint8Array,
  archive: string,
  wanted: Iterable<string>,
  maxBytes: number,
): Turns<ReadonlyMap<string, NpyValue>> {
  const { unpack } = openZip(bytes, archive);
  const arrays = new Map<string, NpyValue>();
  for (const name of wanted) {
    const npy = yield* unpack(`${name}.npy`, maxBytes);
    if (npy !== undefined) arrays.set(name, parseArray(npy, `${archive}: ${name}`));
  }
  return arrays;
}
