import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../index.ts";
import type { Terminal } from "./terminal.ts";

/** A bar on a terminal, and nothing anywhere else. Disposing it takes the bar away. */
export interface ProgressBar extends Disposable {
  /** What `onProgress` of the library takes. */
  readonly show: (progress: Progress) => void;
}

/** Starts a bar for one clip; it appears with the first report of encoding or decoding. */
export function startProgress(terminal: Terminal, name: string, quiet: boolean | undefined): ProgressBar {
  if (quiet || terminal.stderr.isTTY !== true) return { show() {}, [Symbol.dispose]() {} };
  const bar = new SingleBar(
    { stream: terminal.stderr, clearOnComplete: true, hideCursor: false, barsize: 30, format: `${name}  {stage} {bar} {percentage} %` },
    Presets.shades_grey,
  );
  return {
    show({ stage, done, total }) {
      if (stage === "load") return;
      if (bar.isActive) bar.setTotal(total);
      else bar.start(total, 0, { stage });
      bar.update(done, { stage });
    },
    [Symbol.dispose]() {
      bar.stop();
    },
  };
}
