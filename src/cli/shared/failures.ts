import { basename } from "node:path";
import { CommanderError } from "commander";
import { CodecError } from "../../core/index.ts";
import { tell } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

/** What scripts can rely on; from 128 upwards that of shells, 128 + the number of the signal. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  withErrors: 3,
  hungUp: 129,
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const;

/** A command line that cannot be carried out, whatever the files contain. */
export class UsageError extends Error {}

/** Something failed that is not a bug, told in one line. */
export class CommandError extends Error {}

/** Something failed, such as some of several inputs, and all of it was already told. */
export class ReportedError extends Error {}

/** All is done, and some of it came to nothing, which was already told. */
export class FinishedWithErrors extends Error {}

/** Why the work is to end before it is done: the reason with which the terminal's signal is aborted. */
export class Interruption extends Error {
  readonly exitCode: number;

  /** @param message What to tell the person; empty for nothing. */
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Calls the library with what the command line and the environment say.
 * @throws UsageError for what it refuses as a wrong argument.
 */
export async function withArguments<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof RangeError || error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error;
  }
}

/**
 * Calls the library with what an input holds.
 * @throws CommandError for what cannot be done with it, such as mixing six channels.
 */
export function withInput<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof RangeError ? new CommandError(error.message, { cause: error }) : error;
  }
}

/** Nobody reads the output any more, or it cannot be written: nobody could press Ctrl-C again either, so the work ends at once. */
export class OutputLost extends Interruption {}

/** Runs work on one input, and gives its failure as one line where it is not a bug. */
export async function attempt<T>(
  input: string,
  work: () => Promise<T>,
): Promise<{ readonly result: T } | { readonly failure: string; readonly isUsage: boolean }> {
  try {
    return { result: await work() };
  } catch (error) {
    const line = lineOf(error);
    if (line === undefined) throw error;
    // The library names files without their folder.
    const rest = line.startsWith(basename(input)) ? line.slice(basename(input).length) : `: ${line}`;
    return { failure: line.includes(input) ? line : `${input}${rest}`, isUsage: error instanceof UsageError };
  }
}

/** Tells an error to the person and gives the exit code for it: one line for what can be expected, a stack for a bug. */
export function reportError(error: unknown, terminal: Terminal): number {
  const { signal } = terminal;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof ReportedError) return exitCodes.failed;
  if (error instanceof FinishedWithErrors) return exitCodes.withErrors;
  if (signal.aborted) {
    const { message, exitCode } =
      signal.reason instanceof Interruption ? signal.reason : new Interruption("interrupted", exitCodes.interrupted);
    if (message !== "") tell(terminal, `encodec-tokenizer: ${message}`);
    return exitCode;
  }
  const line = lineOf(error);
  tell(
    terminal,
    `encodec-tokenizer: ${line ?? `this is a bug, please report it:\n  ${error instanceof Error ? error.stack : String(error)}`}`,
  );
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}

/** The message of an error that can be expected; `undefined` for a bug. */
export function lineOf(error: unknown): string | undefined {
  const isExpected = error instanceof CodecError || error instanceof UsageError || error instanceof CommandError;
  return isExpected ? error.message : undefined;
}
