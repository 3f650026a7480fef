import { existsSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { CommandError, UsageError } from "./failures.ts";
import { stream } from "./terminal.ts";

/** One input and where its result goes; `-` for the standard streams. */
export interface PlannedOutput {
  readonly input: string;
  readonly output: string;
}

export interface PlanOptions {
  /** What `--output` says: a file, a folder, or `-`. */
  readonly output: string | undefined;
  /** What replaces the extension of an input's name: `.safetensors`, `.decoded.wav`. */
  readonly ending: string;
  /** Extensions that name one file rather than a folder: `.npz`. */
  readonly fileExtensions: readonly string[];
}

/**
 * Decides where results go: beside the inputs, into one file, or into one folder.
 * Standard input goes to standard output unless told otherwise.
 * @throws UsageError if two inputs would get the same output, one would replace an input, or several are to go into one file.
 */
export function planOutputs(inputs: readonly string[], options: PlanOptions): readonly PlannedOutput[] {
  const plan = inputs.map((input) => ({ input, output: outputFor(input, inputs.length > 1, options) }));
  const inputOf = new Map<string, string>();
  const allInputs = new Map(inputs.filter((input) => input !== stream).map((input) => [resolve(input), input]));
  for (const { input, output } of plan) {
    const place = output === stream ? stream : resolve(output);
    const other = inputOf.get(place);
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${input} would both be written to ${output === stream ? "standard output" : output}; run them one by one with --output`,
      );
    }
    if (allInputs.has(place)) throw new UsageError(`${output} would replace the input ${allInputs.get(place)}; choose another --output`);
    inputOf.set(place, input);
  }
  return plan;
}

/**
 * Checks, before any work, that no output is there already. Writing checks again.
 * @throws CommandError naming all that are.
 */
export function refuseExisting(outputs: readonly string[], force: boolean | undefined): void {
  const existing = force === true ? [] : outputs.filter((output) => output !== stream && existsSync(output));
  if (existing.length > 0) {
    throw new CommandError(
      `${existing.join(", ")} already exist${existing.length === 1 ? "s" : ""}; add --force to overwrite, or choose another --output`,
    );
  }
}

/** The name of an input without folder and extension. */
export function stemOf(input: string): string {
  return input === stream ? "stdin" : basename(input, extname(input));
}

function outputFor(input: string, isOneOfMany: boolean, { output, ending, fileExtensions }: PlanOptions): string {
  const name = `${stemOf(input)}${ending}`;
  if (output === undefined) return input === stream ? stream : join(dirname(input), name);
  if (output === stream) return stream;
  if (/[/\\]$/.test(output) || (existsSync(output) && statSync(output).isDirectory())) return join(output, name);
  if (!isOneOfMany) return output;
  if (fileExtensions.includes(extname(output).toLowerCase())) {
    throw new UsageError(`several inputs cannot go into the one file ${output}; give --output a folder`);
  }
  return join(output, name);
}
