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
            await budget.take(bytes);
            order.push(index);
            used += bytes;
            numUsers++;
            expect(used <= 100 || numUsers === 1).toBe(true);
            await turns(length);
            used -= bytes;
            numUsers--;
            budget.give(bytes);
          }),
        );
        expect(order).toEqual(work.map((_, index) => index));
      }),
    );
  });
});
