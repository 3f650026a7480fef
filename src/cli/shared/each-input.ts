import { attempt, ReportedError } from "./failures.ts";
import { makeFoldersFor } from "./make-folder.ts";
import { refuseExisting } from "./output-plan.ts";
import type { PlannedOutput } from "./output-plan.ts";
import { jsonText } from "./report.ts";
import { displayName, say, stream, tell, writeOut } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

export interface EachInputOptions {
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** What became of one input: a line for people, a summary for `--json`. */
export interface InputResult {
  readonly line: string;
  readonly summary: Readonly<Record<string, unknown>>;
  /** Where it was written, if elsewhere than planned. */
  readonly output?: string;
}

/**
 * Works through a plan, one input after the other. An input that fails does not stop the others.
 * @throws ReportedError in the end if any did; CommandError before the start if an output exists.
 */
export async function forEachInput(
  plan: readonly PlannedOutput[],
  terminal: Terminal,
  options: EachInputOptions,
  work: (step: PlannedOutput) => Promise<InputResult | readonly InputResult[]>,
): Promise<void> {
  refuseExisting(
    plan.map(({ output }) => output),
    options.force,
  );
  await using _ = await makeFoldersFor(
    plan.flatMap(({ output }) => (output === stream ? [] : [output])),
    terminal,
  );
  const results: Readonly<Record<string, unknown>>[] = [];
  const failures: { readonly input: string; readonly error: string }[] = [];
  for (const step of plan) {
    terminal.signal.throwIfAborted();
    const names = { input: displayName(step.input, "stdin"), output: displayName(step.output, "stdout") };
    const outcome = await attempt(names.input, () => work(step));
    if ("failure" in outcome) {
      failures.push({ input: names.input, error: outcome.failure });
      tell(terminal, `encodec-tokenizer: ${outcome.failure}`);
    } else {
      for (const { line, summary, output = names.output } of [outcome.result].flat()) {
        results.push({ ...names, output, ...summary });
        say(terminal, options, `${names.input} → ${output}: ${line}`);
      }
    }
  }
  if (options.json) await writeOut(terminal, jsonText({ results, failures }));
  if (failures.length === 0) return;
  if (plan.length > 1) tell(terminal, `encodec-tokenizer: ${failures.length} of ${plan.length} inputs failed`);
  throw new ReportedError();
}
