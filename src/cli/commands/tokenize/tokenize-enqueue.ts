import { join } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { EnqueueDatasetOptions, EnqueueReport } from "../../../queue/index.ts";
import { eventLine, leftOutLines } from "../../reports/tokenize-report.ts";
import { UsageError, withArguments } from "../../shared/failures.ts";
import { Models } from "../../shared/loaded-models.ts";
import { removingEmptyFolders } from "../../shared/make-folder.ts";
import { parseAmount, parseCount } from "../../shared/option-values.ts";
import type { RunOptions } from "../../shared/shared-options.ts";
import { say, writeOut } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { countText } from "../../shared/wording.ts";
import { followLinksText } from "./tokenize-options.ts";
import { addRedisOption, connectionText } from "./tokenize-queue.ts";
import type { QueueCommandOptions } from "./tokenize-queue.ts";
import { addRecipeOptions, checkRecipe, givenOptions, recipeOf, recipeOptionsOf, recordedRecipe } from "./tokenize-recipe.ts";
import type { DatasetRecipeOptions } from "./tokenize-recipe.ts";

interface EnqueueCommandOptions extends DatasetRecipeOptions, RunOptions, QueueCommandOptions {
  readonly output?: string;
  readonly queue?: string;
  readonly attempts?: number;
  readonly backoff?: number;
  readonly partRows?: number;
  readonly dedupe?: boolean;
  readonly followLinks?: boolean;
  readonly retryErrors?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer tokenize enqueue /shared/corpus -o /shared/codes -m 24khz -b 6 --redis redis://queue:6379
  encodec-tokenizer tokenize worker -o /shared/codes --redis redis://queue:6379      on as many machines as there are
  encodec-tokenizer tokenize status -o /shared/codes --redis redis://queue:6379
  encodec-tokenizer tokenize enqueue -o /shared/codes                                 once more: parts that failed, or that Redis lost
`;

/** Adds `tokenize enqueue <inputs…>`: a dataset's parts on a queue. */
export function addEnqueueCommand(parent: Command, terminal: Terminal): void {
  const command = parent
    .command("enqueue")
    .summary("put a dataset on a queue, for workers on any machines")
    .description(
      "Lists the inputs and puts the parts of the dataset that are not done on a queue (BullMQ on Redis), from which tokenize worker takes them. Inputs and dataset lie where all machines see them, under the same paths.",
    );
  addRecipeOptions(command);
  command.optionsGroup("Queue:");
  addRedisOption(command);
  command
    .option("--queue <name>", "name of the queue, which is for this dataset alone (default: made from the folder and the plan)")
    .addOption(new Option("--attempts <count>", "how often a part is tried (default: 3)").argParser(parseCount))
    .addOption(
      new Option("--backoff <seconds>", "from a failure to the next attempt, twice as long after each further one (default: 10)").argParser(
        parseAmount,
      ),
    )
    .addOption(
      new Option("--part-rows <count>", "files of a part, the unit of work that a worker takes (default: 1000)").argParser(parseCount),
    )
    .option("--retry-errors", "do parts again that have errors")
    .option("--dedupe", "leave out files whose audio is the same as an earlier one's")
    .option("--follow-links", followLinksText)
    .addHelpText("after", examples)
    .action((inputs: readonly string[], options: EnqueueCommandOptions) => enqueue(inputs, options, command, terminal));
}

async function enqueue(inputs: readonly string[], given: EnqueueCommandOptions, command: Command, terminal: Terminal): Promise<void> {
  const { output: folder, redis, queue, attempts, backoff, partRows, dedupe, followLinks, retryErrors } = given;
  if (folder === undefined) throw new UsageError("--output is missing: the folder for the dataset");
  const { checkRedis, readQueueRecord } = await import("../../../queue/index.ts");
  await withArguments(() => checkRedis(redis));
  // Without inputs it is the dataset that is on the queue, with the options that it was put there with.
  const before = inputs.length > 0 ? undefined : await readQueueRecord(folder);
  const options: EnqueueCommandOptions =
    before === undefined ? given : { ...given, ...recipeOptionsOf(before.recipe, givenOptions(command, given)) };
  checkRecipe(options);
  await using _ = removingEmptyFolders([join(folder, "plan")], terminal);
  await using models = new Models(terminal, options);
  const tokenizer = await models.load(options.model);
  const report = await runEnqueueing(terminal, options, {
    folder,
    ...(inputs.length === 0 ? {} : { inputs }),
    stdin: terminal.stdin,
    ...(await recipeOf(options, tokenizer)),
    recipe: recordedRecipe(options),
    redis,
    queue,
    attempts,
    backoff,
    partRows,
    dedupe,
    followLinks,
    retryErrors,
    signal: terminal.signal,
  });
  for (const line of reportLines(report)) say(terminal, options, line);
}

async function runEnqueueing(terminal: Terminal, output: RunOptions, options: EnqueueDatasetOptions): Promise<EnqueueReport> {
  const { enqueueDataset } = await import("../../../queue/index.ts");
  return await withArguments(async () => {
    let listed = 0;
    for await (const event of enqueueDataset(options)) {
      if (output.json) await writeOut(terminal, eventLine(event));
      if (event.kind === "redis") say(terminal, output, connectionText(event));
      if (event.kind === "note") say(terminal, output, event.message);
      if (event.kind === "listing" && event.rows >= listed + 100_000) {
        listed = event.rows;
        say(terminal, output, `${listed.toLocaleString("en")} files listed`);
      }
      if (event.kind === "finished") return event.report;
    }
    throw new Error("the run ended without a report");
  });
}

function reportLines({
  folder,
  queue,
  rows,
  parts,
  partsDone,
  partsQueued,
  partsBefore,
  info,
  ...listed
}: EnqueueReport): readonly string[] {
  const all = `${folder}: ${countText(parts, "part")} of ${countText(rows, "file")}`;
  if (partsQueued === 0) return [`${all}, all done${info === null ? "" : ", and complete"}`];
  const earlier = [...(partsDone === 0 ? [] : [`${partsDone} done`]), ...(partsBefore === 0 ? [] : [`${partsBefore} there already`])];
  return [
    ...leftOutLines(listed),
    `${all}${earlier.length === 0 ? "" : `, ${earlier.join(", ")}`}`,
    `${countText(partsQueued, "part")} on the queue ${queue}; take them with encodec-tokenizer tokenize worker -o ${folder}`,
  ];
}
