import { createHash, randomUUID } from "node:crypto";
import { lstat, opendir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { isProcessAlive, processNamespace, startOfProcess } from "./process-identity.ts";

/** Bytes of the final name that a temporary one repeats: file systems take 255 bytes in all. */
const maxNameBytes = 100;

/** `.speech.npz.4f1e9a0b2c3d5e6f-1234-567890.<UUID>.tmp`: the final name, then who writes, where the system tells. */
const pattern =
  /^\.(?<final>[^]*?)(?:\.(?<namespace>[0-9a-f]{16})-(?<pid>[1-9]\d*)-(?<started>\d+))?\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/u;

/** The final name of a file whose temporary name this is (its first 100 bytes); undefined for all other names. */
export function finalNameOf(temporary: string): string | undefined {
  return pattern.exec(temporary)?.groups!["final"];
}

/** What tells the namespace of this process from all others, however many machines write into a folder; undefined where the system does not tell. */
function namespaceDigest(): string | undefined {
  const namespace = processNamespace();
  return namespace === "" ? undefined : createHash("sha256").update(`${hostname()}\n${namespace}`).digest("hex").slice(0, 16);
}

/** A name in the same folder that nothing has, for a file that is not complete. It says which process writes it. */
export function temporaryBeside(path: string): string {
  const bytes = Buffer.from(basename(path));
  const start = bytes.subarray(0, maxNameBytes).toString();
  const name = bytes.length > maxNameBytes ? start.replace(/\ufffd+$/u, "") : start; // of a character that was cut
  const namespace = namespaceDigest();
  const writer = namespace === undefined ? "" : `.${namespace}-${process.pid}-${startOfProcess(process.pid)}`;
  return join(dirname(path), `.${name}${writer}.${randomUUID()}.tmp`);
}

/**
 * Removes the temporary files that processes left in a folder which were killed while they wrote into it.
 *
 * Only files that are certainly left over go: regular files of this user with a name that this package gives, whose process was one of this
 * container, on this start of this machine, and is not there any more. What processes of other machines and containers leave stays, as they
 * cannot be seen from here, and what was left before the machine started anew; and so does everything where the system (all but Linux) does
 * not tell processes apart. Such files have nobody who reads them, and can be deleted when nothing writes into the folder.
 * @returns Their names.
 */
export async function removeLeftoverFiles(folder: string): Promise<readonly string[]> {
  const namespace = namespaceDigest();
  if (namespace === undefined) return [];
  const removed: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      const writer = pattern.exec(name)?.groups as
        | { readonly namespace?: string; readonly pid: string; readonly started: string }
        | undefined;
      if (writer?.namespace !== namespace || isProcessAlive({ pid: Number(writer.pid), started: writer.started })) continue;
      const path = join(folder, name);
      const stats = await lstat(path);
      if (!stats.isFile() || stats.uid !== process.getuid?.()) continue;
      await rm(path, { force: true });
      removed.push(name);
    }
  } catch {
    // What cannot be listed or removed stays: nobody asked for it.
  }
  return removed;
}
