/** The signal of a piece of work, until it is disposed. */
export interface WorkSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A signal that is aborted with the caller's, and with that of what the work needs, which may live as long as a server.
 * `AbortSignal.any` alone would leave a trace of each piece of work there (Node 20), so that one is listened to instead.
 */
export function whileAlive(signal: AbortSignal | undefined, life: AbortSignal): WorkSignal {
  if (signal === undefined) return { signal: life, [Symbol.dispose]() {} };
  const ending = new AbortController();
  const end = (): void => ending.abort(life.reason);
  life.addEventListener("abort", end);
  if (life.aborted) end();
  return { signal: AbortSignal.any([signal, ending.signal]), [Symbol.dispose]: () => life.removeEventListener("abort", end) };
}
