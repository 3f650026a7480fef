import type { Progress } from "../../tokenizer/index.ts";
import { Bar } from "./bar.ts";
import { showsBars } from "./terminal.ts";
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
 * @param now The time in seconds. By default the clock.
 */
export function startProgress(
  terminal: Terminal,
  name: string,
  quiet: boolean | undefined,
  now: () => number = () => performance.now() / 1000,
): ProgressBar<ClipProgress> {
  if (quiet || !showsBars(terminal)) return { show() {}, [Symbol.dispose]() {} };
  const bar = new Bar(terminal);
  let current: Progress["stage"] | undefined;
  let lastReport = now();
  let start = lastReport;
  return {
    show({ stage, done, total }) {
      if (stage !== current) {
        // Each stage begins where the one before ended, not with its first report, which comes when part of it is done.
        start = lastReport;
        current = stage;
        bar.stop();
      }
      lastReport = now();
      if (stage === "load") return;
      const seconds = lastReport - start;
      const text = total === undefined ? doneText(done, seconds) : leftText(done / total, seconds);
      const end = total ?? done;
      bar.show(Math.min(done, end), end, { name: `${name}  ${stage}`, texts: [text], hasEnd: total !== undefined });
    },
    [Symbol.dispose]() {
      bar.stop();
    },
  };
}

/** Time that is left at the speed so far, once that can be told. */
function leftText(part: number, seconds: number): string {
  return seconds < 3 || part <= 0 || part >= 1 ? "" : `${timeText((seconds * (1 - part)) / part)} left`;
}

/** `2 h 14 min of audio in 39 min 20 s`. */
function doneText(done: number, seconds: number): string {
  return `${timeText(done)} of audio in ${timeText(seconds)}`;
}
