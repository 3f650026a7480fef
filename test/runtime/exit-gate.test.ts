import { afterEach, expect, test, vi } from "vitest";
import { forgetGate, openGate } from "../../src/runtime/exit-gate.ts";

const [idle, busy, closed] = [0, 1, 2];

afterEach(() => void vi.restoreAllMocks());

/** An open gate, and what the process does with it when it exits. */
function gateWithExit() {
  const before = process.listeners("exit");
  const gate = openGate();
  const exit = process.listeners("exit").find((listener) => !before.includes(listener))!;
  return { gate, exit: () => exit.call(process, 0), [Symbol.dispose]: () => forgetGate(gate) };
}

test("a process that exits closes the gate, and waits first for a thread that holds it", () => {
  using opened = gateWithExit();
  const { gate, exit } = opened;
  const wait = vi.spyOn(Atomics, "wait").mockImplementation(() => (Atomics.store(gate, 0, idle), "ok"));
  Atomics.store(gate, 0, busy);
  exit();
  expect(wait).toHaveBeenCalledOnce();
  expect(Atomics.load(gate, 0)).toBe(closed);
});

test("a process that exits does not wait without end for a thread that died holding its gate", () => {
  using opened = gateWithExit();
  const { gate, exit } = opened;
  let count = 0;
  // Where nobody gives up after the first time, the thread lets go, so that the test ends.
  const wait = vi.spyOn(Atomics, "wait").mockImplementation(() => (count++ > 0 && Atomics.store(gate, 0, idle), "timed-out"));
  Atomics.store(gate, 0, busy);
  exit();
  expect(wait).toHaveBeenCalledOnce();
  const milliseconds = wait.mock.calls[0]![3]!;
  expect(milliseconds).toBeGreaterThan(5000);
  expect(milliseconds).toBeLessThanOrEqual(10_000);
});

test("nobody waits for a gate that was forgotten", () => {
  const before = process.listenerCount("exit");
  const gate = openGate();
  expect(process.listenerCount("exit")).toBe(before + 1);
  forgetGate(gate);
  expect(process.listenerCount("exit")).toBe(before);
});
