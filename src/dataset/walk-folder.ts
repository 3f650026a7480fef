import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { compareBytewise } from "./compare-bytewise.ts";
import { cleanKey, keysOfSiblings } from "./row-key.ts";
import type { RowProblem } from "./row.ts";

/** A file below a folder. */
export interface FoundFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  /** The path as a key, unique below the folder. */
  readonly key: string;
  /** Set for what is there but is no file, and for folders that cannot be listed. */
  readonly problem?: RowProblem | undefined;
}

export interface WalkOptions {
  /** Chooses files by their path relative to the root. */
  readonly accepts: (path: string) => boolean;
  /** Levels of folders, the root being the first. @default Infinity */
  readonly maxDepth?: number | undefined;
}

/** Files and folders are not the only things: pipes and devices have names too. */
type EntryKind = "file" | "folder" | "other";

interface Entry {
  readonly name: string;
  readonly kind: EntryKind;
}

/**
 * Files below a folder, sorted by the bytes of their paths. Names that start with a dot are passed over, symbolic links
 * followed, except to a folder that the walk is already in. Memory holds the names of one folder and of those above it.
 */
export async function* walkFolder(root: string, { accepts, maxDepth = Infinity }: WalkOptions): AsyncGenerator<FoundFile> {
  yield* walk("", new Set());

  async function* walk(folder: string, above: ReadonlySet<string>): AsyncGenerator<FoundFile> {
    let entries: readonly Entry[];
    let within: ReadonlySet<string>;
    try {
      const path = join(root, folder);
      const { dev, ino } = await stat(path, { bigint: true });
      const identity = `${dev}:${ino}`;
      if (above.has(identity)) return;
      within = new Set(above).add(identity);
      entries = await listEntries(path);
    } catch (error) {
      const message = `cannot list the folder ${folder === "" ? root : folder}: ${(error as Error).message}`;
      yield { path: folder === "" ? "." : folder.slice(0, -1), key: "", problem: { code: "FILE_UNREADABLE", message } };
      return;
    }
    const wanted = entries.filter(({ name, kind }) => (kind === "folder" ? above.size + 1 < maxDepth : accepts(folder + name)));
    const files = wanted.filter(({ kind }) => kind !== "folder").map(({ name }) => name);
    const keys = new Map(keysOfSiblings(files).map((key, i) => [files[i]!, key]));
    for (const { name, kind } of wanted) {
      if (kind === "folder") {
        yield* walk(`${folder}${name}/`, within);
      } else {
        const message = `${folder}${name} is a pipe, socket or device; give audio files`;
        const problem: RowProblem | undefined = kind === "other" ? { code: "FILE_UNREADABLE", message } : undefined;
        yield { path: folder + name, key: cleanKey(folder + keys.get(name)!), problem };
      }
    }
  }
}

/** What a folder holds, sorted as the paths below it are: a folder's name counts with the slash after it. */
async function listEntries(path: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (!entry.name.startsWith(".")) entries.push({ name: entry.name, kind: await kindOf(entry, path) });
  }
  return entries.toSorted((a, b) => compareBytewise(sortName(a), sortName(b)));
}

function sortName({ name, kind }: Entry): string {
  return kind === "folder" ? `${name}/` : name;
}

/** A link that leads nowhere counts as a file: reading it will say what is wrong. */
async function kindOf(entry: Dirent, folder: string): Promise<EntryKind> {
  const target = entry.isSymbolicLink() ? await stat(join(folder, entry.name)).catch(() => undefined) : entry;
  if (target === undefined || target.isFile()) return "file";
  return target.isDirectory() ? "folder" : "other";
}
