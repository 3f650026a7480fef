import { createHash, randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** Hours after which a partial file of another machine, where one cannot ask who still runs, counts as left behind. */
const abandonedAfter = 1;

/** Stands for the machine, or the container, within which process ids mean something. */
const host = createHash("sha256").update(`${hostname()} ${pidNamespace()}`).digest("hex").slice(0, 8);

/** Digest, then who writes to the file: a process of a machine, or nobody any more. */
const partialName = /^(?<digest>[0-9a-f]+)\.codec-(?<owner>free|(?<host>[0-9a-f]{8})-(?<pid>\d+))-[0-9a-f]{16}\.incomplete$/u;

/** Whether a file's name says that it is what this package has of an unfinished download. */
export function isPartial(name: string): boolean {
  return partialName.test(name);
}

/**
 * The first bytes of a file that is being downloaded. Every process writes to one of its own, so that any number of them
 * can download the same file; what one leaves behind, another takes over by renaming it, which only one can do.
 */
export class PartialFile {
  readonly path: string;
  readonly #folder: string;
  readonly #digest: string;
  readonly #handle: FileHandle;
  #length: number;

  private constructor(folder: string, digest: string, path: string, handle: FileHandle, length: number) {
    this.#folder = folder;
    this.#digest = digest;
    this.path = path;
    this.#handle = handle;
    this.#length = length;
  }

  /** Takes over what an earlier download of these bytes left in the folder, if it may, or starts an empty file. */
  static async claim(folder: string, digest: string, mayResume: boolean): Promise<PartialFile> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, nameOf(digest, `${host}-${process.pid}`));
    for (const name of mayResume ? await readdir(folder) : []) {
      if (!(await isAbandoned(folder, name, digest))) continue;
      const isMine = await rename(join(folder, name), path).then(
        () => true,
        () => false, // another process was faster
      );
      if (isMine) break;
    }
    const handle = await open(path, "a");
    return new PartialFile(folder, digest, path, handle, (await handle.stat()).size);
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.#handle.write(bytes, done);
      done += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  /** Forgets all bytes. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#length = 0;
  }

  /**
   * Gives the whole file its name, once its bytes are on the disk; from then on it counts.
   * @returns False, with the file gone, if somebody else wrote to it as well.
   */
  async accept(): Promise<boolean> {
    if ((await this.#handle.stat()).size !== this.#length) {
      await this.discard();
      return false;
    }
    try {
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
    const target = join(this.#folder, this.#digest);
    try {
      await rename(this.path, target);
    } catch (error) {
      // Windows does not replace a file that another process reads; it has the same bytes.
      if ((await stat(target).catch(() => undefined))?.size !== this.#length) throw error;
      await rm(this.path, { force: true });
    }
    return true;
  }

  /** Leaves the bytes to whoever goes on with them. */
  async release(): Promise<void> {
    await this.#handle.close();
    await (this.#length === 0 ? rm(this.path, { force: true }) : rename(this.path, join(this.#folder, nameOf(this.#digest, "free"))));
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.path, { force: true });
  }
}

function nameOf(digest: string, owner: string): string {
  return `${digest}.codec-${owner}-${randomBytes(8).toString("hex")}.incomplete`;
}

async function isAbandoned(folder: string, name: string, digest: string): Promise<boolean> {
  const parts = partialName.exec(name)?.groups;
  if (parts?.["digest"] !== digest) return false;
  if (parts["owner"] === "free") return true;
  if (parts["host"] === host) return !isRunning(Number(parts["pid"]));
  const modified = (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? Date.now();
  return Date.now() - modified > abandonedAfter * 3_600_000;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks whether it could be sent, and sends nothing
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Containers can share a host name and still number their processes apart. */
function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return ""; // only Linux has them
  }
}
