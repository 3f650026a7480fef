// A corpus shared by workers through a queue: npx tsx examples/queue.ts [folder of audio]
// Needs Redis: that of REDIS_URL, or else redis-server (apt-get install redis-server), which it starts for itself.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { verifyDataset } from "encodec-tokenizer/dataset";
import { checkRedis, datasetQueueStatus, enqueueDataset, workOnDataset } from "encodec-tokenizer/queue";
import "./support/run-sources.ts";

const folder = await mkdtemp(join(tmpdir(), "queue-"));
const redis = await startRedis();
if (redis === undefined) {
  console.log("no Redis here: set REDIS_URL, or apt-get install redis-server");
} else {
  const [corpus = await writeSmallCorpus(join(folder, "corpus"))] = process.argv.slice(2);
  const out = join(folder, "codes");
  // What shapes the dataset is the same for everybody; what machines do their own way, such as threads, is not part of it.
  const shape = { folder: out, model: "tiny", numCodebooks: 4, window: { seconds: 2 }, redis: redis.url } as const;

  for await (const event of enqueueDataset({ ...shape, inputs: [corpus], partRows: 2 })) {
    if (event.kind === "finished") console.log(`${event.report.partsQueued} parts of ${event.report.rows} files on ${event.report.queue}`);
  }
  const work = async (name: string): Promise<void> => {
    for await (const event of workOnDataset({ ...shape, load: { threads: 1 }, decodeThreads: 1 })) {
      if (event.kind === "part-finished") console.log(`${name}: part ${event.part}, ${event.record.clips} clips`);
      if (event.kind === "part-failed") console.log(`${name}: part ${event.part} failed: ${event.message}`);
      if (event.kind === "finished") console.log(`${name}: ${event.report.parts} parts, ${event.report.seconds.toFixed(1)} s of audio`);
    }
  };
  // Start as many workers as there are machines; here two run in one process.
  await Promise.all([work("one"), work("two")]);

  const { isComplete, done } = await datasetQueueStatus(out, { redis: redis.url });
  let findings = 0;
  for await (const { message } of verifyDataset(out)) console.log(`finding ${++findings}: ${message}`);
  console.log(`complete: ${isComplete}, ${done.clips} clips, ${findings} findings`);
  await redis.stop();
}
await rm(folder, { recursive: true });

async function startRedis(): Promise<{ readonly url: string; stop(): Promise<void> } | undefined> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL !== undefined) return { url: REDIS_URL, stop: async () => {} };
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const port = 20_000 + (process.pid % 20_000);
  const server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder], { stdio: "ignore" });
  const url = `redis://127.0.0.1:${port}`;
  for (let tries = 1; ; tries++) {
    try {
      await checkRedis(url);
      break;
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(100);
    }
  }
  return {
    url,
    async stop() {
      server.kill();
      await once(server, "exit");
    },
  };
}

async function writeSmallCorpus(to: string): Promise<string> {
  await mkdir(to);
  for (const name of ["a", "b", "c", "d", "e", "f"]) await cp("examples/speech.wav", join(to, `${name}.wav`));
  return to;
}
