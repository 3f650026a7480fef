import type { Writable } from "node:stream";
import { orAborted } from "../../async/index.ts";
import { clipped, FileError, visibleLine, visibleText } from "../../core/index.ts";

/**
 * What commands know of the world around them; tests hand in their own. Nothing but this file writes to the streams: names, metadata and
 * answers of servers are in most of what is told, and here they lose whatever would steer a terminal.
 */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Data only: results, reports, JSON. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Messages and progress. */
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Aborted by Ctrl-C, and by what else asks the process to end; an `Interruption` says how it then ends. */
  readonly signal: AbortSignal;
}

/** A message of more characters is cut: it quotes something that nobody reads. */
const longestMessage = 8192;

/** Stands for standard input or output in place of a path. */
export const stream = "-";

/** A path as messages show it. */
export function displayName(path: string, whenStream: "stdin" | "stdout"): string {
  return path === stream ? whenStream : path;
}

/**
 * Writes to standard output and waits until it is taken.
 * @param data Text is made visible, which leaves the values of JSON what they are; bytes are data, and go out as they are.
 */
export async function writeOut(terminal: Terminal, data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    terminal.stdout.write(typeof data === "string" ? visibleText(data) : data, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes text of several lines without waiting. */
export function showText(output: Terminal["stdout"], text: string): void {
  output.write(visibleText(text));
}

/** Tells the person a message. It is one line; further ones begin with two spaces, so that no name in it can pass for a message of its own. */
export function tell({ stderr }: Terminal, message: string): void {
  const lines = clipped(message, longestMessage).split(/\n(?= {2})/u);
  stderr.write(`${lines.map(visibleLine).join("\n")}\n`);
}

/** Columns of standard output; undefined where it is no terminal, or one that does not tell. */
export function widthOf({ stdout }: Terminal): number | undefined {
  return stdout.columns || undefined;
}

/** Whether standard output shows colours. */
export function showsColour({ stdout }: Terminal): boolean {
  return stdout.isTTY === true && process.env["TERM"] !== "dumb" && admitsEscapes();
}

/** Whether there is a line on standard error that can be written again and again. */
export function showsBars({ stderr }: Terminal): boolean {
  return stderr.isTTY === true && process.env["TERM"] !== "dumb";
}

/** Whether the person has not asked for plain text (https://no-color.org). */
export function admitsEscapes(): boolean {
  return (process.env["NO_COLOR"] ?? "") === "";
}

/** Bytes of standard input that are held: as many as of a file. */
const mostInput = 2 ** 31;

/** Reads all of standard input, or stops waiting for it when the signal says so. */
export async function readIn({ stdin, signal }: Terminal): Promise<Uint8Array> {
  signal.throwIfAborted();
  return await orAborted(concatenate(stdin), signal);
}

async function concatenate(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let numBytes = 0;
  for await (const part of parts) {
    all.push(part);
    numBytes += part.length;
    if (numBytes > mostInput)
      throw new FileError(
        "FILE_UNREADABLE",
        "stdin",
        "standard input has over 2 GiB, more than is held in memory; cut it into parts first",
      );
  }
  const { buffer, byteOffset, length } = Buffer.concat(all);
  return new Uint8Array(buffer, byteOffset, length);
}

/** Tells a message, unless the person asked for quiet. */
export function say(terminal: Terminal, { quiet = false }: { readonly quiet?: boolean }, line: string): void {
  if (!quiet) tell(terminal, line);
}
