import { Option } from "commander";
import type { Command } from "commander";
import { optionsForNamed } from "../../../tokenizer/index.ts";
import type { WorkOnDatasetOptions, WorkReport } from "../../../queue/index.ts";
import { damageLines } from "../../reports/tokenize-report.ts";
import { ReportedError, UsageError, withArguments } from "../../shared/failures.ts";
import { defaultModel, Models } from "../../shared/loaded-models.ts";
import type { ModelVariant } from "../../shared/loaded-models.ts";
import { parseAmount, parseCount, parseLimit } from "../../shared/option-values.ts";
import { datasetPath } from "../../shared/paths.ts";
import { addModelOptions, addRunOptions } from "../../shared/shared-options.ts";
import type { ModelCommandOptions, RunOptions } from "../../shared/shared-options.ts";
import { say, tell } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { countText, hoursText, timeText } from "../../shared/wording.ts";
import { endByErrors } from "./failed-rows.ts";
import { followRun } from "./follow-run.ts";
import { addDecodingOptions } from "./tokenize-options.ts";
import { addRedisOption, tellEvents } from "./tokenize-queue.ts";
import type { QueueCommandOptions } from "./tokenize-queue.ts";
import { givenOptions, recipeOf, recipeOptionsOf } from "./tokenize-recipe.ts";
import type { DatasetRecipeOptions } from "./tokenize-recipe.ts";
import { startWorkerProgress } from "./worker-progress.ts";

interface WorkerCommandOptions extends ModelCommandOptions, RunOptions, QueueCommandOptions {
  readonly output?: string;
  readonly model?: string;
  readonly concurrency?: number;
  readonly maxErrors?: number;
  readonly stalledAfter?: number;
  readonly wait?: boolean;
  readonly decodeThreads?: number;
  readonly memory?: number;
  readonly maxCrashes?: number;
}

const examples = `
Examples:
  encodec-tokenizer tokenize worker -o /shared/codes --redis redis://queue:6379
  encodec-tokenizer tokenize worker -o /shared/codes --threads 4 --memory 2GiB
  encodec-tokenizer tokenize worker -o /shared/codes -m /models/encodec_24khz       the same weights from another place

What shapes the dataset is what it was put on the queue with. The worker ends when nothing is left to do anywhere; whichever is last writes the index.
Ctrl-C or SIGTERM ends it after the part at hand, a second one at once: that part then goes to another worker.
Exit codes, of the files done here: 0 all became clips, 3 some failed, 1 all failed or parts are given up.
`;

/** Adds `tokenize worker`: takes parts from the queue of a dataset. */
export function addWorkerCommand(parent: Command, terminal: Terminal): void {
  const command = parent
    .command("worker")
    .summary("take parts of a dataset from its queue")
    .description("Takes parts of a dataset from the queue that tokenize enqueue has put them on, beside any number of others.")
    .option("-o, --output <folder>", "where the dataset is", datasetPath)
    .option(
      "-m, --model <source>",
      "the model from another place than the one the dataset was begun with, or one that is neither catalogued nor cached; the weights must be the same",
    );
  addModelOptions(command);
  addRunOptions(command);
  tellEvents(command);
  command.optionsGroup("Queue:");
  addRedisOption(command);
  command
    .addOption(
      new Option("--concurrency <count>", "parts at the same time; one uses all threads already (default: 1)").argParser(parseCount),
    )
    .addOption(
      new Option("--max-errors <count>", "fail a part when more of its files than that have failed (default: go on)").argParser(parseLimit),
    )
    .addOption(
      new Option(
        "--stalled-after <seconds>",
        "without a sign of life for so long, a worker's part goes to another (default: 30)",
      ).argParser(parseAmount),
    )
    .option("--wait", "when the queue is empty, wait for more");
  addDecodingOptions(command, terminal);
  command.addHelpText("after", examples).action((options: WorkerCommandOptions) => work(options, command, terminal));
}

async function work(options: WorkerCommandOptions, command: Command, terminal: Terminal): Promise<void> {
  const {
    output: folder,
    redis,
    concurrency,
    maxErrors,
    stalledAfter,
    wait,
    decodeThreads,
    memory,
    maxCrashes,
    threads,
    quiet,
    json,
    offline,
  } = options;
  if (folder === undefined) throw new UsageError("--output is missing: the folder of the dataset");
  const { checkRedis, readQueueRecord, workOnDataset } = await import("../../../queue/index.ts");
  const record = await readQueueRecord(folder);
  if (record !== undefined) await withArguments(() => checkRedis(redis));
  const recipe = record === undefined ? { model: defaultModel } : recipeOptionsOf(record.recipe, ofModel(givenOptions(command, options)));
  if (recipe === undefined)
    throw new UsageError(`${folder} was put on its queue by a program, which did not say how; take its parts with workOnDataset`);
  await using models = new Models(terminal, {
    ...recipe,
    threads,
    ...(quiet === undefined ? {} : { quiet }),
    ...(offline === undefined ? {} : { offline }),
  });
  const variant = options.model === undefined ? await variantOf(recipe) : {};
  const shape = record === undefined ? { model: defaultModel } : await recipeOf(recipe, await models.load(recipe.model, variant));
  const working: WorkOnDatasetOptions = {
    folder,
    ...shape,
    redis,
    concurrency,
    maxErrors,
    stalledAfter,
    wait,
    decodeThreads,
    maxMemory: memory,
    maxCrashes,
  };
  const report = await followRun(terminal, json, {
    start: (signals) => workOnDataset({ ...working, ...signals }),
    readyAt: "ready",
    progress: startWorkerProgress(terminal, quiet),
  });
  for (const line of reportLines(report)) say(terminal, options, line);
  if (report.partsFailed > 0) {
    tell(
      terminal,
      `encodec-tokenizer: ${countText(report.partsFailed, "part")} failed; encodec-tokenizer tokenize status -o ${folder} has the reasons`,
    );
    throw new ReportedError();
  }
  // Stopped on purpose, but not done.
  if (report.partsLeft > 0) terminal.signal.throwIfAborted();
  endByErrors(report, folder, terminal, quiet);
}

/**
 * How to load the model that the folder names. Its weights are compared with those of the plan before they are used.
 * @throws CheckpointError if nobody but the folder has chosen it.
 */
async function variantOf({ model, revision }: DatasetRecipeOptions): Promise<ModelVariant> {
  const { offline } = await optionsForNamed({ model, revision: revision ?? null, digest: "of the plan" });
  return offline === undefined ? {} : { offline };
}

/** What of a worker's options is about the model. */
function ofModel({ model, revision, exact, license }: Partial<WorkerCommandOptions>): Partial<DatasetRecipeOptions> {
  return Object.fromEntries(Object.entries({ model, revision, exact, license }).filter(([, value]) => value !== undefined));
}

function reportLines({ folder, rows, parts, seconds, elapsed, partsLeft, info, ...counts }: WorkReport): readonly string[] {
  const mine =
    parts === 0
      ? "nothing done here"
      : `${countText(parts, "part")} of ${countText(rows, "file")} done here, ${hoursText(seconds)} in ${timeText(elapsed)}`;
  const state =
    info === null
      ? `${countText(partsLeft, "part")} left`
      : info.counts.clips === 0 && info.counts.errors > 0
        ? "finished without a clip: all files failed"
        : `complete: ${countText(info.counts.clips, "clip")}, ${hoursText(info.counts.hours * 3600)}, ${countText(info.shards.length, "shard file")}`;
  return [`${folder}: ${mine}`, ...damageLines(counts, info), state];
}
