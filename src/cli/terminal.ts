import type { Writable } from "node:stream";

/** What commands know of the world around them; tests hand in their own. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Data only: results, reports, JSON. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Messages and progress. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Aborted by Ctrl-C, and by what else asks the process to end; an `Interruption` says how it then ends. */
  readonly signal: AbortSignal;
}

/** Stands for standard input or output in place of a path. */
export const stream = "-";

/** A path as messages show it. */
export function displayName(path: string, whenStream: "stdin" | "stdout"): string {
  return path === stream ? whenStream : path;
}

/** Writes to standard output and waits until it is taken. */
export async function writeOut(terminal: Terminal, data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    terminal.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Whether standard output shows colours: it is a terminal, and the person has not asked for none (https://no-color.org). */
export function showsColour({ stdout }: Terminal): boolean {
  return stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === "";
}

/** Reads all of standard input, or stops waiting for it when the signal says so. */
export async function readIn({ stdin, signal }: Terminal): Promise<Uint8Array> {
  signal.throwIfAborted();
  const { promise: interrupted, reject } = withRejection();
  const interrupt = () => reject(signal.reason);
  signal.addEventListener("abort", interrupt);
  try {
    return await Promise.race([concatenate(stdin), interrupted]);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

async function concatenate(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  const { buffer, byteOffset, length } = Buffer.concat(all);
  return new Uint8Array(buffer, byteOffset, length);
}

function withRejection(): { readonly promise: Promise<never>; readonly reject: (reason: unknown) => void } {
  let reject!: (reason: unknown) => void;
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  return { promise, reject };
}

/** Writes a line for people to read, unless they asked for quiet. */
export function say(terminal: Terminal, { quiet = false }: { readonly quiet?: boolean }, line: string): void {
  if (!quiet) terminal.stderr.write(`${line}\n`);
}
