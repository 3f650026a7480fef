import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../index.ts";
import type { Terminal } from "./terminal.ts";
import { timeText } from "./wording.ts";

/** A bar on a terminal, and nothing anywhere else. Disposing it takes the bar away. */
export interface ProgressBar<Report = Progress> extends Disposable {
  /** What `onProgress` of the library takes. */
  readonly show: (progress: Report) => void;
}

/** How far a clip has come, whose length may not be known before its end. */
export type ClipProgress = Omit<Progress, "total"> & { readonly total: number | undefined };

/**
 * Starts to watch the work on one clip; a bar appears with the first report of encoding or decoding, and anew for each of
 * the two. Where the length is not known, it tells how much is done instead.
 * @param now The time in seconds. @default the clock
 */
export function startProgress(
  terminal: Terminal,
  name: string,
  quiet: boolean | undefined,
  now: () => number = () => performance.now() / 1000,
): ProgressBar<ClipProgress> {
  if (quiet || terminal.stderr.isTTY !== true) return { show() {}, [Symbol.dispose]() {} };
  let bar: SingleBar | undefined;
  let current: Progress["stage"] | undefined;
  let lastReport = now();
  let start = lastReport;
  return {
    show({ stage, done, total }) {
      if (stage !== current) {
        // Each stage begins where the one before ended, not with its first report, which comes when part of it is done.
        start = lastReport;
        current = stage;
        bar?.stop();
        bar = undefined;
      }
      lastReport = now();
      if (stage === "load") return;
      const seconds = lastReport - start;
      const values = { stage, text: total === undefined ? doneText(done, seconds) : leftText(done / total, seconds) };
      const end = total ?? done;
      if (bar === undefined) {
        bar = barOn(terminal, name, total !== undefined);
        bar.start(end, Math.min(done, end), values);
      } else {
        bar.setTotal(end);
        bar.update(Math.min(done, end), values);
      }
    },
    [Symbol.dispose]() {
      bar?.stop();
    },
  };
}

/** Columns that stand beside the name and the bar: `  encode `, ` 100 %` and `  59 min 59 s left`. */
const textWidth = 33;

/** A bar in one line: where that is narrow, the bar and then the name give way to the time left. */
function barOn({ stderr }: Terminal, name: string, hasEnd: boolean): SingleBar {
  const room = (stderr.columns ?? 80) - textWidth;
  const barsize = Math.min(30, Math.max(5, room - name.length));
  const shown = endOf(name.replaceAll(/\p{Cc}/gu, " "), hasEnd ? room - barsize : room);
  const format = hasEnd ? `${shown}  {stage} {bar} {percentage} %{text}` : `${shown}  {stage}  {text}`;
  return new SingleBar({ stream: stderr, clearOnComplete: true, hideCursor: false, barsize, format }, Presets.shades_grey);
}

/** A name, or as much of its end as there is room for. */
function endOf(name: string, width: number): string {
  return name.length <= width ? name : `…${name.slice(name.length - Math.max(0, width - 1))}`;
}

/** Time that is left at the speed so far, once that can be told. */
function leftText(part: number, seconds: number): string {
  return seconds < 3 || part <= 0 || part >= 1 ? "" : `  ${timeText((seconds * (1 - part)) / part)} left`;
}

/** `2 h 14 min of audio in 39 min 20 s`. */
function doneText(done: number, seconds: number): string {
  return `${timeText(done)} of audio in ${timeText(seconds)}`;
}
