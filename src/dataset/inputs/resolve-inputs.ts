import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import picomatch from "picomatch";
import { shownAddress } from "../../core/index.ts";
import { toPath } from "../../files/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { rootOfManifest } from "./manifest-root.ts";
import { isPackedInput } from "./packed-input.ts";
import { manifestKindOf } from "./read-manifest.ts";
import type { ManifestKind } from "./read-manifest.ts";
import { audioExtensionOf, commonExtensions, videoExtensionOf } from "./audio-extensions.ts";

/** Where rows come from; paths of its rows are relative to `root`, which is absolute. */
export type DatasetInput =
  /** Every audio file below a folder. */
  | { readonly kind: "folder"; readonly root: string; readonly followLinks?: true }
  /** Audio files and tars whose path below `root` matches a pattern. */
  | { readonly kind: "glob"; readonly root: string; readonly pattern: string; readonly followLinks?: true }
  | { readonly kind: ManifestKind; readonly root: string; readonly path: string; readonly note?: string }
  /** A WebDataset tar. */
  | { readonly kind: "tar"; readonly root: string; readonly path: string }
  /** A WebDataset tar that is packed, or a Parquet file with audio in it. */
  | { readonly kind: "packed"; readonly root: string; readonly path: string }
  /** Audio files named one by one. */
  | { readonly kind: "files"; readonly root: string; readonly paths: readonly string[] }
  /** Paths of audio files, one a line. */
  | { readonly kind: "list"; readonly root: string; readonly lines: AsyncIterable<Uint8Array> };

/** How inputs are found. */
export interface ResolveInputsOptions {
  /** Whether links in folders are followed that leave the folder; otherwise each of them is a failed row. @default false */
  readonly followLinks?: boolean | undefined;
  /** What relative paths start from. @default The working directory. */
  readonly cwd?: string | undefined;
  /** What `-` stands for. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
}

type FollowedLinks = { readonly followLinks?: true };

const expected =
  "a folder, a glob, an audio file, a manifest (.jsonl, .json, .csv, .tsv, each also as .gz), a WebDataset tar (.tar, .tar.gz), a Parquet file with audio, or - for a list of paths on standard input";

/**
 * Finds out what each input is, without listing it; of a manifest, the first rows are looked at to see which folder its paths start from. What is there by its name is that, even with characters that a glob
 * would have. Audio files that follow one another become one input.
 * @throws DatasetError with code DATASET_INPUT for what is not there or is no input.
 */
export async function resolveInputs(names: readonly string[], options: ResolveInputsOptions = {}): Promise<readonly DatasetInput[]> {
  const cwd = resolve(options.cwd ?? ".");
  if (names.length === 0) throw new DatasetError("DATASET_INPUT", `there are no inputs; give ${expected}`);
  const inputs: DatasetInput[] = [];
  let files: string[] | undefined;
  for (const name of names.map(localName)) {
    const input =
      name === "-"
        ? listInput(options, cwd, inputs)
        : await resolveInput(name, cwd, options.followLinks === true ? { followLinks: true } : {});
    if (input !== "file") {
      inputs.push(input);
      files = undefined;
    } else if (files === undefined) {
      files = [name];
      inputs.push({ kind: "files", root: cwd, paths: files });
    } else {
      files.push(name);
    }
  }
  return inputs;
}

/** The path that a `file:` URL is; everything else as it is. @throws DatasetError for other addresses. */
function localName(name: string): string {
  try {
    return toPath(name);
  } catch (cause) {
    const isLocal = /^file:/iu.test(name) && cause instanceof TypeError;
    const message = isLocal ? cause.message : `${shownAddress(name)} is an address; download it first. Expected ${expected}`;
    throw new DatasetError("DATASET_INPUT", message, { cause });
  }
}

async function resolveInput(name: string, cwd: string, links: FollowedLinks): Promise<DatasetInput | "file"> {
  // Otherwise a variable that is not set would be the working directory.
  if (name === "") throw new DatasetError("DATASET_INPUT", `an input is empty text; give ${expected}`);
  const path = resolve(cwd, name);
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new DatasetError("DATASET_INPUT", `cannot read the input ${name}: ${error.message}`, { cause: error });
  });
  if (stats === undefined) return globInput(name, cwd, links);
  if (stats.isDirectory()) return { kind: "folder", root: path, ...links };
  if (!stats.isFile()) throw new DatasetError("DATASET_INPUT", `${name} is a pipe or a device; pass its paths on standard input with -`);
  if (audioExtensionOf(path) !== undefined || videoExtensionOf(path) !== undefined) return "file";
  const file = { root: dirname(path), path };
  if (isPackedInput(path)) return { kind: "packed", ...file };
  const kind = manifestKindOf(basename(path));
  if (kind !== undefined) return { kind, ...file, ...(await rootOfManifest(path, kind, cwd)) };
  switch (/\.(?<extension>[^.]+)$/u.exec(basename(path))?.groups!["extension"]?.toLowerCase()) {
    case "tar":
      return { kind: "tar", ...file };
    case "gz":
    case "zst":
    case "xz":
    case "bz2":
    case "zip":
      throw new DatasetError("DATASET_INPUT", `${name} is compressed; unpack it first (a .tar and a .tar.gz are read)`);
    default:
      throw new DatasetError(
        "DATASET_INPUT",
        `${name} is no input; give ${expected}. Audio files end in ${commonExtensions.map((extension) => `.${extension}`).join(", ")}, or as others do, such as .m4a`,
      );
  }
}

async function globInput(name: string, cwd: string, links: FollowedLinks): Promise<DatasetInput> {
  const { base, glob, isGlob, negated } = picomatch.scan(name);
  if (!isGlob || negated) throw new DatasetError("DATASET_INPUT", `there is no ${name}; give ${expected}`);
  const root = resolve(cwd, base);
  const isFolder = await stat(root).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new DatasetError("DATASET_INPUT", `nothing matches ${name}: there is no folder ${base}`);
  return { kind: "glob", root, pattern: glob, ...links };
}

function listInput({ stdin }: ResolveInputsOptions, cwd: string, before: readonly DatasetInput[]): DatasetInput {
  if (stdin === undefined) throw new DatasetError("DATASET_INPUT", "- stands for standard input, and there is none here");
  if (before.some(({ kind }) => kind === "list"))
    throw new DatasetError("DATASET_INPUT", "- is given twice; standard input can be read once");
  return { kind: "list", root: cwd, lines: stdin };
}
