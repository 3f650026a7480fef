import { z } from "zod";
import { QueueError } from "./queue-error.ts";

/** One part of a dataset, to be done. The rows themselves are in the dataset's folder. */
export interface PartJob {
  /** Digest of the plan that the part is of. */
  readonly dataset: string;
  readonly part: number;
  readonly rows: number;
}

/** What came of a part; for the speed that `datasetQueueStatus` tells. */
export interface PartResult {
  readonly rows: number;
  readonly seconds: number;
}

const jobSchema: z.ZodType<PartJob> = z.strictObject({
  dataset: z.string().regex(/^[0-9a-f]{12}$/u),
  part: z.int().min(0),
  rows: z.int().min(1),
});

const resultSchema: z.ZodType<PartResult> = z.object({ rows: z.int().min(0), seconds: z.number().min(0) });

/**
 * The part that a job on a queue is: whoever can write to Redis chooses what is there.
 * @param dataset Digest of the plan whose parts are done.
 * @param numParts Of that plan.
 * @throws QueueError QUEUE_JOB for what is no part, or none that the plan has, and QUEUE_MISMATCH for a part of another dataset.
 */
export function parsePartJob(data: unknown, { dataset, numParts }: { readonly dataset: string; readonly numParts: number }): PartJob {
  const job = partJobOf(data);
  if (job === undefined)
    throw new QueueError("QUEUE_JOB", "a job on the queue is no part of a dataset: expected a dataset, a part, its rows and nothing else");
  if (job.dataset !== dataset)
    throw new QueueError(
      "QUEUE_MISMATCH",
      `a job on the queue is a part of another dataset, ${job.dataset}; a queue is for one, so give the other a name of its own with --queue`,
    );
  if (job.part >= numParts) throw new QueueError("QUEUE_JOB", `a job on the queue is part ${job.part}; the plan has ${numParts}, from 0`);
  return job;
}

/** A part of whatever dataset; undefined for a job that is none. */
export function partJobOf(data: unknown): PartJob | undefined {
  return jobSchema.safeParse(data).data;
}

/** What came of a part; undefined where a job says something else. */
export function partResultOf(value: unknown): PartResult | undefined {
  return resultSchema.safeParse(value).data;
}
