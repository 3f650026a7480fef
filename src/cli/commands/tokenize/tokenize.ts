import { join } from "node:path";
import type { Command } from "commander";
import { tokenizeDataset } from "../../../dataset/index.ts";
import type { DatasetReport, TokenizeDatasetOptions } from "../../../dataset/index.ts";
import { reportLines } from "../../reports/tokenize-report.ts";
import { UsageError } from "../../shared/failures.ts";
import { Models } from "../../shared/loaded-models.ts";
import { removingEmptyFolders } from "../../shared/make-folder.ts";
import type { RunOptions } from "../../shared/shared-options.ts";
import { say } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { endByErrors } from "./failed-rows.ts";
import { followRun } from "./follow-run.ts";
import { addEnqueueCommand } from "./tokenize-enqueue.ts";
import { addWorkOptions } from "./tokenize-options.ts";
import type { WorkOptions } from "./tokenize-options.ts";
import { startDatasetProgress } from "./tokenize-progress.ts";
import { addRecipeOptions, checkRecipe, recipeOf } from "./tokenize-recipe.ts";
import type { DatasetRecipeOptions } from "./tokenize-recipe.ts";
import { addStatusCommand } from "./tokenize-status.ts";
import { addWorkerCommand } from "./tokenize-worker.ts";

interface TokenizeCommandOptions extends DatasetRecipeOptions, RunOptions, WorkOptions {
  readonly output?: string;
}

const examples = `
Examples:
  encodec-tokenizer tokenize corpus/ -o codes -m 24khz -b 6            a folder of audio to WebDataset shards
  encodec-tokenizer tokenize clips.jsonl -o codes -f parquet           a manifest to Parquet, columns and all
  encodec-tokenizer tokenize 'in/**/*.flac' -o codes --window 10 --tail drop
  encodec-tokenizer tokenize music/ -o codes -m 32khz -f flat --pattern musicgen
  encodec-tokenizer tokenize corpus/ -o codes --share auto/8           one of eight tasks of an array job
  find in -name '*.mp3' | encodec-tokenizer tokenize - -o codes        a list of paths
  encodec-tokenizer tokenize enqueue corpus/ -o codes                  for workers on any machines (tokenize worker -o codes)
  encodec-tokenizer verify codes                                       read everything again
  encodec-tokenizer push codes user/dataset                            upload what is not there yet

Interrupted in whatever way, the same command goes on where it was. Ctrl-C ends it after the part at hand, a second one at once.
Exit codes: 0 all files became clips, 3 some failed (errors.jsonl has the reasons), 1 all failed or the work could not be done, 2 wrong options.
`;

/** Adds `tokenize <inputs…>` with `enqueue`, `worker` and `status`: a corpus of audio to a dataset of codes. */
export function addTokenizeCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("tokenize")
    .summary("turn a corpus into a dataset of codes that trainers read")
    .description(
      "Turns folders, globs, manifests (.jsonl, .json, .csv, .tsv, also packed as .gz), WebDataset tars (.tar, .tar.gz), Parquet files with audio or lists of audio files into a dataset of codes. Files that cannot be read become lines of errors.jsonl.",
    );
  addRecipeOptions(command);
  addWorkOptions(command, terminal);
  command
    .addHelpText("after", examples)
    .action((inputs: readonly string[], options: TokenizeCommandOptions) => tokenize(inputs, options, terminal));
  addEnqueueCommand(command, terminal);
  addWorkerCommand(command, terminal);
  addStatusCommand(command, terminal);
}

async function tokenize(inputs: readonly string[], options: TokenizeCommandOptions, terminal: Terminal): Promise<void> {
  const { output: folder } = options;
  if (folder === undefined) throw new UsageError("--output is missing: the folder for the dataset");
  checkRecipe(options);
  await using _ = removingEmptyFolders([join(folder, "plan")], terminal);
  await using models = new Models(terminal, options);
  const tokenizer = await models.load(options.model);
  const report = await runTokenizing(terminal, options, {
    folder,
    ...(inputs.length === 0 ? {} : { inputs }),
    stdin: terminal.stdin,
    ...(await recipeOf(options, tokenizer)),
    partRows: options.partRows,
    dedupe: options.dedupe,
    followLinks: options.followLinks,
    share: options.share,
    maxErrors: options.maxErrors,
    retryErrors: options.retryErrors,
    decodeThreads: options.decodeThreads,
    maxMemory: options.memory,
    maxCrashes: options.maxCrashes,
  });
  for (const line of reportLines(report)) say(terminal, options, line);
  // Stopped on purpose, but not done.
  if (report.partsLeft > 0) terminal.signal.throwIfAborted();
  endByErrors(report.total, folder, terminal, options.quiet);
}

async function runTokenizing(terminal: Terminal, options: RunOptions, dataset: TokenizeDatasetOptions): Promise<DatasetReport> {
  using progress = startDatasetProgress(terminal, options);
  return await followRun(terminal, options.json, {
    start: (signals) => tokenizeDataset({ ...dataset, ...signals }),
    readyAt: "plan",
    progress,
  });
}
