import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inOrder } from "../../src/async/in-order.ts";
import { collect } from "../temporary-folder.ts";
import { turns } from "./turns.ts";

describe("work in order", () => {
  test("gives results in the order of the items, and runs ahead no further than it may", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (lengths, ahead) => {
        let begun = 0;
        let taken = 0;
        const work = async (length: number): Promise<number> => {
          begun++;
          expect(begun - taken).toBeLessThanOrEqual(ahead + 1);
          await turns(length);
          return length;
        };
        const results: number[] = [];
        for await (const result of inOrder(items(lengths), { admit: async () => {}, work, ahead })) {
          results.push(result);
          taken++;
        }
        expect(results).toEqual(lengths);
      }),
    );
  });

  test("holds no more than it may, by the weight of the items, but for an item alone", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        async (weights, ahead) => {
          const held: number[] = [];
          const work = async (weight: number): Promise<number> => {
            held.push(weight);
            expect(held.length === 1 || held.reduce((sum, each) => sum + each, 0) <= ahead).toBe(true);
            await turns(weight);
            return weight;
          };
          const results: number[] = [];
          for await (const result of inOrder(items(weights), { admit: async () => {}, work, ahead, weigh: (weight) => weight })) {
            results.push(result);
            await turns(1);
            held.shift();
          }
          expect(results).toEqual(weights);
        },
      ),
    );
  });

  test("passes on what fails, in its place", async () => {
    const seen: number[] = [];
    await expect(async () => {
      for await (const result of inOrder(items([0, 1, 2, 3]), { admit: async () => {}, work: failingAtTwo, ahead: 4 })) seen.push(result);
    }).rejects.toThrow("two");
    expect(seen).toEqual([0, 1]);
    await expect(collect(inOrder(failing(), { admit: async () => {}, work: failingAtTwo, ahead: 4 }))).rejects.toThrow("source");
  });
});

async function failingAtTwo(item: number): Promise<number> {
  if (item === 2) throw new Error("two");
  return item;
}

async function* items<T>(all: readonly T[]): AsyncGenerator<T, void> {
  yield* all;
}

async function* failing(): AsyncGenerator<number, void> {
  yield 0;
  throw new Error("source");
}
