import { readFileSync, readlinkSync } from "node:fs";

/**
 * What numbers of processes belong to: one start of one machine, and one container on it. Numbers of another cannot be looked up here.
 * Empty where the system does not tell (all but Linux).
 */
export function processNamespace(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/**
 * When a process started, in ticks since the machine did: its number may be given to another one later. Empty where there is no such process,
 * or the system does not tell.
 */
export function startOfProcess(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? ""; // its 22nd field: the second, a name in parentheses, may have spaces
  } catch {
    return "";
  }
}

/** Whether there is a process of this number that started then, in the namespace of this one. */
export function isProcessAlive({ pid, started }: { readonly pid: number; readonly started: string }): boolean {
  const start = startOfProcess(pid);
  if (start !== "" && started !== "" && start !== started) return false; // the number is another one's now
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // somebody else's process
  }
}
