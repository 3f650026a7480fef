import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { temporaryBeside } from "../../files/index.ts";
import { writingError } from "./disk-space.ts";

/** What is recorded of a file that is complete. */
export interface PublishedFile {
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/**
 * A file that is there as a whole or not at all, whenever the process or the machine stops: it is written under a
 * temporary name in the same folder, synced and renamed, and the folder synced too. It replaces what has its name.
 *
 *     await using file = await DurableFile.create("out/shards/part-000012-000.tar");
 *     await file.write(bytes);
 *     const { bytes, sha256 } = await file.publish();
 *
 * Disposed before `publish`, it leaves nothing.
 * Every method throws DatasetError DATASET_DISK_FULL if the disk is full, FileError `FILE_UNWRITABLE` for the rest.
 */
export class DurableFile implements AsyncDisposable {
  readonly path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #isOpen = true;

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** Begins a file. @param path In a folder that exists. */
  static async create(path: string): Promise<DurableFile> {
    const temporary = temporaryBeside(path);
    return new DurableFile(path, temporary, await writing(path, () => open(temporary, "wx+")));
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends bytes. Calls are to be waited for, one after the other. */
  async write(bytes: Uint8Array): Promise<void> {
    await writing(this.path, () => this.#handle.writeFile(bytes));
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Up to `length` of the bytes written so far. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const { buffer, bytesRead } = await this.#handle.read(new Uint8Array(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  /** Completes the file and gives it its name. */
  async publish(): Promise<PublishedFile> {
    await writing(this.path, async () => {
      await this.#handle.sync(); // else a power cut after the renaming could leave an empty file under the final name
      await this.#handle.close();
      await rename(this.#temporary, this.path);
      this.#isOpen = false;
      await syncFolder(dirname(this.path));
    });
    return { bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close().catch(() => {}); // closed already if only the renaming failed
    await rm(this.#temporary, { force: true });
  }
}

/** Writes a whole file with `DurableFile`. */
export async function writeDurably(path: string, contents: Uint8Array | string): Promise<PublishedFile> {
  await using file = await DurableFile.create(path);
  await file.write(typeof contents === "string" ? new TextEncoder().encode(contents) : contents);
  return await file.publish();
}

/** Makes the names in a folder last through a power cut, where the file system has such a promise to give. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (!["EACCES", "EBADF", "EINVAL", "EISDIR", "ENOTSUP", "EPERM"].includes(code)) throw error;
  }
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writingError(path, error);
  }
}
