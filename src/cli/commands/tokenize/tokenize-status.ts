import { setTimeout as sleep } from "node:timers/promises";
import { Option } from "commander";
import type { Command } from "commander";
import type { DatasetQueueStatus } from "../../../queue/index.ts";
import { UsageError, withArguments } from "../../shared/failures.ts";
import { parseAmount } from "../../shared/option-values.ts";
import { datasetPath } from "../../shared/paths.ts";
import { formatReport, jsonText } from "../../shared/report.ts";
import type { ReportRow } from "../../shared/report.ts";
import { writeOut } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { countText, hoursText, timeText } from "../../shared/wording.ts";
import { addRedisOption } from "./tokenize-queue.ts";
import type { QueueCommandOptions } from "./tokenize-queue.ts";

interface StatusCommandOptions extends QueueCommandOptions {
  readonly output?: string;
  readonly watch?: number | true;
  readonly json?: boolean;
}

/** Seconds between reports. */
const watchInterval = 10;

/** Adds `tokenize status`: how far a dataset on a queue is. */
export function addStatusCommand(parent: Command, terminal: Terminal): void {
  const command = parent
    .command("status")
    .summary("tell how far a dataset on a queue is")
    .description(
      "Tells how far a dataset is that tokenize enqueue has put on a queue: files, hours, parts, failures with their reasons, workers and the time left.",
    )
    .option("-o, --output <folder>", "where the dataset is", datasetPath);
  addRedisOption(command);
  command
    .addOption(
      new Option("--watch [seconds]", `tell again every so often until all is done (default: ${watchInterval})`).argParser(parseAmount),
    )
    .option("--json", "print it as JSON")
    .action((options: StatusCommandOptions) => status(options, terminal));
}

async function status({ output: folder, redis, watch, json = false }: StatusCommandOptions, terminal: Terminal): Promise<void> {
  if (folder === undefined) throw new UsageError("--output is missing: the folder of the dataset");
  const { datasetQueueStatus } = await import("../../../queue/index.ts");
  const { signal } = terminal;
  for (;;) {
    const found = await withArguments(() => datasetQueueStatus(folder, { redis, signal }));
    await writeOut(terminal, json ? jsonText(found) : formatStatus(found));
    if (watch === undefined || found.isComplete) return;
    await sleep(1000 * (watch === true ? watchInterval : watch), undefined, { signal });
  }
}

function formatStatus({ folder, isComplete, rows, parts, done, queue }: DatasetQueueStatus): string {
  const files = [
    `${number(done.rows)} of ${number(rows)}`,
    hoursText(done.seconds),
    ...(done.errors === 0 ? [] : [countText(done.errors, "error")]),
    ...(done.damaged === 0 ? [] : [`${countText(done.damaged, "clip")} damaged`]),
  ];
  const states =
    queue === null
      ? []
      : (["active", "waiting", "delayed", "failed"] as const)
          .filter((state) => queue[state] > 0)
          .map((state) => `${number(queue[state])} ${state}`);
  const lost = queue === null ? 0 : parts - done.parts - queue.waiting - queue.active - queue.delayed - queue.failed;
  const ofQueue: readonly ReportRow[] =
    queue === null
      ? []
      : [
          ...(queue.failures.length === 0
            ? []
            : [
                [
                  "failed",
                  queue.failures.map(
                    ({ part, attempts, reason }) =>
                      `${part === null ? "what is no part" : `part ${part}`} after ${countText(attempts, "attempt")}: ${reason}`,
                  ),
                ] as const,
              ]),
          ["workers", queue.workers.length === 0 ? "none" : `${queue.workers.length}: ${queue.workers.join(", ")}`],
          ["time left", queue.secondsLeft === null ? "not known yet" : timeText(queue.secondsLeft)],
          ["queue", queue.name],
        ];
  return formatReport(folder, [
    [
      ["files", files.join(", ")],
      [
        "parts",
        [
          [`${number(done.parts)} of ${number(parts)} done`, ...states].join(", "),
          ...(lost > 0 ? [`${countText(lost, "part")} neither done nor on the queue; put the dataset on it again`] : []),
        ],
      ],
      ...(isComplete ? ([["state", "complete"]] as const) : queue === null ? ([["state", "on no queue"]] as const) : []),
    ],
    ofQueue,
  ]);
}

function number(value: number): string {
  return value.toLocaleString("en");
}
