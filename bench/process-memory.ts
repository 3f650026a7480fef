import { hasProc, residentBytes, runtimeProcesses } from "../test/runtime/runtime-processes.ts";

/** Resident memory, of this process and of those that run its models (these in Linux only), in MB (10^6 bytes). Pages that they share count for each. */
export function residentMemory(): number {
  const models = hasProc ? runtimeProcesses().map((pid) => residentBytes(pid)) : [];
  return models.reduce((sum, bytes) => sum + bytes, process.memoryUsage.rss()) / 1e6;
}

/** The most resident memory each of them has had so far, together, in MB. Of models it is known while they are loaded. */
export function peakMemory(): number {
  const models = hasProc ? runtimeProcesses().map((pid) => residentBytes(pid, "peak")) : [];
  return models.reduce((sum, bytes) => sum + bytes, process.resourceUsage().maxRSS * 1000) / 1e6;
}
