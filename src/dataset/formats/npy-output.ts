import { createHash } from "node:crypto";
import { lstat, rm } from "node:fs/promises";
import { join, posix } from "node:path";
import { clipped } from "../../core/index.ts";
import { makeFolderInside } from "../../files/index.ts";
import { RowError } from "../decoding/row-failure.ts";
import { writingError } from "../folder/disk-space.ts";
import { writeDurably } from "../folder/durable-file.ts";
import { keyProblem, npyName } from "../inputs/row-key.ts";
import { plannedColumns } from "../plan/planned-columns.ts";
import { forgetClipFiles, noteClipFile } from "./clip-file-notes.ts";
import type { ClipOutput, ShardLimits } from "./clip-output.ts";
import { formatClipNpy, formatClipRecord } from "../records/clip-record.ts";
import type { TypedColumn } from "../records/column-types.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";
import { fileShard } from "./file-shard.ts";
import { shardedOutput } from "./sharded-output.ts";
import type { ShardStart, ShardWriter } from "./sharded-output.ts";

/** A clip's file and its line in the list. */
interface NpyItem {
  readonly key: string;
  /** The file's path in the dataset's folder: `npy/speaker/clip.npy`. */
  readonly file: string;
  readonly npy: Uint8Array;
  readonly line: Uint8Array;
}

/** The extension of the lists of files. */
const npyListExtension = ".npy.jsonl";

/**
 * Clips as one file each, `npy/<key>.npy`, in the folders of the input; uint16, shaped as in a WebDataset. `shards/part-000012-000.npy.jsonl`
 * lists them, a line for each: the fields of `<key>.json` of a WebDataset, and `file`, `bytes` and `sha256`. The digest of the list
 * therefore vouches for the files.
 */
export function npyOutput(folder: string, limits: ShardLimits = {}): ClipOutput {
  const columns = plannedColumns(folder);
  const files = new ClipFiles(folder);
  return shardedOutput<NpyItem>(
    folder,
    {
      format: "npy",
      overhead: 0,
      itemOf: async (clip) => {
        const item = itemOf(clip, await columns());
        return { item, bytes: item.npy.length };
      },
      prepare: async (clips) => {
        for (const { key } of clips) await files.check(npyName(key));
      },
      start: (shard) => startList(shard, files),
    },
    limits,
  );
}

function itemOf(clip: EncodedClip, types: readonly TypedColumn[]): NpyItem {
  const npy = formatClipNpy(clip);
  const problem = keyProblem(clip.key);
  if (problem !== undefined)
    throw new RangeError(`${JSON.stringify(clip.key.slice(0, 200))} cannot name a file: ${problem}; expected a key such as speaker/clip`);
  const file = npyName(clip.key);
  const sha256 = createHash("sha256").update(npy).digest("hex");
  const line = `${formatClipRecord(clip, types).slice(0, -1)},${JSON.stringify({ file, bytes: npy.length, sha256 }).slice(1)}\n`;
  return { key: clip.key, file, npy, line: new TextEncoder().encode(line) };
}

/** What the operating system says of a name that it does not take, whatever the machine has room for. */
const nameErrors: ReadonlySet<unknown> = new Set(["ENAMETOOLONG", "EILSEQ", "EINVAL", "ENOTDIR", "ELOOP"]);

/** Where the files of clips go, in folders that are made as needed. */
class ClipFiles {
  readonly #folder: string;
  /** The one made last: rows of one folder follow one another. */
  #made = "";

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param file In the dataset's folder, in a folder of its own. @returns The path. @throws as `makeFolderInside`. */
  async pathOf(file: string): Promise<string> {
    const parent = posix.dirname(file);
    if (parent !== this.#made) await makeFolderInside(this.#folder, parent);
    this.#made = parent;
    return join(this.#folder, file);
  }

  /** @throws RowError for a file that cannot have its name. */
  async check(file: string): Promise<void> {
    const path = join(this.#folder, file);
    const stats = await this.pathOf(file)
      .then(lstat)
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw nameErrors.has(error.code) ? unwritable(file, error.code!) : writingError(path, error);
      });
    if (stats?.isDirectory() === true) throw unwritable(file, "there is a folder of that name");
  }
}

function unwritable(file: string, reason: string): RowError {
  return new RowError({
    code: "ROW_UNWRITABLE",
    message: `${clipped(file, 200)} cannot be written here: ${reason}; give the row another id`,
  });
}

async function startList(shard: ShardStart, files: ClipFiles): Promise<ShardWriter<NpyItem>> {
  const list = await fileShard(shard, npyListExtension, new Uint8Array(0));
  const written: string[] = [];
  return {
    async add({ key, file, npy, line }) {
      await noteClipFile(shard.folder, shard.part, key);
      const path = await files.pathOf(file).catch((error: unknown) => {
        throw writingError(join(shard.folder, file), error);
      });
      written.push(path);
      await writeDurably(path, npy);
      await list.add(line);
      return { file, index: 0 };
    },
    async finish() {
      const published = await list.finish();
      await forgetClipFiles(shard.folder, shard.part);
      return published;
    },
    async abort() {
      await list.abort();
      for (const path of written.splice(0)) await rm(path, { force: true });
      await forgetClipFiles(shard.folder, shard.part);
    },
  };
}
