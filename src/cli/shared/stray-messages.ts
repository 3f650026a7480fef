import { format } from "node:util";
import { reportError } from "./failures.ts";
import { tell } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Tells what does not come from commands as they tell theirs: what packages write to the console, and what Node writes of warnings and of
 * errors that nobody caught. Any of them may quote a file or a server, and standard output is for data.
 */
export function tellStrayMessages(terminal: Terminal): void {
  for (const method of ["debug", "error", "info", "log", "trace", "warn"] as const) {
    console[method] = (...values: readonly unknown[]) => tell(terminal, format(...values));
  }
  // Where warnings are not turned off, Node listens to them itself.
  if (process.listenerCount("warning") > 0) {
    process.removeAllListeners("warning");
    process.on("warning", ({ name, message, stack }) =>
      tell(terminal, process.execArgv.includes("--trace-warnings") ? `${stack}` : `${name}: ${message}`),
    );
  }
  process.on("uncaughtException", (error: unknown) => process.exit(reportError(error, terminal)));
}
