import type { Progress } from "../../tokenizer/index.ts";
import { Bar } from "./bar.ts";
import type { ProgressBar } from "./progress.ts";
import { showsBars, tell } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";
import { TransferRate } from "./transfer-rate.ts";
import { bytesText, timeText } from "./wording.ts";

/** Seconds between the lines that stand for the bar where there is no terminal. */
const lineInterval = 5;

/**
 * Shows how a download comes along, with bytes, rate and time left: as a bar on a terminal, as a line now and then elsewhere.
 * It appears with the first report of bytes that are missing, so there is nothing to see of weights that are there.
 * @param now The time in seconds. By default the clock.
 */
export function startDownload(
  terminal: Terminal,
  name: string,
  quiet: boolean | undefined,
  now: () => number = () => performance.now() / 1000,
): ProgressBar {
  if (quiet) return { show() {}, [Symbol.dispose]() {} };
  const rate = new TransferRate();
  const view = showsBars(terminal) ? barOn(terminal, name) : linesOn(terminal, name, now);
  let hasStarted = false;
  return {
    show({ stage, done, total }) {
      if (stage !== "load" || (!hasStarted && done >= total)) return;
      rate.add(done, now());
      if (!hasStarted) view.start({ stage, done, total });
      hasStarted = true;
      view.update({ stage, done, total }, downloadText(done, total, rate.bytesPerSecond));
    },
    [Symbol.dispose]() {
      if (hasStarted) view.stop();
    },
  };
}

/** `12.3 of 93.1 MB, 4.50 MB/s, 18 s left`. */
export function downloadText(done: number, total: number, bytesPerSecond: number | null): string {
  const amount = done >= total ? bytesText(total) : `${bytesText(done)} of ${bytesText(total)}`;
  if (bytesPerSecond === null) return amount;
  const left = done >= total ? [] : [`${timeText((total - done) / bytesPerSecond)} left`];
  return [amount, `${bytesText(Math.round(bytesPerSecond))}/s`, ...left].join(", ");
}

interface DownloadView {
  start(progress: Progress): void;
  update(progress: Progress, text: string): void;
  stop(): void;
}

function barOn(terminal: Terminal, name: string): DownloadView {
  const bar = new Bar(terminal);
  return {
    start() {},
    update: ({ done, total }, text) => bar.show(done, total, { name, texts: [text] }),
    stop: () => bar.stop(),
  };
}

function linesOn(terminal: Terminal, name: string, now: () => number): DownloadView {
  let last = now();
  let isDone = false;
  return {
    start: ({ done, total }) => tell(terminal, `${name}: downloading ${bytesText(total - done)}`),
    update({ done, total }, text) {
      if (isDone || (done < total && now() - last < lineInterval)) return;
      isDone = done >= total;
      last = now();
      tell(terminal, `${name}: ${text}`);
    },
    stop() {},
  };
}
