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
