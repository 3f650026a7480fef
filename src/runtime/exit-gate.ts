/**
 * What a thread and the process that started it agree by: the thread computes only while it holds the gate, and a process
 * that exits waits until it lets go and closes it. A native call that is torn down with its thread aborts the process.
 *
 *     idle ⇄ busy        by the thread, around each request
 *     idle → closed      by the process, for good
 *
 * A thread that died while it held its gate never lets go, so nobody waits for it without end.
 */
export type Gate = Int32Array<SharedArrayBuffer>;

const [idle, busy, closed] = [0, 1, 2] as const;

/** Milliseconds that a process that exits waits for its threads, all of them together: longer than a step of a model takes. */
const longestWait = 10_000;

/** Gates of the threads that live. */
const gates = new Set<Gate>();

/** An open gate, which is closed when the process exits, in whatever way it is told to. */
export function openGate(): Gate {
  if (gates.size === 0) process.on("exit", closeAll);
  const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  gates.add(gate);
  return gate;
}

/** Forgets the gate of a thread that has ended, or that has answered all and is about to be ended: nobody waits for it any more. */
export function forgetGate(gate: Gate): void {
  gates.delete(gate);
  if (gates.size === 0) process.off("exit", closeAll);
}

function closeAll(): void {
  const deadline = performance.now() + longestWait;
  for (const gate of gates) {
    while (Atomics.compareExchange(gate, 0, idle, closed) === busy) {
      if (Atomics.wait(gate, 0, busy, deadline - performance.now()) === "timed-out") break;
    }
  }
}
