import { noRows } from "../../../dataset/index.ts";
import type { DatasetEvent, RowCounts } from "../../../dataset/index.ts";
import { leftOutLines } from "../../reports/tokenize-report.ts";
import { Bar } from "../../shared/bar.ts";
import { warningText } from "../../shared/read-clip.ts";
import type { RunOptions } from "../../shared/shared-options.ts";
import { showsBars, tell } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";
import { countText, hoursText, speedText, timeText } from "../../shared/wording.ts";

/** Seconds between the lines that stand for the bar where there is no terminal. */
const lineInterval = 10;
/** Seconds after which the speed so far tells how long the rest takes. */
const settled = 3;
/** Failures, and warnings, that are told one by one where there is no bar. */
const shownFailures = 20;

/** The state of a run in one line, kept up to date. Disposing it takes a bar away. */
export interface DatasetProgress extends Disposable {
  readonly show: (event: DatasetEvent) => void;
  /** Tells that the run ends after the part at hand. */
  readonly stopping: () => void;
}

/**
 * Shows how a dataset comes along: files, hours, speed, errors and time left, as a bar on a terminal, as a line now and then elsewhere.
 * @param now The time in seconds. By default the clock.
 */
export function startDatasetProgress(
  terminal: Terminal,
  { quiet, json }: Pick<RunOptions, "quiet" | "json">,
  now: () => number = () => performance.now() / 1000,
): DatasetProgress {
  if (quiet) return { show() {}, stopping() {}, [Symbol.dispose]() {} };
  // Events on the same terminal would be written into the bar.
  const hasBar = showsBars(terminal) && !(json === true && terminal.stdout.isTTY === true);
  const view = hasBar ? barOn(terminal) : linesOn(terminal, now);
  let start = now();
  let before = noRows;
  let total = 0;
  const run = { rows: 0, errors: 0, seconds: 0 };
  const update = (): void => view.update(before.rows + run.rows, total, progressTexts({ before, run, total, elapsed: now() - start }));
  return {
    show(event) {
      if (event.kind === "note") view.note(event.message);
      if (event.kind === "listing") view.listing(event.rows);
      if (event.kind === "plan") {
        start = now();
        before = event.done;
        total = before.rows + event.rowsToDo;
        for (const line of leftOutLines(event)) view.note(line);
        if (event.rowsToDo > 0) view.start(before.rows, total);
      }
      if (event.kind === "row") {
        run.rows++;
        run.seconds += event.seconds;
        if (event.failure !== null) {
          run.errors++;
          view.failure(`${event.path}: ${event.failure.message}`);
        }
        for (const warning of event.warnings) view.warning(warningText(event.path, warning));
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
  /** How long this run has taken, in seconds. */
  readonly elapsed: number;
}

/** `1,200 of 20,000 files, 3.4 h, 41 × real time, 2 errors, 1 h 10 min left`; then in fewer words, for narrow terminals. */
export function progressTexts({ before, run, total, elapsed }: ProgressState): readonly string[] {
  const rows = before.rows + run.rows;
  const errors = before.errors + run.errors;
  const left = elapsed < settled || run.rows === 0 || rows >= total ? [] : [`${timeText(((total - rows) * elapsed) / run.rows)} left`];
  const hours = hoursText(before.seconds + run.seconds);
  const speed = elapsed > 0 && run.seconds > 0 ? [speedText(run.seconds / elapsed)] : [];
  const rest = [...(errors === 0 ? [] : [countText(errors, "error")]), ...left];
  const number = `${rows.toLocaleString("en")} of ${total.toLocaleString("en")}`;
  return [
    [`${number} files`, hours, ...speed, ...rest],
    [`${number} files`, ...speed, ...rest],
    [`${number} files`, ...rest],
    [number, ...left],
  ].map((texts) => texts.join(", "));
}

interface View {
  listing(rows: number): void;
  start(done: number, total: number): void;
  /** @param texts The longest first. */
  update(done: number, total: number, texts: readonly string[]): void;
  failure(line: string): void;
  warning(line: string): void;
  note(line: string): void;
  stop(): void;
}

function barOn(terminal: Terminal): View {
  const bar = new Bar(terminal);
  return {
    listing: (rows) => bar.show(rows, rows, { texts: [`${rows.toLocaleString("en")} files listed`], hasEnd: false }),
    start(done, total) {
      bar.stop();
      bar.show(done, total, { texts: [""] });
    },
    update: (done, total, texts) => bar.show(done, total, { texts }),
    failure() {},
    warning() {},
    note: (line) => bar.note(line),
    stop: () => bar.stop(),
  };
}

function linesOn(terminal: Terminal, now: () => number): View {
  let last = now();
  let failures = 0;
  let warnings = 0;
  const isDue = (): boolean => {
    if (now() - last < lineInterval) return false;
    last = now();
    return true;
  };
  return {
    listing(rows) {
      if (isDue()) tell(terminal, `${rows.toLocaleString("en")} files listed`);
    },
    start(done, total) {
      last = now();
      tell(terminal, `${(total - done).toLocaleString("en")} of ${total.toLocaleString("en")} files to do`);
    },
    update(_done, _total, [text]) {
      if (isDue()) tell(terminal, text!);
    },
    failure(line) {
      if (++failures <= shownFailures) tell(terminal, line);
      if (failures === shownFailures) tell(terminal, "further failures are counted, and told in errors.jsonl");
    },
    warning(line) {
      if (++warnings <= shownFailures) tell(terminal, line);
      if (warnings === shownFailures) tell(terminal, "further warnings are counted, and told in warnings.jsonl");
    },
    note: (line) => tell(terminal, line),
    stop() {},
  };
}
