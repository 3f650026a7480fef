import type { Command } from "commander";
import { readDatasetInfo, verifyDataset } from "../index.ts";
import type { Finding } from "../index.ts";
import { ReportedError } from "./failures.ts";
import { jsonText } from "./report.ts";
import { say, writeOut } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { countText } from "./wording.ts";

interface VerifyCommandOptions {
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Adds `tokenize verify <folder>`: reads a finished dataset against its index. */
export function addVerifyCommand(command: Command, terminal: Terminal): void {
  command
    .command("verify")
    .summary("read a finished dataset against its index")
    .description("Reads every shard of a finished dataset again: digests, shapes, ranges of codes, counts, and files that do not belong there.")
    .argument("<folder>", "the dataset")
    .option("-q, --quiet", "print nothing but what is wrong")
    .option("--json", "print what is wrong as JSON")
    .action((folder: string, options: VerifyCommandOptions) => verify(folder, options, terminal));
}

async function verify(folder: string, options: VerifyCommandOptions, terminal: Terminal): Promise<void> {
  const { counts, shards } = await readDatasetInfo(folder);
  const findings: Finding[] = [];
  for await (const finding of verifyDataset(folder, { signal: terminal.signal })) {
    findings.push(finding);
    terminal.stderr.write(`${findingText(finding)}\n`);
  }
  if (options.json) await writeOut(terminal, jsonText({ folder, findings }));
  if (findings.length > 0) {
    terminal.stderr.write(`encodec-tokenizer: ${folder} is not as its index says: ${countText(findings.length, "finding")}\n`);
    throw new ReportedError();
  }
  say(terminal, options, `${folder}: ${countText(shards.length, "shard")} with ${countText(counts.clips, "clip")}, all as the index says`);
}

function findingText({ kind, file, key, message }: Finding): string {
  return `${file}${key === undefined ? "" : ` (${key})`}: ${kind}: ${message}`;
}
