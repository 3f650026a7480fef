import { runCommandLine } from "./program.ts";
import { exitCodes, Interruption, OutputLost, reportError } from "./shared/failures.ts";
import { useProxies } from "./shared/proxies.ts";
import { tellStrayMessages } from "./shared/stray-messages.ts";
import type { Terminal } from "./shared/terminal.ts";

/** The reader of a pipe, a terminal or a connection is not there any more. */
const goneCodes: ReadonlySet<string> = new Set(["EPIPE", "EIO", "ECONNRESET"]);

/** Commands that only print have nothing to put away: signals end them as the system does, also within a step that nothing can interrupt. */
const printing: ReadonlySet<string | undefined> = new Set(["inspect", "license", "models"]);

/** Runs the command line that this process was started with, at its own terminal, to its end. */
export async function runThisProcess(): Promise<void> {
  const { stdin, stdout, stderr } = process;

  const interrupt = new AbortController();
  const terminal: Terminal = { stdin, stdout, stderr, signal: interrupt.signal };
  let isDone = false;

  tellStrayMessages(terminal);
  useProxies(process.env);

  const endings = { SIGHUP: exitCodes.hungUp, SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated } as const;
  for (const [signal, exitCode] of printing.has(process.argv[2]) ? [] : Object.entries(endings)) {
    process.on(signal, () => {
      // The second time, at once: the first may have to wait for a step of the network.
      if (interrupt.signal.aborted) process.exit(exitCode);
      interrupt.abort(new Interruption("interrupted", exitCode));
    });
  }

  for (const output of [stdout, stderr]) {
    output.on("error", (error: NodeJS.ErrnoException) => {
      // What was begun is put away first. A terminal that was closed, or a reader that went away as `head` does, is told nothing.
      if (interrupt.signal.aborted) return;
      const isGone = error.code !== undefined && goneCodes.has(error.code);
      interrupt.abort(
        isGone ? new OutputLost("", exitCodes.brokenPipe) : new OutputLost(`cannot write the output: ${error.message}`, exitCodes.failed),
      );
      if (isDone) process.exitCode = reportError(interrupt.signal.reason, terminal);
    });
  }

  process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
  isDone = true;
  if (interrupt.signal.aborted) {
    // Some commands end before they hear of it.
    if (process.exitCode === exitCodes.ok) process.exitCode = reportError(interrupt.signal.reason, terminal);
    // Without this, an interrupted read of standard input would be waited for.
    process.exit();
  }
}
