import { Change } from "./change.ts";

/** Events that are waiting to be taken make those who send more wait. */
const maxWaiting = 1000;

/** Sends an event; whoever can wait waits for the promise. */
export type Emit<Event> = (event: Event) => Promise<void>;

/**
 * The events of work that goes on by itself, also while nobody takes them.
 * @param run The work. Its signal fires when nobody will take any more, and with `signal`.
 * @throws what the work throws.
 */
export async function* eventsOf<Event>(
  run: (emit: Emit<Event>, signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): AsyncGenerator<Event, void> {
  const waiting: Event[] = [];
  const left = new AbortController();
  const change = new Change();
  const state = { isOver: false };
  const emit: Emit<Event> = async (event) => {
    waiting.push(event);
    change.announce();
    while (waiting.length > maxWaiting && !left.signal.aborted) await change.wait();
  };
  const running = run(emit, signal === undefined ? left.signal : AbortSignal.any([signal, left.signal])).finally(() => {
    state.isOver = true;
    change.announce();
  });
  running.catch(() => {}); // awaited below
  try {
    for (;;) {
      while (waiting.length === 0 && !state.isOver) await change.wait();
      if (waiting.length === 0) break;
      yield waiting.shift()!;
      change.announce();
    }
    await running;
  } finally {
    left.abort();
    change.announce();
    await running.catch(() => {});
  }
}
