import { lineOf } from "./failures.ts";
import { jsonText } from "./report.ts";
import { writeOut } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

/** Does the work on the one input of a command. With `--json` a failure is printed, too, in the form that commands of several inputs have for it. */
export async function printingFailure(
  input: string,
  { json = false }: { readonly json?: boolean },
  terminal: Terminal,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const line = lineOf(error);
    if (json && line !== undefined && !terminal.signal.aborted) await writeOut(terminal, jsonText({ failures: [{ input, error: line }] }));
    throw error;
  }
}
