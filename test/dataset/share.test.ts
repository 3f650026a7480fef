import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkShare, parseShare, partsOfShare, sharesOverlap, isInShare } from "../../src/dataset/folder/share.ts";

const share = fc.integer({ min: 1, max: 12 }).chain((count) => fc.record({ index: fc.nat(count - 1), count: fc.constant(count) }));

test("the shares of any number of machines have every part once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(100), (count, numParts) => {
      const all = Array.from({ length: count }, (_, index) => [...partsOfShare({ index, count }, numParts)]).flat();
      expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: numParts }, (_, part) => part));
    }),
  );
});

test("shares overlap exactly where they have a part in common", () => {
  fc.assert(
    fc.property(share, share, (a, b) => {
      const shared = [...partsOfShare(a, a.count * b.count)].some((part) => isInShare(b, part));
      expect(sharesOverlap(a, b)).toBe(shared);
    }),
  );
});

describe("a share is read", () => {
  const array = { SLURM_ARRAY_TASK_ID: "15", SLURM_ARRAY_TASK_COUNT: "4", SLURM_ARRAY_TASK_MIN: "5", SLURM_ARRAY_TASK_STEP: "5" };

  test.each([
    ["0/4", {}, 0, 4],
    ["3/4", {}, 3, 4],
    ["0/1", {}, 0, 1],
    ["auto", { SLURM_ARRAY_TASK_ID: "2", SLURM_ARRAY_TASK_COUNT: "4", SLURM_ARRAY_TASK_MIN: "0" }, 2, 4],
    ["auto", { SLURM_ARRAY_TASK_ID: "4", SLURM_ARRAY_TASK_COUNT: "4", SLURM_ARRAY_TASK_MIN: "1" }, 3, 4],
    ["auto", array, 2, 4],
    ["auto/8", { SLURM_ARRAY_TASK_ID: "3", SLURM_ARRAY_TASK_COUNT: "1", SLURM_ARRAY_TASK_MIN: "3" }, 3, 8],
    ["auto/8", { JOB_COMPLETION_INDEX: "7" }, 7, 8],
  ])("from %s with %j", (text, env, index, count) => {
    expect(parseShare(text, env)).toEqual({ index, count });
  });

  test.each([
    ["4/4", {}, "shares count from 0, so there are 0/4 to 3/4"],
    ["1/1", {}, "0/1 and nothing else"],
    ["0/0", {}, "does not exist"],
    ["-1/4", {}, 'received "-1/4"'],
    ["1", {}, "a share is i/n"],
    ["", {}, "a share is i/n"],
    ["auto", {}, "sbatch --array"],
    ["auto", { JOB_COMPLETION_INDEX: "1" }, "give auto/n"],
    ["auto", { SLURM_ARRAY_TASK_ID: "7", SLURM_ARRAY_TASK_COUNT: "3", SLURM_ARRAY_TASK_MIN: "1" }, "none of 3 that follow one another"],
    ["auto/8", { JOB_COMPLETION_INDEX: "8" }, "JOB_COMPLETION_INDEX=8 of 8"],
    ["auto/8", { JOB_COMPLETION_INDEX: "x" }, "expected a whole number"],
    ["auto/8", {}, "within an array job"],
  ])("and %s with %j is refused", (text, env, reason) => {
    expect(() => parseShare(text, env)).toThrow(RangeError);
    expect(() => parseShare(text, env)).toThrow(reason);
  });

  test("only with whole numbers", () => {
    expect(() => checkShare(0.5, 2)).toThrow(RangeError);
  });
});
