import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { inParallel } from "../../src/async/in-parallel.ts";

test.each([1, 2, 5])("keeps the order of the items and no more than %i of them under way", async (limit) => {
  let underWay = 0;
  let most = 0;
  const results = await inParallel([3, 1, 4, 1, 5], limit, async (turns) => {
    most = Math.max(most, ++underWay);
    for (let i = 0; i < turns; i++) await setImmediate();
    underWay--;
    return turns * 10;
  });
  expect(results).toEqual([30, 10, 40, 10, 50]);
  expect(most).toBe(limit);
});

test("begins nothing more once an item has failed", async () => {
  const begun: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    await setImmediate();
    if (item === 1) throw new Error("item 1");
  };
  await expect(inParallel([0, 1, 2, 3, 4, 5, 6], 2, work)).rejects.toThrow("item 1");
  for (let i = 0; i < 20; i++) await setImmediate();
  expect(begun.length).toBeLessThan(5);
});
