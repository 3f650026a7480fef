import type { Command } from "commander";
import { pullModel } from "../../tokenizer/index.ts";
import type { PulledModel } from "../../tokenizer/index.ts";
import { licenseRows } from "../reports/models-report.ts";
import { startDownload } from "../shared/download-progress.ts";
import { withArguments } from "../shared/failures.ts";
import { policyOf } from "../shared/option-values.ts";
import { formatReport, jsonText } from "../shared/report.ts";
import type { ReportRow } from "../shared/report.ts";
import { addHubOptions } from "../shared/shared-options.ts";
import type { HubCommandOptions } from "../shared/shared-options.ts";
import { say, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";
import { bytesText, staleLines } from "../shared/wording.ts";

interface PullCommandOptions extends HubCommandOptions {
  readonly verify?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer pull 24khz                          the official 24 kHz model, into the Hugging Face cache
  encodec-tokenizer pull 32khz --license commercial     only if its license is admitted
  encodec-tokenizer pull 24khz --offline --verify       hash again what is cached
`;

/** Adds `pull <id>`: a model of the Hub into the cache. */
export function addPullCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("pull")
    .summary("download a model from the Hugging Face Hub")
    .description("Downloads a model's codec into the Hugging Face cache, checks it, and tells where it lies and what its license is.")
    .argument("<id>", "a Hugging Face Hub id, or an alias that encodec-tokenizer models lists")
    .option("--verify", "hash the cached files again");
  addHubOptions(command);
  command
    .option("-q, --quiet", "print nothing but the result and errors")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples)
    .action((id: string, options: PullCommandOptions) => pull(id, options, terminal));
}

async function pull(
  id: string,
  { verify = false, quiet, json = false, license, ...options }: PullCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const pulled = await pullWithProgress();
  for (const line of staleLines(pulled.id, pulled.commit, pulled.servedFrom, options.revision))
    say(terminal, { quiet: quiet === true }, line);
  await writeOut(
    terminal,
    json ? jsonText({ ...pulled, requested: id, verified: verify && pulled.unverified.length === 0 }) : formatPulled(pulled, id, verify),
  );

  async function pullWithProgress(): Promise<PulledModel> {
    using progress = startDownload(terminal, id, quiet);
    const { signal } = terminal;
    return await withArguments(() =>
      pullModel(id, { ...options, licensePolicy: policyOf(license), verify, signal, onProgress: progress.show }),
    );
  }
}

function formatPulled({ id, commit, path, files, unverified, license }: PulledModel, requested: string, isHashed: boolean): string {
  return formatReport(id === requested ? id : `${id}, for ${requested}`, [
    [
      ["commit", commit],
      ["folder", path],
      ["weights", files.map(({ name, bytes }) => `${name}, ${bytesText(bytes)}`)],
      ...(isHashed ? [verifiedRow(unverified)] : []),
    ],
    licenseRows(license),
  ]);
}

function verifiedRow(unverified: readonly string[]): ReportRow {
  if (unverified.length === 0) return ["verified", "what is cached was hashed again, and is right"];
  return ["not verified", `${unverified.join(", ")}: nothing is known to compare with`];
}
