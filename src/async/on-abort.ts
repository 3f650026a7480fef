interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly tell: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls back when a signal aborts, until it is disposed. However many wait for one signal, they are a single listener: Node takes more than
 * ten for a leak and says so on standard error, and a server may well have a hundred pieces of work that end together.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): Disposable {
  if (signal === undefined) return { [Symbol.dispose]() {} };
  const { callbacks, tell } = waiting.get(signal) ?? listen(signal);
  const own = (): void => callback(); // the same callback may wait twice
  callbacks.add(own);
  return {
    [Symbol.dispose]() {
      if (!callbacks.delete(own) || callbacks.size > 0) return;
      signal.removeEventListener("abort", tell);
      waiting.delete(signal);
    },
  };
}

/** What `work` gives, unless the signal aborts before, whose reason is thrown then: some work does not hear of it, or not while it waits. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
  });
  using _ = onAbort(signal, stop);
  return await Promise.race([work, aborted]);
}

function listen(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const tell = (): void => {
    for (const callback of callbacks) callback();
  };
  signal.addEventListener("abort", tell);
  const entry = { callbacks, tell };
  waiting.set(signal, entry);
  return entry;
}
