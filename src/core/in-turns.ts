/**
 * Work on bytes from outside that yields now and then: after so little that the event loop may wait for it, some milliseconds at most.
 * What it returns is the result.
 */
export type Turns<Result> = Generator<undefined, Result, undefined>;

/**
 * Does the work, with timers, signals and sockets served in between.
 * @throws Whatever the work throws, and the signal's reason once it is aborted.
 */
export async function inTurns<Result>(work: Turns<Result>, signal?: AbortSignal): Promise<Result> {
  for (;;) {
    const turn = work.next();
    if (turn.done === true) return turn.value;
    await nextTurn();
    signal?.throwIfAborted();
  }
}

/** Does the work without a pause, for callers that cannot wait. */
export function atOnce<Result>(work: Turns<Result>): Result {
  for (;;) {
    const turn = work.next();
    if (turn.done === true) return turn.value;
  }
}

/** Cuts `0…length` into stretches of up to `step`, with a yield between them. */
export function* stretches(length: number, step: number, work: (start: number, end: number) => void): Turns<void> {
  for (let start = 0; start < length; start += step) {
    if (start > 0) yield;
    work(start, Math.min(length, start + step));
  }
}

/** Lets timers, signals and sockets go first. Not in a microtask: those come before everything that waits. Browsers have no `setImmediate`. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => (typeof setImmediate === "function" ? setImmediate(resolve) : setTimeout(resolve)));
}
