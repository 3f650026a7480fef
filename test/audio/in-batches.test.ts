import fc from "fast-check";
import { expect, test } from "vitest";
import { inBatches } from "../../src/audio/reading/in-batches.ts";
import { collect } from "./ogg-bytes.ts";

async function* each(sizes: readonly number[]): AsyncGenerator<number, void> {
  yield* sizes;
}

test("all items come, in order, in batches that one more item or sample would not have been in", async () => {
  const anySize = fc.oneof(fc.constantFrom(0, 1, 960, 65_535, 65_536, 524_280), fc.nat(5000));
  await fc.assert(
    fc.asyncProperty(fc.array(anySize, { maxLength: 700, size: "max" }), fc.constantFrom(65_536, 2 ** 20), async (sizes, batchSize) => {
      const batches = await collect(inBatches(each(sizes), (size) => size, batchSize === 65_536 ? undefined : batchSize));
      expect(batches.flat()).toEqual(sizes);
      for (const [index, batch] of batches.entries()) {
        const total = batch.reduce((sum, size) => sum + size, 0);
        expect(batch.length).toBeGreaterThan(0);
        expect(batch.length).toBeLessThanOrEqual(256);
        expect(total - batch.at(-1)!).toBeLessThan(batchSize);
        if (index < batches.length - 1) expect(batch.length === 256 || total >= batchSize).toBe(true);
      }
    }),
  );
});

test("items of nothing are not collected without end", async () => {
  const batches = await collect(inBatches(each(Array.from({ length: 1000 }, () => 0)), (size) => size));
  expect(batches.map((batch) => batch.length)).toEqual([256, 256, 256, 232]);
});
