import type { Command } from "commander";
import { pushDataset } from "../index.ts";
import { withArguments } from "./failures.ts";
import { jsonText } from "./report.ts";
import { say, writeOut } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { bytesText, countText } from "./wording.ts";

interface PushCommandOptions {
  readonly revision?: string;
  readonly private?: boolean;
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Adds `tokenize push <folder> <user/dataset>`: uploads what a dataset repository of the Hub does not have. */
export function addPushCommand(command: Command, terminal: Terminal): void {
  command
    .command("push")
    .summary("upload a dataset to the Hugging Face Hub")
    .description("Uploads the shards that a dataset repository does not have yet, and the index and card of a finished dataset. Needs a token with write access (HF_TOKEN).")
    .argument("<folder>", "the dataset")
    .argument("<repository>", "user/dataset; made if it is not there")
    .option("--revision <branch>", "branch to upload to (default: main)")
    .option("--private", "make a new repository private")
    .option("--dry-run", "only tell what would be uploaded")
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print what was uploaded as JSON")
    .action((folder: string, repository: string, options: PushCommandOptions) => push(folder, repository, options, terminal));
}

async function push(folder: string, repository: string, options: PushCommandOptions, terminal: Terminal): Promise<void> {
  const { revision, dryRun } = options;
  const report = await withArguments(() => pushDataset(folder, repository, { revision, isPrivate: options.private, dryRun, signal: terminal.signal }));
  if (options.json) await writeOut(terminal, jsonText(report));
  const { uploaded, unchanged, bytes } = report;
  say(terminal, options, `${repository}: ${countText(uploaded.length, "file")}, ${bytesText(bytes)}, ${dryRun ? "to upload" : "uploaded"}; ${unchanged.length} there already`);
}
