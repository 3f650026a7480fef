import { Queue } from "bullmq";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RuntimeError } from "../../src/core/index.ts";
import type { DatasetWorkOptions } from "../../src/dataset/dataset-work.ts";
import { DatasetError } from "../../src/dataset/folder/dataset-error.ts";
import { acquireRunLock } from "../../src/dataset/folder/run-lock.ts";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { readDatasetInfo } from "../../src/dataset/records/dataset-info.ts";
import { checkRedis, datasetQueueStatus, enqueueDataset, readQueueRecord, workOnDataset } from "../../src/queue/index.ts";
import type { EnqueueDatasetOptions, EnqueueReport, WorkEvent, WorkOnDatasetOptions, WorkReport } from "../../src/queue/index.ts";
import { AudioTokenizer } from "../../src/tokenizer/index.ts";
import { tinyTokenizer, tokenize, toneWav } from "../dataset/corpus.ts";
import { bytesBelow } from "../dataset/encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";
import { describeWithRedis, freePort, RedisServer } from "./redis-server.ts";

const options = { model: await tinyTokenizer(), numCodebooks: 2, decodeThreads: 1 } as const satisfies Partial<DatasetWorkOptions>;

/** Seven files in parts of two: four parts. */
async function corpus(
  more: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<{ readonly folder: string; readonly inputs: readonly string[] }> {
  const root = await temporaryFolder();
  const files = Array.from({ length: 7 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, 0.3 + 0.1 * i)] as const);
  await writeTree(root, {
    ...Object.fromEntries(files),
    ...Object.fromEntries(Object.entries(more).map(([name, bytes]) => [`in/${name}`, bytes])),
  });
  return { folder: join(root, "out"), inputs: [join(root, "in")] };
}

/** The bytes that one machine makes of the same corpus. */
async function expectedBytes({
  folder,
  inputs,
}: {
  readonly folder: string;
  readonly inputs: readonly string[];
}): Promise<ReadonlyMap<string, Buffer>> {
  await tokenize({ ...options, folder: `${folder}-alone`, inputs, partRows: 2 });
  return bytesBelow(`${folder}-alone`);
}

describeWithRedis("a dataset on a queue", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  async function enqueue(more: Partial<EnqueueDatasetOptions> & { readonly folder: string }): Promise<EnqueueReport> {
    const events = await collect(enqueueDataset({ ...options, partRows: 2, redis: redis.url, ...more }));
    const last = events.at(-1)!;
    if (last.kind !== "finished") throw new Error(`the last event is ${last.kind}`);
    return last.report;
  }

  async function work(
    more: Partial<WorkOnDatasetOptions> & { readonly folder: string },
  ): Promise<{ readonly events: readonly WorkEvent[]; readonly report: WorkReport }> {
    const events = await collect(workOnDataset({ ...options, redis: redis.url, ...more }));
    const last = events.at(-1)!;
    if (last.kind !== "finished") throw new Error(`the last event is ${last.kind}`);
    return { events, report: last.report };
  }

  /** A worker that is stopped when it has finished a part. */
  async function workUntilPart(folder: string): Promise<WorkReport> {
    const stop = new AbortController();
    for await (const event of workOnDataset({ ...options, folder, redis: redis.url, stop: stop.signal })) {
      if (event.kind === "part-finished") stop.abort();
      if (event.kind === "finished") {
        expect(event.report).toMatchObject({ info: null, partsFailed: 0 });
        expect(event.report.partsLeft).toBeGreaterThan(0);
        return event.report;
      }
    }
    throw new Error("the worker ended without a report");
  }

  /** The queue itself. */
  async function queueOf(folder: string): Promise<Queue & AsyncDisposable> {
    const { queue } = (await readQueueRecord(folder))!;
    const opened = new Queue(queue, { connection: { url: redis.url } });
    return Object.assign(opened, { [Symbol.asyncDispose]: () => opened.close() });
  }

  test("is done by workers side by side, whichever is last writes the index, and the bytes are those of one machine", async () => {
    const { folder, inputs } = await corpus({ "bad.wav": "not audio" });
    expect(await enqueue({ folder, inputs })).toMatchObject({
      rows: 8,
      parts: 4,
      partsDone: 0,
      partsQueued: 4,
      partsBefore: 0,
      info: null,
    });
    const reports = await Promise.all([1, 2, 3].map((concurrency) => work({ folder, concurrency }).then(({ report }) => report)));
    expect(reports.map(({ info }) => info?.counts)).toEqual(
      reports.map(() => expect.objectContaining({ rows: 8, clips: 7, errors: 1, parts: 4 })),
    );
    expect(reports.reduce((sum, { parts }) => sum + parts, 0)).toBe(4);
    expect(reports.reduce((sum, { rows }) => sum + rows, 0)).toBe(8);
    expect(await bytesBelow(folder)).toEqual(await expectedBytes({ folder, inputs }));
    // Nothing is left to do for another worker, nor for another enqueueing.
    expect((await work({ folder })).report).toMatchObject({ parts: 0, partsLeft: 0, info: { counts: { parts: 4 } } });
    expect(await enqueue({ folder })).toMatchObject({ partsDone: 4, partsQueued: 0, info: { counts: { parts: 4 } } });
    expect(await readQueueRecord(folder)).toBeUndefined();
  });

  test("has each part once however often it is put there, and none that is done", async () => {
    const { folder, inputs } = await corpus();
    await enqueue({ folder, inputs });
    const { parts: done } = await workUntilPart(folder);
    expect(await enqueue({ folder, inputs })).toMatchObject({ partsDone: done, partsQueued: 4 - done, partsBefore: 4 - done });
    expect(await enqueue({ folder })).toMatchObject({ partsDone: done, partsQueued: 4 - done, partsBefore: 4 - done });
    await using queue = await queueOf(folder);
    const jobs = await queue.getJobs(["waiting", "active", "delayed"]);
    expect(jobs.map(({ data }) => data.part as number).toSorted()).toEqual([0, 1, 2, 3].slice(done));
    expect(jobs.map(({ data }) => data.rows as number).reduce((a, b) => a + b, 0)).toBe(7 - 2 * done);
    await expect(enqueue({ folder, inputs, queue: "another" })).rejects.toThrow(
      /is on the queue encodec-tokenizer-out-[0-9a-f]{12} already/,
    );
    await expect(enqueue({ folder, inputs, numCodebooks: 4 })).rejects.toMatchObject({ code: "DATASET_MISMATCH" });
    await expect(work({ folder, numCodebooks: 4 })).rejects.toMatchObject({ code: "DATASET_MISMATCH" });
    expect((await work({ folder })).report.info).not.toBeNull();
  });

  test("tries a part again that fails, then leaves it with the reason, and does it when it is put there once more", async () => {
    const { folder, inputs } = await corpus({ "clip-2a.wav": "not audio" });
    await enqueue({ folder, inputs, attempts: 2, backoff: 0.01 });
    const { events, report } = await work({ folder, maxErrors: 0 });
    expect(events.filter(({ kind }) => kind === "part-failed")).toEqual(
      [1, 2].map((attempt) => ({ kind: "part-failed", part: 1, message: expect.stringContaining("clip-2a.wav"), attempt, attempts: 2 })),
    );
    expect(report).toMatchObject({ parts: 3, partsLeft: 1, partsFailed: 1, info: null });
    const status = await datasetQueueStatus(folder, { redis: redis.url });
    expect(status).toMatchObject({
      isComplete: false,
      done: { parts: 3, rows: 6 },
      queue: { failed: 1, failures: [{ part: 1, attempts: 2, reason: expect.stringContaining("over 0 rows failed") }] },
    });
    await enqueue({ folder });
    expect((await work({ folder })).report).toMatchObject({ parts: 1, errors: 1, info: { counts: { clips: 7, errors: 1 } } });
    expect(await bytesBelow(folder)).toEqual(await expectedBytes({ folder, inputs }));
  });

  test("puts off a part that another process has locked, and counts no attempt", async () => {
    const { folder, inputs } = await corpus();
    await enqueue({ folder, inputs, attempts: 1 });
    const lock = await acquireRunLock(folder, { index: 0, count: 4 });
    await using queue = await queueOf(folder);
    const seen: WorkEvent[] = [];
    for await (const event of workOnDataset({ ...options, folder, redis: redis.url })) {
      seen.push(event);
      if (event.kind !== "part-returned") continue;
      expect(event).toEqual({ kind: "part-returned", part: 0, reason: "locked" });
      const [job] = await queue.getDelayed();
      expect(job).toMatchObject({ attemptsMade: 0, data: { part: 0 } });
      await lock.release();
      await queue.promoteJobs();
    }
    expect(seen.filter(({ kind }) => kind === "part-returned")).toHaveLength(1);
    expect(seen.at(-1)).toMatchObject({ report: { parts: 4, partsFailed: 0, info: { counts: { rows: 7 } } } });
  });

  test("gets a part back at once from a worker that is ended, and counts no attempt", async () => {
    const { folder, inputs } = await corpus();
    await enqueue({ folder, inputs, attempts: 1 });
    const abort = new AbortController();
    const events: WorkEvent[] = [];
    const working = (async () => {
      for await (const event of workOnDataset({ ...options, folder, redis: redis.url, signal: abort.signal })) {
        events.push(event);
        if (event.kind === "part-started") abort.abort(new Error("enough"));
      }
    })();
    await expect(working).rejects.toThrow("enough");
    await using queue = await queueOf(folder);
    const jobs = await queue.getJobs(["waiting"]);
    expect(jobs.map(({ data, attemptsMade }) => [data.part as number, attemptsMade]).toSorted()).toEqual(
      [0, 1, 2, 3].map((part) => [part, 0]),
    );
    expect((await readdir(folder)).filter((name) => name.startsWith("lock"))).toEqual([]);
    expect((await work({ folder })).report.info).not.toBeNull();
    expect(await bytesBelow(folder)).toEqual(await expectedBytes({ folder, inputs }));
  });

  test("loses nothing with Redis: what is missing is put on the queue again", async () => {
    const { folder, inputs } = await corpus();
    await enqueue({ folder, inputs });
    const { parts, partsLeft } = await workUntilPart(folder);
    expect(parts + partsLeft).toBe(4);
    await redis.wipe();
    await expect(work({ folder })).rejects.toMatchObject({
      code: "QUEUE_EMPTY",
      message: expect.stringContaining(`${partsLeft} of 4 parts are missing`),
    });
    expect(await enqueue({ folder })).toMatchObject({ partsDone: parts, partsQueued: partsLeft, partsBefore: 0 });
    expect((await work({ folder })).report).toMatchObject({ parts: partsLeft, info: { counts: { rows: 7 } } });
    expect(await bytesBelow(folder)).toEqual(await expectedBytes({ folder, inputs }));
  });

  test("has a status: what is done by the folder, the rest by Redis", async () => {
    const { folder, inputs } = await corpus();
    const read = (): ReturnType<typeof datasetQueueStatus> => datasetQueueStatus(folder, { redis: redis.url });
    await expect(read()).rejects.toMatchObject({ code: "DATASET_FORMAT" });
    await enqueue({ folder, inputs });
    expect(await read()).toEqual({
      folder,
      isComplete: false,
      rows: 7,
      parts: 4,
      done: { parts: 0, rows: 0, clips: 0, errors: 0, seconds: 0, warnings: 0, damaged: 0 },
      queue: {
        name: expect.stringMatching(/^encodec-tokenizer-out-/),
        waiting: 4,
        active: 0,
        delayed: 0,
        failed: 0,
        failures: [],
        workers: [],
        secondsLeft: null,
      },
    });
    for await (const event of workOnDataset({ ...options, folder, redis: redis.url })) {
      if (event.kind === "part-started" && event.part === 2) {
        const { done, queue } = await read();
        // The worker goes on meanwhile.
        expect(done.parts).toBeGreaterThanOrEqual(2);
        expect(queue!.workers).toEqual([expect.stringMatching(`:${process.pid}$`)]);
        expect(queue!.secondsLeft).toBeGreaterThanOrEqual(0);
      }
    }
    expect(await read()).toMatchObject({
      isComplete: true,
      done: { parts: 4, rows: 7, clips: 7, seconds: expect.closeTo(4.2, 3) },
      queue: null,
    });
  });

  test("does parts with errors again if that is asked for", async () => {
    const { folder, inputs } = await corpus({ "clip-2a.wav": "not audio" });
    await enqueue({ folder, inputs });
    await work({ folder });
    await writeFile(join(inputs[0]!, "clip-2a.wav"), toneWav(9, 0.5));
    expect(await enqueue({ folder, inputs, retryErrors: true })).toMatchObject({ partsDone: 3, partsQueued: 1 });
    expect((await work({ folder })).report).toMatchObject({ parts: 1, info: { counts: { clips: 8, errors: 0 } } });
    const clips = await collect(await openDataset(folder));
    expect(clips.map(({ key }) => key)).toContain("clip-2a");
  });

  test("is waited for by a worker that is told to: parts that come later are done, and the index written again", async () => {
    const { folder, inputs } = await corpus({ "clip-2a.wav": "not audio" });
    await enqueue({ folder, inputs });
    const stop = new AbortController();
    const working = work({ folder, wait: true, stop: stop.signal });
    const errorsIn = (): Promise<number | undefined> =>
      readDatasetInfo(folder).then(
        ({ counts }) => counts.errors,
        () => undefined,
      );
    await vi.waitUntil(async () => (await errorsIn()) === 1, { timeout: 600_000 });
    await vi.waitUntil(async () => (await readQueueRecord(folder)) === undefined, { timeout: 600_000 });
    await writeFile(join(inputs[0]!, "clip-2a.wav"), toneWav(9, 0.5));
    await enqueue({ folder, inputs, retryErrors: true });
    await vi.waitUntil(async () => (await errorsIn()) === 0, { timeout: 600_000 });
    stop.abort();
    expect((await working).report).toMatchObject({ parts: 5, partsLeft: 0 });
  });

  test.each([
    { code: "DATASET_THREADS", failure: new DatasetError("DATASET_THREADS", "no thread"), attemptsMade: 0 },
    { code: "RUNTIME_FAILED", failure: new RuntimeError("RUNTIME_FAILED", "its thread has ended"), attemptsMade: 1 },
  ])("loses no attempt of other parts to a worker that can do none ($code)", async ({ code, failure, attemptsMade }) => {
    const { folder, inputs } = await corpus();
    await enqueue({ folder, inputs, attempts: 2, backoff: 0 });
    const encodeBatch = vi.spyOn(AudioTokenizer.prototype, "encodeBatch").mockRejectedValue(failure);
    await expect(work({ folder })).rejects.toMatchObject({ code });
    encodeBatch.mockRestore();
    await using queue = await queueOf(folder);
    const jobs = await queue.getJobs(["waiting", "delayed", "prioritized", "failed", "active"]);
    expect(jobs.map(({ data, attemptsMade: made }) => [data.part as number, made]).toSorted()).toEqual([
      [0, attemptsMade],
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    expect((await work({ folder })).report).toMatchObject({ parts: 4, partsFailed: 0, info: { counts: { clips: 7, errors: 0 } } });
  });

  test("does not take parts of another dataset", async () => {
    const [one, other] = [await corpus(), await corpus({ "more.wav": toneWav(11, 0.4) })];
    await enqueue({ ...one, queue: "shared-name" });
    await enqueue({ ...other, queue: "shared-name" });
    await expect(work({ folder: other.folder })).rejects.toMatchObject({ code: "QUEUE_MISMATCH" });
  });

  test("needs Redis, and says so without its password", async () => {
    const { folder, inputs } = await corpus();
    const port = await freePort();
    const refused = expect.objectContaining({
      code: "QUEUE_UNREACHABLE",
      message: expect.stringMatching(`^cannot reach Redis at 127.0.0.1:${port}: .*ECONNREFUSED.* --redis redis://host:6379 or REDIS_URL$`),
    });
    await expect(enqueue({ folder, inputs, redis: `redis://me:hunter2@127.0.0.1:${port}` })).rejects.toEqual(refused);
    for (const url of [
      "hunter2",
      "redis://me:hunter2",
      "redis://me:hun/ter2@host",
      "redis://me:12#hunter2@host",
      "redis://me:12?hunter2@host",
      "redis://host/hunter2",
      "http://me:hunter2@host",
    ]) {
      await expect(enqueue({ folder, inputs, redis: url }), url).rejects.toThrow(/^redis must be a URL such as (?!.*hun)/);
    }
    await expect(enqueue({ folder, inputs, redis: "redis://me:hun%nter2@host" })).rejects.toThrow(
      /^the user or the password in the URL of Redis has a % that stands for nothing; write %25 for it$/,
    );
    await expect(enqueue({ folder, inputs, redis: redis.url.replace("//", "//me:hunter2@") })).rejects.toMatchObject({
      code: "QUEUE_UNREACHABLE",
      message: expect.not.stringContaining("hunter2"),
    });
    await checkRedis(`${redis.url}\n`); // as files with secrets end
    const error: unknown = await checkRedis(redis.url.replace("//", "//me:hunter2@")).catch((reason: unknown) => reason);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain("hunter2");
    await tokenize({ ...options, folder, inputs, share: { index: 0, count: 2 }, partRows: 2 });
    await expect(work({ folder })).rejects.toMatchObject({ code: "QUEUE_EMPTY", message: expect.stringContaining("is on no queue") });
  });
});
