import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { temporaryBeside } from "./temporary-name.ts";
import { codeOf, reportingErrors } from "./write-error.ts";

export interface AtomicFileOptions {
  /** Whether it replaces what has its name; otherwise that is left alone, and publishing fails with EEXIST. @default true */
  readonly overwrite?: boolean | undefined;
  /** Its permissions, less what the process withholds. @default 0o666 */
  readonly mode?: number | undefined;
  /** What lasts through a power cut: nothing, the file under the name that it has by then, or its name, too. @default "file" */
  readonly sync?: "nothing" | "file" | "folder" | undefined;
  /** What is computed of the bytes as they are appended, so that nobody reads them again for it. @default nothing */
  readonly digest?: "sha256" | undefined;
  /** What is thrown in place of an error of the system. @default a FileError */
  readonly toError?: ((error: unknown) => unknown) | undefined;
}

/** What is known of a file that is complete. */
export interface PublishedFile<Digest = string> {
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: Digest;
}

/**
 * A file that is there as a whole or not at all, whenever the process or the machine stops: it is written under a temporary name in the
 * same folder, synced and renamed.
 *
 *     await using file = await AtomicFile.create("out/shards/part-000012-000.tar", { digest: "sha256" });
 *     await file.write(bytes);
 *     const { bytes, sha256 } = await file.publish();
 *
 * Disposed before `publish`, it leaves nothing. Calls are to be waited for, one after the other.
 */
export class AtomicFile<Digest extends string | undefined = undefined> implements AsyncDisposable {
  readonly path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  readonly #options: AtomicFileOptions;
  readonly #hash: Hash | undefined;
  #bytes = 0;
  #isComplete = false;
  #isPublished = false;

  private constructor(path: string, temporary: string, handle: FileHandle, options: AtomicFileOptions) {
    this.path = path;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#options = options;
    this.#hash = options.digest === undefined ? undefined : createHash(options.digest);
  }

  /** Begins a file. @param path In a folder that exists. */
  static create(path: string, options: AtomicFileOptions & { readonly digest: "sha256" }): Promise<AtomicFile<string>>;
  static create(path: string, options?: AtomicFileOptions): Promise<AtomicFile>;
  static async create(path: string, options: AtomicFileOptions = {}): Promise<AtomicFile<string | undefined>> {
    const temporary = temporaryBeside(path);
    return new AtomicFile(
      path,
      temporary,
      await reportingErrors(path, () => open(temporary, "wx+", options.mode), options.toError),
      options,
    );
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Appends bytes, or writes over what is at `position`, which its digest does not hear of. */
  async write(bytes: Uint8Array, position?: number): Promise<void> {
    await this.#reporting(() => writeTo(this.#handle, bytes, position));
    if (position !== undefined) return;
    this.#hash?.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Up to `length` of the bytes written so far. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const { buffer, bytesRead } = await this.#handle.read(new Uint8Array(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }

  /** Ends the writing. What is left to do then is quick, for files that appear together. */
  async complete(): Promise<void> {
    if (this.#isComplete) return;
    await this.#reporting(async () => {
      if (this.#options.sync !== "nothing") await this.#handle.sync(); // else a power cut after the renaming could leave an empty file under the final name
      await this.#handle.close();
    });
    this.#isComplete = true;
  }

  /** Completes the file and gives it its name. */
  async publish(): Promise<PublishedFile<Digest>> {
    const { overwrite = true, sync } = this.#options;
    await this.complete();
    await this.#reporting(async () => {
      await (overwrite ? rename(this.#temporary, this.path) : renameToNew(this.#temporary, this.path));
      this.#isPublished = true;
      if (sync === "folder") await syncFolder(dirname(this.path));
    });
    return { bytes: this.#bytes, sha256: this.#hash?.digest("hex") as Digest };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isPublished) return;
    await this.#handle.close().catch(() => {}); // closed already if only the renaming failed
    await rm(this.#temporary, { force: true });
  }

  #reporting<T>(work: () => Promise<T>): Promise<T> {
    return reportingErrors(this.path, work, this.#options.toError);
  }
}

/** Writes bytes at the end of an open file, or at `position`. */
export async function writeTo(handle: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  if (position === undefined) await handle.writeFile(bytes);
  else
    for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
}

/** Makes the names in a folder last through a power cut, where the file system has such a promise to give. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (error) {
    if (!["EACCES", "EBADF", "EINVAL", "EISDIR", "ENOTSUP", "EPERM"].includes(String(codeOf(error)))) throw error;
  }
}

/**
 * Renames without replacing; two writers cannot both succeed.
 * @throws EEXIST of the file system if the name is taken.
 */
async function renameToNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw error;
    await (await open(to, "wx")).close(); // file systems without hard links, such as FAT: an empty file holds the name
    await rename(from, to);
    return;
  }
  await rm(from);
}
