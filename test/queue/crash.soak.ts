import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readPartNotes } from "../../src/dataset/parts/part-attempt.ts";
import { datasetQueueStatus, enqueueDataset } from "../../src/queue/index.ts";
import { builtUrl } from "../built-package.ts";
import { tinyModel, toneWav } from "../dataset/corpus.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";
import { describeWithRedis, RedisServer } from "./redis-server.ts";

const options = { model: tinyModel, numCodebooks: 2, decodeThreads: 1 } as const;

/** A worker whose process ends at a clip of a certain length. */
function script(seconds: number): string {
  return `
    import { AudioTokenizer } from ${JSON.stringify(builtUrl("tokenizer/index.ts"))};
    import { workOnDataset } from ${JSON.stringify(builtUrl("queue/index.ts"))};
    const [folder, redis] = process.argv.slice(2);
    const { encodeBatch } = AudioTokenizer.prototype;
    AudioTokenizer.prototype.encodeBatch = async function (waveforms, options) {
      if (waveforms.some(({ channelData }) => channelData[0].length === ${seconds * 24_000})) process.kill(process.pid, "SIGKILL");
      return encodeBatch.call(this, waveforms, options);
    };
    for await (const event of workOnDataset({ folder, redis, model: ${JSON.stringify(tinyModel)}, load: { threads: 1 }, numCodebooks: 2, decodeThreads: 1, stalledAfter: 1 })) {
      if (event.kind === "finished") console.log(JSON.stringify({ ...event.report, info: null }));
    }
    process.exit(0);`;
}

/** What a worker says, and what ends it. */
async function workerOf(args: readonly string[]): Promise<{ readonly signal: string | null; readonly text: string }> {
  const child = spawn(process.execPath, [...args], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += String(chunk);
  });
  await once(child, "close");
  return { signal: child.signalCode, text };
}

describe("a clip that ends its process", () => {
  describeWithRedis("on a queue", () => {
    test("ends so many workers and no more: its part fails with the key of the clip, and the others are done", async () => {
      await using redis = await RedisServer.start();
      const root = await temporaryFolder();
      const folder = join(root, "out");
      await writeTree(
        root,
        Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`in/clip-${i}.wav`, toneWav(i, i === 3 ? 0.77 : 0.3)])),
      );
      await collect(
        enqueueDataset({ ...options, folder, inputs: [join(root, "in")], partRows: 2, redis: redis.url, attempts: 3, backoff: 0 }),
      );
      await writeFile(join(root, "work.mjs"), script(0.77));
      const workers: { readonly signal: string | null; readonly text: string }[] = [];
      do workers.push(await workerOf([join(root, "work.mjs"), folder, redis.url]));
      while (workers.at(-1)!.signal === "SIGKILL" && workers.length < 10);
      expect(workers.map(({ signal }) => signal)).toEqual(["SIGKILL", "SIGKILL", "SIGKILL", "SIGKILL", null]);
      expect(JSON.parse(workers.at(-1)!.text)).toMatchObject({ partsLeft: 1, partsFailed: 1 });
      expect((await readPartNotes(folder, [0, 1, 2])).get(1)).toEqual({
        crashed: { row: 3, key: "clip-3", path: "clip-3.wav", times: 3 },
      });
      const status = await datasetQueueStatus(folder, { redis: redis.url });
      expect(status).toMatchObject({
        done: { parts: 2, rows: 4 },
        queue: {
          failed: 1,
          failures: [{ part: 1, attempts: 1, reason: expect.stringContaining("3 times at the clip clip-3, row 3, clip-3.wav") }],
        },
      });
    });
  });
});
