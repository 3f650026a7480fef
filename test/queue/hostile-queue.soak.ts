import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { datasetQueueStatus, enqueueDataset, readQueueRecord, workOnDataset } from "../../src/queue/index.ts";
import type { EnqueueReport, WorkEvent, WorkReport } from "../../src/queue/index.ts";
import { tinyTokenizer, tokenize, toneWav } from "../dataset/corpus.ts";
import { bytesBelow } from "../dataset/encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";
import { describeWithRedis, RedisServer } from "./redis-server.ts";

const options = { model: await tinyTokenizer(), numCodebooks: 2, decodeThreads: 1 } as const;

/** The bytes that one machine makes of the same corpus. */
async function expectedBytes(folder: string, inputs: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  await tokenize({ ...options, folder: `${folder}-alone`, inputs, partRows: 2 });
  return bytesBelow(`${folder}-alone`);
}

describeWithRedis("a queue that others write to", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  /** Six files in parts of two, on a queue. */
  async function enqueued(): Promise<{
    readonly root: string;
    readonly folder: string;
    readonly inputs: readonly string[];
    readonly queue: Queue;
  }> {
    const root = await temporaryFolder();
    await writeTree(root, {
      ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, 0.3 + 0.1 * i)])),
      "other/data-000.tar": "other",
      "other/parts/000000.json": "other",
    });
    const folder = join(root, "out");
    const inputs = [join(root, "in")];
    await enqueue(folder, inputs);
    const queue = new Queue((await readQueueRecord(folder))!.queue, { connection: { url: redis.url } });
    onTestFinished(() => queue.close());
    return { root, folder, inputs, queue };
  }

  async function enqueue(folder: string, inputs?: readonly string[]): Promise<EnqueueReport> {
    const last = (
      await collect(
        enqueueDataset({
          ...options,
          folder,
          partRows: 2,
          redis: redis.url,
          attempts: 3,
          backoff: 0,
          ...(inputs === undefined ? {} : { inputs }),
        }),
      )
    ).at(-1)!;
    if (last.kind !== "finished") throw new Error(`the last event is ${last.kind}`);
    return last.report;
  }

  async function work(folder: string): Promise<{ readonly events: readonly WorkEvent[]; readonly report: WorkReport }> {
    const events = await collect(workOnDataset({ ...options, folder, redis: redis.url }));
    const last = events.at(-1)!;
    if (last.kind !== "finished") throw new Error(`the last event is ${last.kind}`);
    return { events, report: last.report };
  }

  /** Writes fields of a job as they are. */
  async function set(queue: Queue, id: string, fields: Readonly<Record<string, string>>): Promise<void> {
    const client = new Redis(redis.url);
    await client.hset(queue.toKey(id), fields);
    client.disconnect();
  }

  test("has what is no part fail at once and for good, and all parts done besides; nothing else is read, written or removed", async () => {
    const { root, folder, inputs, queue } = await enqueued();
    const { dataset } = (await queue.getJobs(["waiting"]))[0]!.data as { dataset: string };
    const job = { dataset, part: 0, rows: 2 };
    const hostile = [
      null,
      [],
      "x",
      { ...job, part: "x/../../other/data" },
      { ...job, part: "../../other/data" },
      { ...job, part: 3 },
      { ...job, part: -1 },
      { ...job, part: 1e300 },
      { ...job, part: 0.5 },
      { ...job, folder: join(root, "other") },
      { part: 1 },
      { ...job, dataset: "\u001b[2J" },
    ];
    for (const data of hostile) await queue.add("part", data, { attempts: 1000, lifo: true });
    const id = (await queue.add("part", job, { attempts: 1000, lifo: true })).id!;
    await set(queue, id, { data: "{not json" });

    const { events, report } = await work(folder);
    expect(report).toMatchObject({ parts: 3, rows: 6, partsLeft: 0, partsFailed: 0, info: { counts: { clips: 6, errors: 0 } } });
    const refused = events.filter(({ kind }) => kind === "job-refused");
    expect(refused).toHaveLength(hostile.length + 1);
    for (const { message } of refused as { message: string }[]) expect(message).toMatch(/^a job on the queue is [ -~]{1,200}$/u);
    expect(events.filter(({ kind }) => kind === "part-failed")).toEqual([]);
    const counts = await queue.getJobCounts("failed", "waiting", "active", "delayed");
    expect(counts).toEqual({ failed: hostile.length + 1, waiting: 0, active: 0, delayed: 0 });
    expect((await queue.getFailed(0, 5)).map(({ attemptsMade }) => attemptsMade)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await bytesBelow(join(root, "other"))).toEqual(
      new Map([
        ["data-000.tar", Buffer.from("other")],
        ["parts/000000.json", Buffer.from("other")],
      ]),
    );
    expect((await readdir(root)).toSorted()).toEqual(["in", "other", "out"]);
    expect(await bytesBelow(folder)).toEqual(await expectedBytes(folder, inputs));
  });

  test("has an end where all parts are done, though it holds what nobody can take", async () => {
    const { folder, inputs, queue } = await enqueued();
    const id = (await queue.add("part", {}, { lifo: true })).id!;
    await set(queue, id, { opts: "{not json" });
    const { report } = await work(folder);
    expect(report).toMatchObject({ parts: 3, partsLeft: 0, info: { counts: { clips: 6 } } });
    expect(await bytesBelow(folder)).toEqual(await expectedBytes(folder, inputs));
  });

  test("has a status, whatever its jobs say", async () => {
    const { folder, queue } = await enqueued();
    const client = new Redis(redis.url);
    const { id } = await queue.add("part", { part: "\u001b[2J" });
    await client.hset(queue.toKey(id!), { failedReason: "x".repeat(1e6) });
    await client.lrem(queue.toKey("wait"), 1, id!);
    await client.zadd(queue.toKey("failed"), 1, id!);
    for (const returnvalue of ["null", '{"rows":"x"}', '{"rows":2,"seconds":1}', "{"]) {
      const { id: done } = await queue.add("part", {});
      await client.hset(queue.toKey(done!), { returnvalue, processedOn: "x", finishedOn: "-" });
      await client.lrem(queue.toKey("wait"), 1, done!);
      await client.zadd(queue.toKey("completed"), 1, done!);
    }
    client.disconnect();
    const status = await datasetQueueStatus(folder, { redis: redis.url });
    expect(status.queue).toMatchObject({
      waiting: 3,
      failed: 1,
      failures: [{ part: null, attempts: 0, reason: "x".repeat(1000) }],
      secondsLeft: null,
    });
  });

  test("has parts of another dataset fail, does its own, and says so in the end", async () => {
    const { folder, inputs, queue } = await enqueued();
    await queue.add("part", { dataset: "0123456789ab", part: 0, rows: 2 }, { attempts: 1000, lifo: true });
    await expect(work(folder)).rejects.toMatchObject({
      code: "QUEUE_MISMATCH",
      message: expect.stringContaining("had 1 parts of another dataset"),
    });
    expect(await queue.getJobCounts("failed", "waiting", "active", "delayed")).toEqual({ failed: 1, waiting: 0, active: 0, delayed: 0 });
    expect(await bytesBelow(folder)).toEqual(await expectedBytes(folder, inputs));
  });

  test("has a part fail whose workers fell silent too often, with the clip that was at hand last", async () => {
    const { folder, queue } = await enqueued();
    await writeTree(folder, {
      "parts/000001.attempt.json": JSON.stringify({ crashed: { row: 3, key: "clip-3", path: "clip-3.wav", times: 1 } }),
    });
    const job = (await queue.getJobs(["waiting"])).find(({ data }) => (data as { part: number }).part === 1)!;
    await set(queue, job.id!, { stc: "11" });
    const { events, report } = await work(folder);
    expect(events.filter(({ kind }) => kind === "part-failed")).toEqual([
      { kind: "part-failed", part: 1, message: expect.stringContaining("the clip clip-3, row 3, clip-3.wav"), attempt: 1, attempts: 3 },
    ]);
    expect(report).toMatchObject({ parts: 2, partsLeft: 1, partsFailed: 1, info: null });
    await enqueue(folder);
    expect((await work(folder)).report).toMatchObject({ parts: 1, partsLeft: 0, info: { counts: { clips: 6 } } });
  });
});
