import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Budget } from "../../src/async/budget.ts";
import { turns } from "./turns.ts";

describe("a budget", () => {
  test("is never exceeded, except by one that is larger than all of it and alone", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 150 }), fc.nat(4)), { minLength: 1, maxLength: 30 }), async (work) => {
        const budget = new Budget(100);
        let used = 0;
        let numUsers = 0;
        const order: number[] = [];
        await Promise.all(
          work.map(async ([bytes, length], index) => {
            const lease = await budget.take(bytes);
            order.push(index);
            used += bytes;
            numUsers++;
            expect(used <= 100 || numUsers === 1).toBe(true);
            await turns(length);
            used -= bytes;
            numUsers--;
            lease[Symbol.dispose]();
          }),
        );
        expect(order).toEqual(work.map((_, index) => index));
      }),
    );
  });

  test("has back what a lease gives back, once, and what it turns out not to need", async () => {
    const budget = new Budget(10);
    const first = await budget.take(8);
    const begun: string[] = [];
    const second = budget.take(6).then((lease) => (begun.push("second"), lease));
    first.resize(5);
    await turns(3);
    expect(begun).toEqual([]);
    first.resize(4);
    await turns(3);
    expect(begun).toEqual(["second"]);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    const third = budget.take(5).then((lease) => (begun.push("third"), lease));
    await turns(3);
    expect(begun).toEqual(["second"]);
    (await second)[Symbol.dispose]();
    await third;
  });
});
