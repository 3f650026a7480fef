import type { Dirent, Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { isBelow } from "../../files/index.ts";
import { audioExtensionOf } from "./audio-extensions.ts";
import { compareBytewise } from "./compare-bytewise.ts";
import { cleanKey, keysOfSiblings } from "./row-key.ts";
import type { RowProblem } from "./row.ts";

/** A file below a folder. */
export interface FoundFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  /** The path as a key, unique below the folder; empty for a file that gets none. */
  readonly key: string;
  /** Whether an audio file of the same name, but for its extension, is in the same folder. */
  readonly isBesideAudio?: boolean | undefined;
  /** Set for a folder that cannot be listed, and for a link to one that is not followed. */
  readonly isFolder?: true;
  /** Set for what is there but is no file, for links that leave the root, and for folders that cannot be listed. */
  readonly problem?: RowProblem | undefined;
}

export interface WalkOptions {
  /** Chooses files by their path relative to the root. */
  readonly accepts: (path: string) => boolean;
  /** Chooses the files among them that get a key. @default all */
  readonly named?: ((path: string) => boolean) | undefined;
  /** Levels of folders, the root being the first. @default Infinity */
  readonly maxDepth?: number | undefined;
  /** Whether links that leave the root are followed; otherwise they are problems. @default false */
  readonly followLinks?: boolean | undefined;
}

/** Files and folders are not the only things: pipes and devices have names too; and links may leave the root. */
type EntryKind = "file" | "folder" | "other" | "outside";

interface Entry {
  readonly name: string;
  readonly kind: EntryKind;
  /** Real path of the folder that a link leads to. */
  readonly target?: string | undefined;
}

/**
 * Files below a folder, sorted by the bytes of their paths. Names that start with a dot are passed over. Symbolic links are followed if they
 * stay below the root, which may be a link itself. Every folder is listed once: under its own name, or, if the walk does not come by there, where the
 * first link to it is. Memory holds the names of one folder and of those above it, and which folders links led to.
 */
export async function* walkFolder(
  root: string,
  { accepts, named = () => true, maxDepth = Infinity, followLinks = false }: WalkOptions,
): AsyncGenerator<FoundFile> {
  const realRoot = await realpath(root).catch(() => root); // listing it will say what is wrong
  /** Folders that links led to, and those below them. */
  const linked = new Set<string>();
  yield* walk("", new Set(), false);

  async function* walk(folder: string, above: ReadonlySet<string>, isLinked: boolean): AsyncGenerator<FoundFile> {
    let entries: readonly Entry[];
    let within: ReadonlySet<string>;
    try {
      const path = join(root, folder);
      const { dev, ino } = await stat(path, { bigint: true });
      const identity = `${dev}:${ino}`;
      if (above.has(identity) || linked.has(identity)) return;
      if (isLinked) linked.add(identity);
      within = new Set(above).add(identity);
      entries = await listEntries(path);
    } catch (error) {
      const path = folder.slice(0, -1);
      const reason = (await nameProblem(path))?.message ?? (error as Error).message;
      const message = `cannot list the folder ${folder === "" ? root : folder}: ${reason}`;
      yield { path: path === "" ? "." : path, key: "", isFolder: true, problem: { code: "FILE_UNREADABLE", message } };
      return;
    }
    const isDeepest = above.size + 1 >= maxDepth;
    const wanted = entries.filter(({ name, kind, target }) =>
      kind === "folder" ? !isDeepest && !isOnTheWay(target) : accepts(folder + name) || (target !== undefined && !isDeepest),
    );
    const files = wanted.filter(({ kind, target, name }) => kind !== "folder" && target === undefined && named(folder + name));
    const names = files.map(({ name }) => name);
    const keys = new Map(keysOfSiblings(names).map((key, i) => [names[i]!, key]));
    const audio = new Set(names.filter((name) => audioExtensionOf(name) !== undefined).map(stemOf));
    for (const { name, kind, target } of wanted) {
      const path = folder + name;
      if (kind === "folder") {
        yield* walk(`${path}/`, within, isLinked || target !== undefined);
      } else {
        const problem = problemOf(kind, path) ?? (await nameProblem(path));
        const key = cleanKey(folder + (keys.get(name) ?? ""));
        yield { path, key, isBesideAudio: audio.has(stemOf(name)), ...(target === undefined ? {} : { isFolder: true }), problem };
      }
    }
  }

  /** What is wrong with a name that cannot be said in text: what stands for its bytes leads nowhere. */
  async function nameProblem(path: string): Promise<RowProblem | undefined> {
    if (!path.includes("\ufffd") || (await isThere(join(root, path)))) return undefined;
    return {
      code: "FILE_UNREADABLE",
      message: `${path} has a name that is not UTF-8, and cannot be opened by it; rename it, for instance by convmv -r -f latin1 -t utf8 --notest`,
    };
  }

  /** Whether the walk comes to the target of a link by itself. */
  function isOnTheWay(target: string | undefined): boolean {
    if (target === undefined || !isBelow(realRoot, target)) return false;
    const parts = relative(realRoot, target)
      .split(sep)
      .filter((part) => part !== "");
    return parts.length < maxDepth && !parts.some((part) => part.startsWith("."));
  }

  /** What a folder holds, sorted as the paths below it are: a folder's name counts with the slash after it. */
  async function listEntries(path: string): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      entries.push(entry.isSymbolicLink() ? await followed(entry.name, join(path, entry.name)) : { name: entry.name, kind: kindOf(entry) });
    }
    return entries.toSorted((a, b) => compareBytewise(sortName(a), sortName(b)));
  }

  /** A link that leads nowhere counts as a file: reading it will say what is wrong. */
  async function followed(name: string, path: string): Promise<Entry> {
    const target = await realpath(path).catch(() => undefined);
    const stats = target === undefined ? undefined : await stat(target).catch(() => undefined);
    if (target === undefined || stats === undefined) return { name, kind: "file" };
    const kind = followLinks || isBelow(realRoot, target) ? kindOf(stats) : "outside";
    return stats.isDirectory() ? { name, kind, target } : { name, kind };
  }
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

/** A name without its extension. */
function stemOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}

function kindOf(entry: Dirent | Stats): EntryKind {
  if (entry.isFile()) return "file";
  return entry.isDirectory() ? "folder" : "other";
}

function problemOf(kind: EntryKind, path: string): RowProblem | undefined {
  if (kind === "other") return { code: "FILE_UNREADABLE", message: `${path} is a pipe, socket or device; give audio files` };
  if (kind === "outside")
    return {
      code: "FILE_OUTSIDE",
      message: `${path} is a link that leaves the folder; say that links are followed (--follow-links) if what it leads to is wanted`,
    };
  return undefined;
}

function sortName({ name, kind, target }: Entry): string {
  return kind === "folder" || target !== undefined ? `${name}/` : name;
}
