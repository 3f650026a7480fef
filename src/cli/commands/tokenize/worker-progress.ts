import type { WorkEvent } from "../../../queue/index.ts";
import { warningText } from "../../shared/read-clip.ts";
import { tell } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { countText, hoursText, speedText, timeText } from "../../shared/wording.ts";
import { connectionText } from "./tokenize-queue.ts";

/** Seconds between the lines that tell of a part at hand. */
const lineInterval = 30;
/** Failures of files, and warnings, that are told one by one. */
const shownFailures = 20;

/** Tells what a worker does, a line for each part. */
export interface WorkerProgress {
  readonly show: (event: WorkEvent) => void;
  /** Tells that the worker ends after the part at hand. */
  readonly stopping: () => void;
}

/** @param now The time in seconds. By default the clock. */
export function startWorkerProgress(
  terminal: Terminal,
  quiet: boolean | undefined,
  now: () => number = () => performance.now() / 1000,
): WorkerProgress {
  if (quiet) return { show() {}, stopping() {} };
  const begun = new Map<number, number>();
  const rows = new Map<number, number>();
  let last = now();
  let failures = 0;
  let warnings = 0;
  const say = (line: string): void => {
    last = now();
    tell(terminal, line);
  };
  return {
    show(event) {
      switch (event.kind) {
        case "ready":
          say(`taking parts from ${event.queue}: ${countText(event.parts, "part")} of ${countText(event.rows, "file")} in all`);
          break;
        case "part-started":
          begun.set(event.part, now());
          rows.set(event.part, 0);
          break;
        case "row":
          rows.set(event.part, (rows.get(event.part) ?? 0) + 1);
          if (event.failure !== null && ++failures <= shownFailures) {
            say(`${event.path}: ${event.failure.message}`);
            if (failures === shownFailures) say("further failures are counted, and told in errors.jsonl");
          }
          for (const warning of event.warnings) {
            if (++warnings > shownFailures) break;
            say(warningText(event.path, warning));
            if (warnings === shownFailures) say("further warnings are counted, and told in warnings.jsonl");
          }
          if (now() - last >= lineInterval) say(`part ${event.part}: ${countText(rows.get(event.part)!, "file")} so far`);
          break;
        case "part-finished": {
          const { record } = event;
          const elapsed = now() - (begun.get(event.part) ?? now());
          const speed = record.seconds > 0 && elapsed > 0 ? [speedText(record.seconds / elapsed)] : [];
          const errors = record.errors > 0 ? [countText(record.errors, "error")] : [];
          const damaged = (record.damaged ?? 0) > 0 ? [`${countText(record.damaged!, "clip")} damaged`] : [];
          say(
            `part ${event.part}: ${[countText(record.rows, "file"), `${hoursText(record.seconds)} in ${timeText(elapsed)}`, ...speed, ...errors, ...damaged].join(", ")}`,
          );
          begun.delete(event.part);
          rows.delete(event.part);
          break;
        }
        case "part-failed":
          say(`part ${event.part} failed: ${event.message}; attempt ${event.attempt} of ${event.attempts}`);
          break;
        case "part-returned":
          say(
            event.reason === "locked"
              ? `part ${event.part} is still in the hands of another process; it is tried again later`
              : `part ${event.part} goes back to the queue`,
          );
          break;
        case "job-refused":
          say(`a job on the queue is refused: ${event.message}`);
          break;
        case "refused":
          say(`Redis refuses: ${event.message}`);
          break;
        case "redis":
          say(connectionText(event));
          break;
        default:
      }
    },
    stopping: () => say("finishing the part at hand; Ctrl-C again stops at once"),
  };
}
