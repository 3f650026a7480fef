/*
 * A process whose worker threads die while they encode. It says "survived" if it did, and how many children it has left behind.
 * Usage: node survivor.js <death> <rounds> <address of the package's main file>
 */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { Piscina } from "piscina";

const workersAtOnce = 3;
const script = new URL("encoding-worker.js", import.meta.url);
const [death, rounds, index] = /** @type {[keyof typeof deaths, string, string]} */ (process.argv.slice(2));

const deaths = {
  /** Each is terminated as soon as it encodes, a little later than the one before. */
  async terminated() {
    const workers = await startAll();
    for (const worker of workers) {
      await worker.terminate();
      await setTimeout(20);
    }
  },

  /** Each is terminated somewhere between its start and a while after it began to encode. @param {number} round */
  async atAnyMoment(round) {
    await Promise.all(
      Array.from({ length: workersAtOnce }, async (_, number) => {
        const worker = new Worker(script, { workerData: { index } });
        await setTimeout((1.5 * longestStart * (round * workersAtOnce + number + 1)) / (Number(rounds) * workersAtOnce));
        await worker.terminate();
      }),
    );
  },

  async uncaughtError() {
    await Promise.all(
      Array.from({ length: workersAtOnce }, async () => {
        const worker = new Worker(script, { workerData: { index, fails: true } });
        worker.on("error", () => {});
        await new Promise((resolve) => worker.once("exit", resolve));
      }),
    );
  },

  async taskAborted() {
    const pool = new Piscina({ filename: script.href, maxThreads: workersAtOnce });
    const abort = new AbortController();
    const begun = new Promise((resolve) => pool.on("message", resolve));
    const tasks = Array.from({ length: workersAtOnce }, () => pool.run({ index }, { signal: abort.signal }));
    const ended = Promise.allSettled(tasks);
    await begun;
    abort.abort();
    await ended;
    await pool.destroy();
  },

  async processExit() {
    await startAll();
    process.exit(3);
  },
};

/** Starts workers and waits until all of them encode. */
async function startAll() {
  const workers = Array.from({ length: workersAtOnce }, () => new Worker(script, { workerData: { index } }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  return workers;
}

/** Where threads end that have not begun to encode. */
const mayInterruptStart = ["atAnyMoment", "taskAborted"].includes(death);

let longestStart = 0;
if (death === "atAnyMoment") {
  const start = performance.now();
  for (const worker of await startAll()) await worker.terminate();
  longestStart = performance.now() - start;
}
for (let round = 0; round < Number(rounds); round++) await deaths[death](round);

/** Children that have ended and that nobody waits for, but for the shell of a thread that was terminated while it waited for it. */
function zombies() {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/u.test(pid)) return false;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [name, rest] = [stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")), stat.slice(stat.lastIndexOf(")") + 2)];
      const [state, parent] = rest.split(" ");
      return state === "Z" && Number(parent) === process.pid && !(mayInterruptStart && name === "sh");
    } catch {
      return false;
    }
  });
}
process.stdout.write(`survived, ${process.platform === "linux" ? zombies().length : 0} left behind\n`);
