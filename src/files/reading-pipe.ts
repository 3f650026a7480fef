import { closeSync, constants, openSync, writeSync } from "node:fs";
import { onAbort } from "../async/index.ts";

/**
 * Reads from a pipe by its path. Opening one waits for a writer, and reading for what it writes, on a thread that no signal
 * reaches and that a process which exits waits for. So an abort makes a writer come that writes a byte, read by nobody, and goes.
 * @throws The signal's reason if it was aborted before.
 */
export async function readingPipe<T>(path: string, signal: AbortSignal | undefined, read: () => Promise<T>): Promise<T> {
  if (signal === undefined) return read();
  signal.throwIfAborted();
  using _ = onAbort(signal, () => writeOneByte(path));
  return await read();
}

function writeOneByte(path: string): void {
  try {
    const pipe = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      writeSync(pipe, new Uint8Array(1));
    } finally {
      closeSync(pipe);
    }
  } catch {
    // Nobody reads, so nobody waits; or the pipe is full, and who reads has something to read.
  }
}
