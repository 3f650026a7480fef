import { hash } from "node:crypto";
import { isAbsolute } from "node:path";
import { relativePathPart, relativePathProblem } from "../../core/index.ts";
import { audioExtensionOf, isCommonAudio, videoExtensionOf } from "./audio-extensions.ts";

/** File systems take 255 bytes; what is added to a key, and the extensions of files, take 45. */
const maxNameBytes = 200;

/**
 * A text as a key: slashes separate folders, and the base name has no dots, where WebDataset would split it.
 * Nothing in it leads out of a folder, on any system: `.` and empty parts go, `..` becomes `__`, and what else `relativePathProblem` objects
 * to becomes `_`. Parts of over 200 bytes end in a digest in place of the rest, so that any file system takes them.
 */
export function cleanKey(text: string): string {
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  const base = parts.pop() ?? "";
  const folders = parts.map((part) => relativePathPart(part).replace(/\.npy$/iu, "_npy")); // else a folder could have the name of a clip's file
  return [...folders, relativePathPart(base.replaceAll(".", "_"))].map(shortened).join("/");
}

/** Path of a clip's file in a dataset's folder, where there is one for each. */
export function npyName(key: string): string {
  return `npy/${key}.npy`;
}

/** What keeps the key of a clip from naming its file on every system; undefined if nothing does. */
export function keyProblem(key: string): string | undefined {
  return relativePathProblem(npyName(key));
}

/** The longest that `keyOfClip` adds. */
const longestSuffix = "_w000000000_c00000";

/** What keeps the key of a row from naming the files of its clips on every system; undefined if nothing does. */
export function rowKeyProblem(key: string): string | undefined {
  return keyProblem(`${key}${longestSuffix}`);
}

function shortened(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= maxNameBytes) return name;
  const digest = hash("sha256", name).slice(0, 16);
  const start = bytes
    .subarray(0, maxNameBytes - digest.length - 1)
    .toString()
    .replace(/\ufffd+$/u, ""); // of a character that was cut
  return `${start}_${digest}`;
}

/**
 * The key of an audio file by its path: without the extension. Of a path that is not relative to its input, only the last two names: which folders
 * somebody's machine has is nobody's business. A digest of it tells it from others.
 */
export function keyOfPath(path: string): string {
  const extension = audioExtensionOf(path) ?? videoExtensionOf(path);
  const stem = extension === undefined ? path : path.slice(0, -extension.length - 1);
  return cleanKey(isAbsolute(path) ? `${stem.split("/").slice(-2).join("/")}_${hash("sha256", path).slice(0, 8)}` : stem);
}

/**
 * Base names of the keys of all audio files in one folder. Names that differ in the extension only keep it after `_`, but for the one with a common extension, if
 * there is only one; what is still the same as another one is numbered from `_2`, in the order given.
 */
export function keysOfSiblings(names: readonly string[]): readonly string[] {
  const stems = names.map((name) => keyOfPath(name));
  const counts = countsOf(stems);
  const common = countsOf(stems.filter((_, i) => isCommonAudio(names[i]!)));
  const isPlain = (i: number): boolean => counts.get(stems[i]!) === 1 || (common.get(stems[i]!) === 1 && isCommonAudio(names[i]!));
  const taken = new Set(stems.filter((_, i) => isPlain(i)));
  const numbers = new Map<string, number>(); // up to which a name is taken, so that no folder is numbered from the start for each file
  return names.map((name, i) => {
    const stem = stems[i]!;
    if (isPlain(i)) return stem;
    const wanted = `${stem}_${audioExtensionOf(name) ?? videoExtensionOf(name) ?? ""}`;
    let key = wanted;
    let number = numbers.get(wanted) ?? 1;
    while (taken.has(key)) key = `${wanted}_${++number}`;
    numbers.set(wanted, number);
    taken.add(key);
    return key;
  });
}

function countsOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/** Key of one time range of a file, where the rows of its manifest have no ids: milliseconds of both ends. */
export function keyOfRange(key: string, start: number | undefined, end: number | undefined): string {
  if (start === undefined && end === undefined) return key;
  return `${key}_t${milliseconds(start ?? 0)}-${end === undefined ? "end" : milliseconds(end)}`;
}

/** Key of a clip: the row's key, then `_w000012` for a window and `_c1` for a channel. */
export function keyOfClip(key: string, clip: { readonly window?: number | undefined; readonly channel?: number | undefined }): string {
  const window = clip.window === undefined ? "" : `_w${String(clip.window).padStart(6, "0")}`;
  return `${key}${window}${clip.channel === undefined ? "" : `_c${clip.channel}`}`;
}

function milliseconds(seconds: number): string {
  return String(Math.round(seconds * 1000)).padStart(9, "0");
}
