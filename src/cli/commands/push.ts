import { Option } from "commander";
import type { Command } from "commander";
import { pushDataset } from "../../dataset/index.ts";
import type { LicensePolicy } from "../../catalogue/index.ts";
import type { PushReport } from "../../hub/index.ts";
import { withArguments } from "../shared/failures.ts";
import { parsePolicy, policyOf } from "../shared/option-values.ts";
import { datasetPath } from "../shared/paths.ts";
import { jsonText } from "../shared/report.ts";
import { say, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";
import { bytesText, countText } from "../shared/wording.ts";
import { startWork } from "../shared/work-progress.ts";

interface PushCommandOptions {
  readonly revision?: string;
  readonly private?: boolean;
  readonly license?: LicensePolicy;
  readonly editedCard?: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Adds `push <folder> <user/dataset>`: uploads what a dataset repository of the Hub does not have. */
export function addPushCommand(program: Command, terminal: Terminal): void {
  program
    .command("push")
    .summary("upload a dataset to the Hugging Face Hub")
    .description(
      "Uploads the shards that a dataset repository does not have yet, and the index and card of a finished dataset. Needs a token with write access (HF_TOKEN).",
    )
    .argument("<folder>", "the dataset", datasetPath)
    .argument("<repository>", "user/dataset; made if it is not there")
    .option("--revision <branch>", "branch to upload to (default: main)")
    .option("--private", "make a new repository private")
    .addOption(
      new Option(
        "--license <policy>",
        "licenses that the model may have had: any, permissive, commercial, research, or rules (default: ENCODEC_TOKENIZER_LICENSE_POLICY, or any)",
      ).argParser(parsePolicy),
    )
    .option("--edited-card", "upload README.md as it is, although it was edited since it was written")
    .option("--dry-run", "only tell what would be uploaded")
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print what was uploaded as JSON")
    .action((folder: string, repository: string, options: PushCommandOptions) => push(folder, repository, options, terminal));
}

async function push(folder: string, repository: string, options: PushCommandOptions, terminal: Terminal): Promise<void> {
  const report = await pushWithProgress(folder, repository, options, terminal);
  if (options.json) await writeOut(terminal, jsonText(report));
  const { uploaded, unchanged, removed, bytes } = report;
  say(
    terminal,
    options,
    `${repository}: ${countText(uploaded.length, "file")}, ${bytesText(bytes)}, ${options.dryRun ? "to upload" : "uploaded"}; ${unchanged.length} there already${removed.length === 0 ? "" : `; ${removed.length} ${options.dryRun ? "to remove" : "removed"} that the dataset does not have any more`}`,
  );
}

async function pushWithProgress(
  folder: string,
  repository: string,
  { revision, license, editedCard, dryRun, quiet, ...options }: PushCommandOptions,
  terminal: Terminal,
): Promise<PushReport> {
  using work = startWork(terminal, quiet);
  return await withArguments(() =>
    pushDataset(folder, repository, {
      revision,
      isPrivate: options.private,
      licensePolicy: policyOf(license),
      editedCard,
      dryRun,
      signal: terminal.signal,
      onProgress: ({ done, total }) => work.show(done, total, `${bytesText(done)} of ${bytesText(total)} uploaded`),
    }),
  );
}
