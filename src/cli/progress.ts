import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../index.ts";
import type { Terminal } from "./terminal.ts";
import { timeText } from "./wording.ts";

/** A bar on a terminal, and nothing anywhere else. Disposing it takes the bar away. */
export interface ProgressBar extends Disposable {
  /** What `onProgress` of the library takes. */
  readonly show: (progress: Progress) => void;
}

/** Starts a bar for one clip; it appears with the first report of encoding or decoding. */
export function startProgress(terminal: Terminal, name: string, quiet: boolean | undefined): ProgressBar {
  if (quiet || terminal.stderr.isTTY !== true) return { show() {}, [Symbol.dispose]() {} };
  const bar = new SingleBar(
    { stream: terminal.stderr, clearOnComplete: true, hideCursor: false, barsize: 30, format: `${name}  {stage} {bar} {percentage} %{left}` },
    Presets.shades_grey,
  );
  let start = 0;
  return {
    show({ stage, done, total }) {
      if (stage === "load") return;
      if (bar.isActive) {
        bar.setTotal(total);
      } else {
        start = performance.now();
        bar.start(total, 0, { stage, left: "" });
      }
      bar.update(Math.min(done, total), { stage, left: leftText(performance.now() - start, done / total) });
    },
    [Symbol.dispose]() {
      bar.stop();
    },
  };
}

/** Time that is left at the speed so far, once that can be told. */
function leftText(milliseconds: number, part: number): string {
  return milliseconds < 3000 || part <= 0 || part >= 1 ? "" : `  ${timeText((milliseconds * (1 - part)) / part / 1000)} left`;
}
