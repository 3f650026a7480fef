import { stat } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import { readManifest } from "./read-manifest.ts";
import type { ManifestKind } from "./read-manifest.ts";

/** Rows of a manifest that are looked for. */
const rowsLookedFor = 10;

/** What the paths of a manifest are relative to. */
export interface ManifestRoot {
  readonly root: string;
  /** What to tell, where it is not the manifest's folder. */
  readonly note?: string;
}

/**
 * The folder from which the paths of a manifest lead to files: its own, or the working directory where none of the first rows is found from its own and any is
 * from that.
 */
export async function rootOfManifest(path: string, kind: ManifestKind, cwd: string): Promise<ManifestRoot> {
  const root = dirname(path);
  if (root === cwd) return { root };
  const paths: string[] = [];
  try {
    for await (const row of readManifest(path, kind, { input: 0, prefix: "" })) {
      if (row.problem === undefined && !isAbsolute(row.path)) paths.push(row.path);
      if (paths.length === rowsLookedFor) break;
    }
  } catch {
    return { root }; // listing it says what is wrong
  }
  const leadsFrom = async (folder: string): Promise<boolean> =>
    (await Promise.all(paths.map((each) => isThere(join(folder, each))))).includes(true);
  if (paths.length === 0 || (await leadsFrom(root)) || !(await leadsFrom(cwd))) return { root };
  return {
    root: cwd,
    note: `the paths of ${relative(cwd, path)} are taken from the working directory: from the manifest's own folder they lead nowhere`,
  };
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
