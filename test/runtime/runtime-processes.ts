import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Processes can be looked at where there is /proc. */
export const hasProc: boolean = existsSync("/proc/self/stat");

/** Processes that run models for this one; or, where an environment variable is named, those in whose environment it is. */
export function runtimeProcesses(variable?: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => {
      const commandLine = readProc(pid, "cmdline");
      if (!commandLine.includes("onnx-process.js")) return false;
      return variable === undefined ? parentOf(pid) === process.pid : readProc(pid, "environ").split("\0").includes(variable);
    });
}

/** Children of this process that have ended and that nobody has waited for. */
export function zombies(): number[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map(Number);
  return pids.filter((pid) => parentOf(pid) === process.pid && statOf(pid)[0] === "Z");
}

/** Bytes of memory that a process has, to itself or shared; 0 if it has ended. */
export function residentBytes(pid: number, when: "now" | "peak" = "now"): number {
  const found = (when === "now" ? /^VmRSS:\s*(\d+) kB$/mu : /^VmHWM:\s*(\d+) kB$/mu).exec(readProc(pid, "status"));
  return Number(found?.[1] ?? 0) * 1024;
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1]);
}

/** The fields after the name of the command, which may hold anything. */
function statOf(pid: number): string[] {
  const stat = readProc(pid, "stat");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Empty where the process has ended meanwhile. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
