import { Option } from "commander";
import type { Command } from "commander";
import { summarizeLicenses } from "../../catalogue/index.ts";
import { readCodes } from "../../files/index.ts";
import type { LicensePolicy } from "../../catalogue/index.ts";
import { formatLicenses, groupFiles, summarizeFiles } from "../reports/license-report.ts";
import type { CodesFile } from "../reports/license-report.ts";
import { attempt, ReportedError } from "../shared/failures.ts";
import { parsePolicy, policyOf } from "../shared/option-values.ts";
import { inputPaths } from "../shared/paths.ts";
import { jsonText } from "../shared/report.ts";
import { displayName, readIn, stream, tell, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";

interface LicenseCommandOptions {
  readonly policy?: LicensePolicy;
  readonly json?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer license codes/*.safetensors                        what a set of codes was made with
  encodec-tokenizer license codes/*.npz --policy commercial            exit code 1 unless all of it is admitted
  encodec-tokenizer license a.json --policy "deny=non-commercial; acceptContested"
`;

/** Adds `license <codes…>`: what codes were made with, and whether a policy admits that. */
export function addLicenseCommand(program: Command, terminal: Terminal): void {
  program
    .command("license")
    .summary("sum up the licenses that codes were made under")
    .description("Sums up which models a set of codes was made with, under which licenses, and whether a policy admits them all.")
    .argument("<codes...>", "files of codes, or - for standard input", inputPaths)
    .addOption(
      new Option(
        "--policy <policy>",
        "any, permissive, commercial, research, or rules (default: ENCODEC_TOKENIZER_LICENSE_POLICY, or any)",
      ).argParser(parsePolicy),
    )
    .option("--json", "print it as JSON")
    .addHelpText("after", examples)
    .action((inputs: readonly string[], options: LicenseCommandOptions) => sumUpLicenses(inputs, options, terminal));
}

/** Bare codes, such as `.npy`, do not say what made them: they are read as those of an unknown model. */
const anyCodec = { sampleRate: 24_000, channels: 1, hopLength: 320, codebookSize: 65_536 };

async function sumUpLicenses(inputs: readonly string[], options: LicenseCommandOptions, terminal: Terminal): Promise<void> {
  const policy = policyOf(options.policy);
  const files: CodesFile[] = [];
  const failures: { readonly input: string; readonly error: string }[] = [];
  for (const input of inputs) {
    terminal.signal.throwIfAborted();
    const name = displayName(input, "stdin");
    const outcome = await attempt(name, async () => {
      const codes = await readCodes(input === stream ? await readIn(terminal) : input, { context: anyCodec, signal: terminal.signal });
      return codes.provenance;
    });
    if ("failure" in outcome) failures.push({ input: name, error: outcome.failure });
    else files.push({ name, provenance: outcome.result });
  }
  const summary = summarizeLicenses(
    files.map(({ provenance }) => provenance),
    policy,
  );
  const groups = groupFiles(summary, files);
  if (options.json) await writeOut(terminal, jsonText(summarizeFiles(summary, groups, failures)));
  else if (files.length > 0) await writeOut(terminal, formatLicenses(summary, groups));
  const refusals = groups.filter(({ verdict }) => !verdict.isAllowed).map(({ verdict }) => verdict.reason);
  const problems = [...failures.map(({ error }) => error), ...refusals];
  for (const problem of problems) tell(terminal, `encodec-tokenizer: ${problem}`);
  if (problems.length > 0) throw new ReportedError();
}
