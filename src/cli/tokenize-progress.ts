import { Presets, SingleBar } from "cli-progress";
import type { DatasetEvent, RowCounts } from "../index.ts";
import type { Terminal } from "./terminal.ts";
import { countText, hoursText, timeText } from "./wording.ts";

/** Seconds between the lines that stand for the bar where there is no terminal. */
const lineInterval = 10;
/** Seconds after which the speed so far tells how long the rest takes. */
const settled = 3;
/** Failures that are told one by one where there is no bar. */
const shownFailures = 20;

/** The state of a run in one line, kept up to date. Disposing it takes a bar away. */
export interface DatasetProgress extends Disposable {
  readonly show: (event: DatasetEvent) => void;
  /** Tells that the run ends after the part at hand. */
  readonly stopping: () => void;
}

/**
 * Shows how a dataset comes along: files, hours, speed, errors and time left, as a bar on a terminal, as a line now and then elsewhere.
 * @param now The time in seconds. @default the clock
 */
export function startDatasetProgress(terminal: Terminal, quiet: boolean | undefined, now: () => number = () => performance.now() / 1000): DatasetProgress {
  if (quiet) return { show() {}, stopping() {}, [Symbol.dispose]() {} };
  const view = terminal.stderr.isTTY === true ? barOn(terminal) : linesOn(terminal, now);
  let start = now();
  let before: RowCounts = { rows: 0, clips: 0, errors: 0, seconds: 0 };
  let total = 0;
  const run = { rows: 0, errors: 0, seconds: 0 };
  const update = (): void => view.update(before.rows + run.rows, progressText({ before, run, total, elapsed: now() - start }));
  return {
    show(event) {
      if (event.kind === "listing") view.listing(event.rows);
      if (event.kind === "plan") {
        start = now();
        before = event.done;
        total = before.rows + event.rowsToDo;
        if (event.rowsToDo > 0) view.start(total, before.rows);
      }
      if (event.kind === "row") {
        run.rows++;
        run.seconds += event.seconds;
        if (event.failure !== null) {
          run.errors++;
          view.failure(`${event.path}: ${event.failure.message}`);
        }
        update();
      }
    },
    stopping: () => view.note("finishing the part at hand; Ctrl-C again stops at once"),
    [Symbol.dispose]: () => view.stop(),
  };
}

interface ProgressState {
  /** What earlier runs did. */
  readonly before: RowCounts;
  readonly run: Pick<RowCounts, "rows" | "errors" | "seconds">;
  /** Rows of the run's share. */
  readonly total: number;
  /** Of this run, in seconds. */
  readonly elapsed: number;
}

/** `1,200 of 20,000 files, 3.4 h, 41 × real time, 2 errors, 1 h 10 min left`. */
export function progressText({ before, run, total, elapsed }: ProgressState): string {
  const rows = before.rows + run.rows;
  const errors = before.errors + run.errors;
  const left = elapsed < settled || run.rows === 0 || rows >= total ? [] : [`${timeText(((total - rows) * elapsed) / run.rows)} left`];
  return [
    `${rows.toLocaleString("en")} of ${total.toLocaleString("en")} files`,
    hoursText(before.seconds + run.seconds),
    ...(elapsed > 0 && run.seconds > 0 ? [speedText(run.seconds / elapsed)] : []),
    ...(errors === 0 ? [] : [countText(errors, "error")]),
    ...left,
  ].join(", ");
}

/** `41 × real time`. */
export function speedText(ratio: number): string {
  return `${Number(ratio.toPrecision(ratio < 100 ? 2 : 3)).toLocaleString("en")} × real time`;
}

interface View {
  listing(rows: number): void;
  start(total: number, done: number): void;
  update(done: number, text: string): void;
  failure(line: string): void;
  note(line: string): void;
  stop(): void;
}

function barOn({ stderr }: Terminal): View {
  const bar = new SingleBar({ stream: stderr, clearOnComplete: true, hideCursor: false, barsize: 24, fps: 5, format: "{bar} {percentage} %  {text}{note}" }, Presets.shades_grey);
  let note = "";
  return {
    listing: (rows) => void stderr.write(`\r${rows.toLocaleString("en")} files listed`),
    start(total, done) {
      stderr.write("\r\u001B[K");
      bar.start(total, done, { text: "", note });
    },
    update: (done, text) => bar.update(done, { text, note }),
    failure() {},
    note(line) {
      note = `; ${line}`;
      bar.update({ note });
    },
    stop: () => bar.stop(),
  };
}

function linesOn({ stderr }: Terminal, now: () => number): View {
  let last = now();
  let failures = 0;
  const isDue = (): boolean => {
    if (now() - last < lineInterval) return false;
    last = now();
    return true;
  };
  return {
    listing(rows) {
      if (isDue()) stderr.write(`${rows.toLocaleString("en")} files listed\n`);
    },
    start(total, done) {
      last = now();
      stderr.write(`${(total - done).toLocaleString("en")} of ${total.toLocaleString("en")} files to do\n`);
    },
    update(_, text) {
      if (isDue()) stderr.write(`${text}\n`);
    },
    failure(line) {
      if (++failures <= shownFailures) stderr.write(`${line}\n`);
      if (failures === shownFailures) stderr.write("further failures are counted, and told in errors.jsonl\n");
    },
    note: (line) => void stderr.write(`${line}\n`),
    stop() {},
  };
}
