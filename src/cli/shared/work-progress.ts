import { Bar } from "./bar.ts";
import { showsBars, tell } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { timeText } from "./wording.ts";

/** Seconds between the lines that stand for the bar where there is no terminal. */
const lineInterval = 10;
/** Seconds after which the speed so far tells how long the rest takes. */
const settled = 3;

/** Work of a known amount, in one line that is kept up to date. Disposing it takes a bar away. */
export interface WorkProgress extends Disposable {
  /** @param text What to say of it, such as `12 of 40 clips`. */
  readonly show: (done: number, total: number, text: string) => void;
  /** Writes a line of its own, above the bar. */
  readonly note: (line: string) => void;
}

/**
 * Shows how work comes along, with the time left: as a bar on a terminal, as a line now and then elsewhere. It appears with the first report.
 * @param now The time in seconds. By default the clock.
 */
export function startWork(
  terminal: Terminal,
  quiet: boolean | undefined,
  now: () => number = () => performance.now() / 1000,
): WorkProgress {
  const note = (line: string): void => tell(terminal, line);
  if (quiet) return { show() {}, note, [Symbol.dispose]() {} };
  const start = now();
  const textWithTime = (done: number, total: number, text: string): string => {
    const elapsed = now() - start;
    return elapsed < settled || done === 0 || done >= total ? text : `${text}, ${timeText(((total - done) * elapsed) / done)} left`;
  };
  if (!showsBars(terminal)) {
    let last = start;
    return {
      show(done, total, text) {
        if (now() - last < lineInterval) return;
        last = now();
        note(textWithTime(done, total, text));
      },
      note,
      [Symbol.dispose]() {},
    };
  }
  const bar = new Bar(terminal);
  return {
    show: (done, total, text) => bar.show(done, total, { texts: [textWithTime(done, total, text), text] }),
    note: (line) => bar.note(line),
    [Symbol.dispose]: () => bar.stop(),
  };
}
