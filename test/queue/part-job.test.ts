import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePartJob } from "../../src/queue/part-job.ts";
import { QueueError } from "../../src/queue/queue-error.ts";

const dataset = "0123456789ab";
const plan = { dataset, numParts: 4 };
const job = { dataset, part: 3, rows: 2 };

test("a part of the plan is a job", () => {
  expect(parsePartJob(job, plan)).toEqual(job);
});

test.each([
  [undefined],
  [null],
  [0],
  [""],
  ["part"],
  [[]],
  [{}],
  [[job]],
  [{ ...job, part: 4 }],
  [{ ...job, part: -1 }],
  [{ ...job, part: 0.5 }],
  [{ ...job, part: 2 ** 53 }],
  [{ ...job, part: NaN }],
  [{ ...job, part: Infinity }],
  [{ ...job, part: "3" }],
  [{ ...job, part: "x/../../other/data" }],
  [{ ...job, part: "../../etc/passwd" }],
  [{ ...job, part: [3] }],
  [{ ...job, part: { valueOf: "3" } }],
  [{ ...job, part: null }],
  [{ ...job, rows: 0 }],
  [{ ...job, rows: "2" }],
  [{ dataset, part: 3 }],
  [{ dataset, rows: 2 }],
  [{ part: 3, rows: 2 }],
  [{ ...job, dataset: "" }],
  [{ ...job, dataset: "0123456789AB" }],
  [{ ...job, dataset: `${dataset}\n` }],
  [{ ...job, dataset: [dataset] }],
  [{ ...job, folder: "/elsewhere" }],
  [{ ...job, inputs: ["/etc"] }],
  [JSON.parse(`{"dataset":"${dataset}","part":3,"rows":2,"__proto__":{"x":1}}`)],
])("%j is none", (data) => {
  expect(() => parsePartJob(data, plan)).toThrow(expect.objectContaining({ name: "QueueError", code: "QUEUE_JOB" }));
});

test("a part of another dataset is told apart", () => {
  expect(() => parsePartJob({ ...job, dataset: "ba9876543210" }, plan)).toThrow(
    expect.objectContaining({ code: "QUEUE_MISMATCH", message: expect.stringContaining("ba9876543210") }),
  );
});

test("anything else that JSON can say is a part of the plan or refused, in a line of plain text", () => {
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom(dataset, 0, 3, 4, -1, "3"));
  const data = fc.oneof(fc.jsonValue(), fc.record({ dataset: field, part: field, rows: field, more: field }, { requiredKeys: [] }));
  fc.assert(
    fc.property(data, (value) => {
      try {
        const { part } = parsePartJob(value, plan);
        expect([0, 1, 2, 3]).toContain(part);
      } catch (error) {
        expect(error).toBeInstanceOf(QueueError);
        expect((error as Error).message).toMatch(/^[ -~]{1,200}$/u);
      }
    }),
    { numRuns: 2000 },
  );
});
