import { readdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyCheck } from "../../src/dataset/plan/key-check.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("rows whose key an earlier one has are found with the earliest, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom("a", "b", "c/d", "é", ""), { maxLength: 20 }), async (list) => {
      await using keys = new KeyCheck(join(await temporaryFolder(), "keys")); // needs no file for so few
      for (const [row, key] of list.entries()) await keys.add(key, row);
      const expected = list.flatMap((key, row) => (list.indexOf(key) < row ? [{ row, first: list.indexOf(key) }] : []));
      expect(await keys.repeated()).toEqual(expected);
    }),
  );
});

test("they are found among more keys than memory is to hold, and nothing stays on the disk", async () => {
  const folder = await temporaryFolder();
  const numRows = 800_000;
  {
    await using keys = new KeyCheck(join(folder, "keys"));
    for (let row = 0; row < numRows; row++) await keys.add(row % 80_000 === 79_999 ? "again" : `speaker/${row}`, row);
    expect(await readdir(folder)).toHaveLength(1);
    expect(await keys.repeated()).toEqual(Array.from({ length: 9 }, (_, i) => ({ row: (i + 2) * 80_000 - 1, first: 79_999 })));
  }
  expect(await readdir(folder)).toEqual([]);
});

test("ids that are none are refused with an example", async () => {
  await using keys = new KeyCheck(join(await temporaryFolder(), "keys"));
  for (let row = 0; row < 100_003; row++) await keys.add(row === 0 ? "first" : "same", row);
  await expect(keys.repeated()).rejects.toMatchObject({
    code: "DATASET_INPUT",
    message: expect.stringContaining("over 100000 rows have the key of another one, such as row 2 that of row 1"),
  });
});
