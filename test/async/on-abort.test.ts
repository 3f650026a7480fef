import { expect, test } from "vitest";
import { onAbort } from "../../src/async/index.ts";
import { openAudio } from "../../src/files/index.ts";
import { formatWav } from "../../src/audio/index.ts";

/** Counts the listeners that a signal has. */
function counted(signal: AbortSignal): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<AbortSignal["addEventListener"]>) => (count++, addEventListener.apply(signal, args));
  signal.removeEventListener = (...args: Parameters<AbortSignal["removeEventListener"]>) => (
    count--,
    removeEventListener.apply(signal, args)
  );
  return () => count;
}

test("a signal has one listener however many wait for it, none when nobody does, and tells all who still wait", () => {
  const controller = new AbortController();
  const listeners = counted(controller.signal);
  const told: number[] = [];
  const waits = Array.from({ length: 100 }, (_, i) => onAbort(controller.signal, () => told.push(i)));
  expect(listeners()).toBe(1);
  for (const wait of waits) wait[Symbol.dispose]();
  for (const wait of waits) wait[Symbol.dispose](); // once is enough
  expect(listeners()).toBe(0);
  const callback = () => told.push(-1);
  onAbort(controller.signal, callback);
  onAbort(controller.signal, callback)[Symbol.dispose]();
  controller.abort();
  expect(told).toEqual([-1]);
});

test("recordings that come through pipes at the same time, and end with one signal, make one listener of it", async () => {
  const controller = new AbortController();
  const listeners = counted(controller.signal);
  let most = 0;
  const bytes = formatWav({ channelData: [new Float32Array(100)], sampleRate: 24_000 });
  const pipe = async function* () {
    for (let at = 0; at < bytes.length; at += 50) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      most = Math.max(most, listeners());
      yield bytes.subarray(at, at + 50);
    }
  };
  const opened = await Promise.all(Array.from({ length: 20 }, () => openAudio(pipe(), { signal: controller.signal })));
  for (const audio of opened) await audio[Symbol.asyncDispose]();
  expect(most).toBe(1);
  expect(listeners()).toBe(0);
});
