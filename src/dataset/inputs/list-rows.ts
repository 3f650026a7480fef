import { basename, join, posix, relative } from "node:path";
import picomatch from "picomatch";
import { spool } from "../../files/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { audioExtensionOf, commonExtensions, videoExtensionOf } from "./audio-extensions.ts";
import { LeftOut } from "./left-out.ts";
import type { OnLeftOut } from "./left-out.ts";
import { pathProblem } from "./manifest-record.ts";
import { unpackedTar } from "./unpack-input.ts";
import { readManifest } from "./read-manifest.ts";
import { readTar, rowsOfTar } from "./read-tar.ts";
import type { DatasetInput } from "./resolve-inputs.ts";
import { cleanKey, keyOfPath, keysOfSiblings } from "./row-key.ts";
import { sourceOf } from "./row-bytes.ts";
import type { AudioRow, Row } from "./row.ts";
import { readLines } from "./text-lines.ts";
import { walkFolder } from "./walk-folder.ts";

/** How rows are listed. */
export interface ListRowsOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what of the inputs no row has: labels beside audio files of folders, members of tars that are neither audio nor labels. */
  readonly onLeftOut?: OnLeftOut | undefined;
  /** Writes the tar that a packed input becomes, and gives its path. @default It becomes a temporary file, which goes once it is listed. */
  readonly unpack?: ((position: number, tar: AsyncIterable<Uint8Array>) => Promise<string>) | undefined;
}

/**
 * The rows of all inputs, one input after the other: folders and globs sorted by the bytes of their paths, the others in
 * their own order. The same inputs give the same rows anywhere. What cannot become work is a `BadRow` among them.
 * Where there are several inputs, keys made from paths start with the name of theirs; ids of manifests stay as they are.
 * Memory does not grow with the rows.
 * @throws DatasetError with code DATASET_INPUT for a manifest without usable columns and for an input without any row.
 */
export async function* listRows(
  inputs: readonly DatasetInput[],
  { signal, onLeftOut = () => {}, unpack }: ListRowsOptions = {},
): AsyncGenerator<Row> {
  const prefixes = prefixesOf(inputs);
  for (const [position, input] of inputs.entries()) {
    let isEmpty = true;
    for await (const row of rowsOf(input, { position, prefix: prefixes[position]!, onLeftOut, unpack, signal })) {
      signal?.throwIfAborted();
      isEmpty = false;
      yield row;
    }
    if (isEmpty) throw new DatasetError("DATASET_INPUT", `${describeInput(input)}; check the path, or leave it out`);
  }
}

/** An input among others. */
interface InputPlace extends Pick<ListRowsOptions, "signal" | "unpack"> {
  readonly position: number;
  /** Goes before keys that are made from paths. */
  readonly prefix: string;
  readonly onLeftOut: OnLeftOut;
}

function rowsOf(input: DatasetInput, place: InputPlace): AsyncIterable<Row> {
  const { position, prefix, onLeftOut } = place;
  switch (input.kind) {
    case "folder":
      return folderRows(input, place);
    case "glob":
      return globRows(input, place);
    case "jsonl":
    case "csv":
    case "tsv":
      return readManifest(input.path, input.kind, { input: position, prefix });
    case "tar":
      return readTar(input.path, { input: position, path: basename(input.path), prefix }, onLeftOut);
    case "packed":
      return packedRows(input, place);
    case "files":
      return fileRows(input.paths, position);
    case "list":
      return listedRows(input.lines, position);
  }
}

async function* folderRows(
  { root, followLinks }: DatasetInput & { kind: "folder" },
  { position: input, prefix, onLeftOut }: InputPlace,
): AsyncGenerator<Row> {
  const leftOut = new LeftOut(root, onLeftOut);
  for await (const file of walkFolder(root, { accepts: (path) => isAudio(path) || LeftOut.mayBe(path), named: isAudio, followLinks })) {
    const { path, key } = file;
    if (isAudio(path) || file.isFolder === true) {
      yield file.problem === undefined ? { key: prefix + key, input, path } : { input, path, problem: file.problem };
    } else if (file.problem === undefined) {
      const problem = await leftOut.problemOf(file);
      if (problem !== undefined) yield { input, path, problem };
    }
  }
}

function isAudio(path: string): boolean {
  return audioExtensionOf(path) !== undefined;
}

async function* packedRows(
  { path }: DatasetInput & { kind: "packed" },
  { position: input, prefix, onLeftOut, unpack, signal }: InputPlace,
): AsyncGenerator<Row> {
  const place = { input, path: basename(path), prefix };
  const tar = unpackedTar(path, onLeftOut, signal);
  if (unpack !== undefined) return yield* readTar(await unpack(input, tar), place, onLeftOut);
  const file = await spool(tar, signal);
  try {
    yield* rowsOfTar(sourceOf(file.handle, await file.handle.stat(), { path }), place, onLeftOut);
  } finally {
    await file.close();
  }
}

async function* globRows(
  { root, pattern, followLinks }: DatasetInput & { kind: "glob" },
  { position: input, prefix, onLeftOut }: InputPlace,
): AsyncGenerator<Row> {
  const matches = picomatch(pattern);
  const named = lastNameOf(pattern);
  const isVideo = (path: string): boolean => {
    const extension = videoExtensionOf(path);
    return extension !== undefined && named.includes(extension);
  };
  const accepts = (path: string): boolean => (isAudio(path) || isTar(path) || isVideo(path)) && matches(path);
  const maxDepth = pattern.includes("**") ? Infinity : pattern.split("/").length;
  for await (const { path, key, problem } of walkFolder(root, { accepts, maxDepth, followLinks })) {
    if (problem !== undefined) yield { input, path, problem };
    else if (isTar(path))
      yield* readTar(join(root, path), { input, path, prefix: `${prefix}${cleanKey(path.slice(0, -".tar".length))}/` }, onLeftOut);
    else yield { key: prefix + key, input, path };
  }
}

/** The last part of a pattern, in lower case: videos are taken where it names their extension. */
function lastNameOf(pattern: string): string {
  return pattern.slice(pattern.lastIndexOf("/") + 1).toLowerCase();
}

/** Files of one name in one folder keep what tells them apart, as in a folder; the same file twice has the same key. */
async function* fileRows(paths: readonly string[], input: number): AsyncGenerator<Row> {
  const rows = paths.map((path) => rowOfFile(path, input));
  const namesOf = new Map<string, Set<string>>();
  for (const { path } of rows) {
    const folder = posix.dirname(path);
    namesOf.set(folder, (namesOf.get(folder) ?? new Set()).add(posix.basename(path)));
  }
  const suffixes = new Map<string, string>();
  for (const [folder, names] of namesOf) {
    const keys = keysOfSiblings([...names]);
    for (const [i, name] of [...names].entries()) suffixes.set(posix.join(folder, name), keys[i]!.slice(keyOfPath(name).length));
  }
  for (const row of rows) yield { ...row, key: row.key + suffixes.get(row.path)! };
}

async function* listedRows(lines: AsyncIterable<Uint8Array>, input: number): AsyncGenerator<Row> {
  for await (const { number, text, problem: unread } of readLines(lines)) {
    if (text?.trim() === "") continue;
    const problem = unread ?? pathProblem(text!);
    if (problem === undefined) yield rowOfFile(text!, input);
    else yield { input, path: "-", line: number, problem: { code: "ROW_INVALID", message: `standard input, line ${number}: ${problem}` } };
  }
}

function rowOfFile(path: string, input: number): AudioRow {
  const normal = posix.normalize(path);
  return { key: keyOfPath(normal), input, path: normal };
}

/** A folder's name with its slash for each input; nothing where there is one input only. */
function prefixesOf(inputs: readonly DatasetInput[]): readonly string[] {
  if (inputs.length === 1) return [""];
  const taken = new Set<string>();
  return inputs.map((input) => {
    const name = nameOf(input);
    if (name === "") return "";
    let prefix = asFolder(name);
    for (let n = 2; taken.has(prefix); n++) prefix = asFolder(`${name}_${n}`);
    taken.add(prefix);
    return prefix;
  });
}

/** A name as a folder of a key, with its slash. */
function asFolder(name: string): string {
  return cleanKey(`${name}/_`).slice(0, -1);
}

/** Named files and lists have whole paths in their keys already. */
function nameOf(input: DatasetInput): string {
  switch (input.kind) {
    case "folder":
    case "glob":
      return basename(input.root);
    case "files":
    case "list":
      return "";
    default:
      return cleanKey(basename(input.path).replace(/\.[^.]+(?:\.gz)?$/iu, ""));
  }
}

function describeInput(input: DatasetInput): string {
  switch (input.kind) {
    case "folder":
      return `the folder ${input.root} has no audio files, which end in ${commonExtensions.map((extension) => `.${extension}`).join(", ")}, or as others do, such as .m4a`;
    case "glob":
      return `nothing below ${input.root} matches ${input.pattern} and is an audio file or a tar`;
    case "list":
      return "standard input names no files";
    case "files":
      return "no files are given";
    default:
      return `${relative(".", input.path) || input.path} has no rows`;
  }
}

function isTar(path: string): boolean {
  return path.toLowerCase().endsWith(".tar");
}
