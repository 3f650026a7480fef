#!/usr/bin/env node
import { exitCodes } from "./failures.ts";
import { runCommandLine } from "./program.ts";

const { stdin, stdout, stderr } = process;

const interrupt = new AbortController();
process.on("SIGINT", () => {
  // The second time, at once: the first may have to wait for a step of the network.
  if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
  interrupt.abort();
});

for (const output of [stdout, stderr]) {
  output.on("error", (error: NodeJS.ErrnoException) => {
    // The reader went away, as `head` does: nothing to say, and nobody to say it to.
    if (error.code === "EPIPE") process.exit(exitCodes.brokenPipe);
    stderr.write(`encodec-tokenizer: cannot write the output: ${error.message}\n`);
    process.exit(exitCodes.failed);
  });
}

process.exitCode = await runCommandLine(process.argv.slice(2), { stdin, stdout, stderr, signal: interrupt.signal });
// Without this, an interrupted read of standard input would be waited for.
if (interrupt.signal.aborted) process.exit();
