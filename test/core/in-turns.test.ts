import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atOnce, inTurns, stretches } from "../../src/core/index.ts";

function* counting(turns: number): Generator<undefined, number, undefined> {
  for (let turn = 1; turn < turns; turn++) yield;
  return turns;
}

describe("work in turns", () => {
  test("gives the same result at once and turn by turn", async () => {
    expect(atOnce(counting(5))).toBe(5);
    expect(await inTurns(counting(5))).toBe(5);
  });

  test("lets others have theirs in between", async () => {
    let others = 0;
    const other = (async () => {
      for (;;) {
        await setImmediate();
        if (others++ > 100) break;
      }
    })();
    await inTurns(counting(50));
    expect(others).toBeGreaterThan(40);
    await other;
  });

  test("ends with its signal, and with what it throws", async () => {
    const controller = new AbortController();
    const stopped = new Error("stopped");
    const work = inTurns(counting(Infinity), controller.signal);
    void setImmediate().then(() => controller.abort(stopped));
    await expect(work).rejects.toBe(stopped);
    const broken = inTurns(
      (function* () {
        yield;
        throw stopped;
      })(),
    );
    await expect(broken).rejects.toBe(stopped);
  });

  test("in stretches covers everything once, in order, never more than a step at a time", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.integer({ min: 1, max: 40 }), (length, step) => {
        const seen: number[] = [];
        let turns = 1;
        for (
          const work = stretches(length, step, (start, end) => {
            expect(end - start).toBeLessThanOrEqual(step);
            for (let at = start; at < end; at++) seen.push(at);
          });
          work.next().done !== true;
        )
          turns++;
        expect(seen).toEqual(Array.from({ length }, (_, at) => at));
        expect(turns).toBe(Math.max(1, Math.ceil(length / step)));
      }),
    );
  });
});
