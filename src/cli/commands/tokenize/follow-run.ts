import type { DatasetEvent } from "../../../dataset/index.ts";
import type { WorkEvent } from "../../../queue/index.ts";
import { eventLine } from "../../reports/tokenize-report.ts";
import { OutputLost, withArguments } from "../../shared/failures.ts";
import { writeOut } from "../../shared/terminal.ts";
import type { Terminal } from "../../shared/terminal.ts";

/** The report that a run's last event brings. */
type ReportOf<Event> = Extract<Event, { readonly kind: "finished" }> extends { readonly report: infer Report } ? Report : never;

/** A run whose parts are not to be cut short. */
interface Run<Event> {
  /** @param signals `stop` ends it after the part at hand, `signal` at once. */
  readonly start: (signals: { readonly stop: AbortSignal; readonly signal: AbortSignal }) => AsyncIterable<Event>;
  /** The event before which no part is at hand: until then, interrupting ends the run at once. */
  readonly readyAt: "plan" | "ready";
  readonly progress: { readonly show: (event: Event) => void; readonly stopping: () => void };
}

/** Takes the events of a run, shows them, and gives its report; an interrupted run ends after the part at hand. */
export async function followRun<Event extends DatasetEvent | WorkEvent>(
  terminal: Terminal,
  json: boolean | undefined,
  { start, readyAt, progress }: Run<Event>,
): Promise<ReportOf<Event>> {
  const preparing = new AbortController();
  let isReady = false;
  const interrupt = (): void => {
    const { reason } = terminal.signal;
    if (isReady && !(reason instanceof OutputLost)) progress.stopping();
    else preparing.abort(reason);
  };
  terminal.signal.addEventListener("abort", interrupt);
  try {
    return await withArguments(async () => {
      for await (const event of start({ stop: terminal.signal, signal: preparing.signal })) {
        if (event.kind === readyAt) isReady = true;
        progress.show(event);
        if (json) await writeOut(terminal, eventLine(event));
        if (event.kind === "finished") return event.report as ReportOf<Event>;
      }
      throw new Error("the run ended without a report");
    });
  } finally {
    terminal.signal.removeEventListener("abort", interrupt);
  }
}
