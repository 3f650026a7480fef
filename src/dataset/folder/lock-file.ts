import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, open, rename, rm, stat, writeFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { isProcessAlive, processNamespace, startOfProcess, temporaryBeside } from "../../files/index.ts";
import { DatasetError } from "./dataset-error.ts";
import { writingError } from "./disk-space.ts";
import { parseJson, readTextInside } from "./read-json-file.ts";

export interface LockOptions {
  /** How often the holder shows that it lives, in milliseconds. @default 15000 */
  readonly heartbeat?: number | undefined;
  /** The time without a sign of life after which a holder on another machine counts as gone, in milliseconds. @default 120000 */
  readonly staleAfter?: number | undefined;
}

/** Who holds a lock. */
export interface LockHolder {
  readonly id: string;
  readonly host: string;
  /** Whose process numbers `pid` is one of: changes whenever the machine starts, and from container to container; empty where the system does not tell. */
  readonly boot: string;
  readonly pid: number;
  /** When the process started, as the system has it, which may give its number to another one later; empty where it does not tell. */
  readonly started: string;
  /** ISO 8601. */
  readonly since: string;
}

const holderSchema: z.ZodType<LockHolder> = z.object({
  id: z.string(),
  host: z.string(),
  boot: z.string(),
  pid: z.number(),
  started: z.string(),
  since: z.string(),
});

/** Ids of the locks that this thread holds: the number of its process alone does not tell it from one that had it before a restart. */
const held = new Set<string>();

/**
 * A file that one process at a time has. A holder on the same machine is gone when its process is; one on another machine
 * when it has not touched the file for a while, by the clock of the disk that both write to.
 */
export class LockFile implements AsyncDisposable {
  readonly path: string;
  readonly #holder: LockHolder;
  readonly #handle: FileHandle;
  readonly #timer: NodeJS.Timeout;
  readonly #lost = new AbortController();

  private constructor(path: string, holder: LockHolder, handle: FileHandle, heartbeat: number) {
    this.path = path;
    this.#holder = holder;
    this.#handle = handle;
    this.#timer = setInterval(() => void this.#beat(), heartbeat).unref();
    held.add(holder.id);
  }

  /**
   * Takes the lock, over from a holder that is gone if need be.
   * @throws DatasetError with code DATASET_LOCKED, naming the holder.
   */
  static async acquire(path: string, { heartbeat = 15_000, staleAfter = 120_000 }: LockOptions = {}): Promise<LockFile> {
    const holder: LockHolder = {
      id: randomUUID(),
      host: hostname(),
      boot: processNamespace(),
      pid: process.pid,
      started: startOfProcess(process.pid),
      since: new Date().toISOString(),
    };
    const temporary = temporaryBeside(join(dirname(path), "lock"));
    try {
      await writeFile(temporary, JSON.stringify(holder), { flag: "wx" });
      const { mtimeMs } = await stat(temporary);
      while (!(await linkToNew(temporary, path))) {
        const other = await readLock(path, mtimeMs, staleAfter);
        if (other === undefined) continue; // released meanwhile
        if (!other.isGone) throw lockedError(path, other);
        await removeLock(path, other.id);
      }
      return new LockFile(path, holder, await open(path, "r+"), heartbeat);
    } catch (error) {
      throw writingError(path, error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Aborts, with a DatasetError as its reason, if somebody else took the lock: this process was taken for gone. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Gives the lock back; once is enough. */
  async release(): Promise<void> {
    if (!held.delete(this.#holder.id)) return;
    clearInterval(this.#timer);
    if (await this.#isOurs().catch(() => false)) await rm(this.path, { force: true });
    await this.#handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #beat(): Promise<void> {
    try {
      if (await this.#isOurs()) {
        await this.#handle.write(JSON.stringify(this.#holder), 0); // the disk dates it by its own clock
      } else if (held.has(this.#holder.id)) {
        this.#lost.abort(
          new DatasetError(
            "DATASET_LOCKED",
            `${this.path} was taken over or deleted: another run may work on the same folder; this one stops`,
          ),
        );
      }
    } catch {
      // A beat that fails is missed; enough of them, and another run may take over, which the next one sees.
    }
  }

  async #isOurs(): Promise<boolean> {
    const holder = await readHolder(this.path);
    return holder?.id === this.#holder.id;
  }
}

/** Who holds a lock, and whether it still does. */
export interface LockState extends LockHolder {
  readonly isGone: boolean;
  /** Milliseconds since its last sign of life. */
  readonly age: number;
}

/**
 * Reads a lock; undefined if there is none.
 * @param now The time as the file system has it: `mtimeMs` of a file just written beside the lock.
 */
export async function readLock(path: string, now: number, staleAfter: number): Promise<LockState | undefined> {
  const stats = await stat(path).catch(ignoreMissing);
  if (stats === undefined) return undefined;
  const age = Math.max(0, now - stats.mtimeMs);
  const holder = await readHolder(path);
  if (holder === undefined)
    return { id: "", host: "unknown", boot: "", pid: 0, started: "", since: stats.mtime.toISOString(), age, isGone: age > staleAfter };
  return { ...holder, age, isGone: !(isAlive(holder) ?? age <= staleAfter) };
}

/** Removes a lock if it is still the one meant: somebody else may have taken it over in between. */
export async function removeLock(path: string, id: string): Promise<void> {
  const current = await readHolder(path);
  if (current !== undefined && current.id !== id) return;
  const aside = temporaryBeside(join(dirname(path), "lock"));
  await rename(path, aside).catch(ignoreMissing);
  const holder = await readHolder(aside);
  if (holder !== undefined && holder.id !== id) await linkToNew(aside, path); // it was, in this very moment
  await rm(aside, { force: true });
}

export function lockedError(path: string, { host, pid, since, age }: LockState): DatasetError {
  return new DatasetError(
    "DATASET_LOCKED",
    `another run works on ${dirname(path)}: process ${pid} on ${host}, since ${since}, last seen ${Math.round(age / 1000)} s ago. ` +
      `Wait until it has ended or stop it, or give the two different shards; if there is no such process, delete ${path}`,
  );
}

/** @returns undefined for a lock that is not there, or cut short. @throws where the disk does not tell. */
async function readHolder(path: string): Promise<LockHolder | undefined> {
  const text = await readTextInside(dirname(path), basename(path));
  try {
    return text === undefined ? undefined : holderSchema.parse(parseJson(text));
  } catch {
    return undefined;
  }
}

/** Whether the process of a holder goes on with its work; undefined where its signs of life have to tell. */
function isAlive({ id, host, boot, pid, started }: LockHolder): boolean | undefined {
  if (host !== hostname() || boot !== processNamespace()) return undefined;
  if (pid !== process.pid) return isProcessAlive({ pid, started });
  // Of this very process, but of another thread, or of a copy of this module.
  const start = startOfProcess(pid);
  if (start !== "" && started !== "" && start !== started) return false;
  return held.has(id) || (start === "" ? false : undefined);
}

/** Gives a file a second name; false if that is taken. */
async function linkToNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") throw error;
      return copyFile(from, to, constants.COPYFILE_EXCL); // file systems without hard links
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
