import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openDataset } from "../../src/dataset/open-dataset.ts";
import { verifyDataset } from "../../src/dataset/verify/verify-dataset.ts";
import { builtFile } from "../built-package.ts";
import { toneWav } from "../dataset/corpus.ts";
import { bytesBelow } from "../dataset/encoded-clips.ts";
import { collect, temporaryFolder, writeTree } from "../temporary-folder.ts";
import { describeWithRedis, RedisServer } from "./redis-server.ts";

const numFiles = 60;
const partRows = 4;

/** An event of a worker, or the end of its process. */
type Line = {
  readonly kind: string;
  readonly part?: number;
  readonly isUp?: boolean;
  readonly isComplete?: boolean;
  readonly rows?: number;
  readonly errors?: number;
};

/** A process that tells events as lines of JSON. */
class Command {
  readonly process: ChildProcess;
  readonly lines: Line[] = [];
  readonly exit: Promise<unknown>;
  /** Once it is connected. */
  readonly ready: Promise<Line>;
  readonly #waiting: { readonly isMet: (line: Line) => boolean; readonly resolve: (line: Line) => void }[] = [];

  constructor(main: string, args: readonly string[]) {
    this.process = spawn(process.execPath, [main, "tokenize", ...args], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void this.process.kill("SIGKILL"));
    const exit = once(this.process, "close");
    this.exit = exit;
    createInterface({ input: this.process.stdout! }).on("line", (text) => this.#take(JSON.parse(text) as Line));
    this.ready = this.next(({ kind }) => kind === "ready");
    exit.then(
      () => this.#take({ kind: "exit" }),
      () => {},
    );
  }

  /** The next line that meets a condition, or the end. */
  next(isMet: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve) => this.#waiting.push({ isMet: (line) => line.kind === "exit" || isMet(line), resolve }));
  }

  #take(line: Line): void {
    this.lines.push(line);
    for (const [index, { isMet, resolve }] of [...this.#waiting.entries()].toReversed()) {
      if (!isMet(line)) continue;
      this.#waiting.splice(index, 1);
      resolve(line);
    }
  }
}

describeWithRedis("workers on one queue", () => {
  test("end with every clip once and the bytes of one machine, though one is killed within a part and Redis is gone for a while", async () => {
    const folder = await temporaryFolder();
    await writeTree(
      folder,
      Object.fromEntries(
        Array.from({ length: numFiles }, (_, i) => [`corpus/${i % 3}/clip-${i}.wav`, i === 17 ? "not audio" : toneWav(i, 2 + (i % 5))]),
      ),
    );
    const [out, alone] = [join(folder, "out"), join(folder, "alone")];
    const main = builtFile("cli/main.ts");
    const shape = ["-n", "4", "--window", "0.5", "--part-rows", String(partRows), "--threads", "1", "--json", "-q"];
    await using redis = await RedisServer.start();
    const work = (): Command =>
      new Command(main, [
        "worker",
        "-o",
        out,
        "--redis",
        redis.url,
        "--threads",
        "1",
        "--decode-threads",
        "1",
        "--stalled-after",
        "2",
        "--json",
        "-q",
      ]);

    const single = new Command(main, [join(folder, "corpus"), "-o", alone, ...shape]);
    await single.exit;
    const enqueued = new Command(main, ["enqueue", join(folder, "corpus"), "-o", out, ...shape, "--redis", redis.url]);
    await enqueued.exit;
    expect(enqueued.lines.at(-2)).toMatchObject({
      kind: "finished",
      rows: numFiles,
      parts: numFiles / partRows,
      partsQueued: numFiles / partRows,
    });

    const workers = [work(), work(), work()];
    // A worker that has written some rows of a part is killed; should it have been done with the part by then, another one is.
    let lost: number | undefined;
    while (lost === undefined) {
      const victim = workers.at(-1)!;
      const { part } = await victim.next(({ kind }) => kind === "row");
      expect(part).toBeDefined();
      victim.process.kill("SIGKILL");
      await victim.exit;
      const last = victim.lines.findLast(({ kind }) => kind === "part-started")!.part!;
      if (existsSync(join(out, "parts", `${String(last).padStart(6, "0")}.json`))) workers.push(work());
      else lost = last;
    }
    const alive = workers.filter(({ process: { signalCode } }) => signalCode === null);
    expect(alive.length).toBeGreaterThanOrEqual(2);
    expect(existsSync(join(out, "dataset.json"))).toBe(false);

    expect((await Promise.all(alive.map(({ ready }) => ready))).map(({ kind }) => kind)).toEqual(alive.map(() => "ready"));
    const outages = alive.map((worker) => worker.next(({ kind, isUp }) => kind === "redis" && isUp === false));
    await redis.stop();
    expect((await Promise.all(outages)).map(({ kind }) => kind)).toEqual(alive.map(() => "redis"));
    await sleep(3000); // longer than a worker has to show a sign of life
    await redis.start();

    await Promise.all(alive.map(({ exit }) => exit));
    // One of the files is no audio.
    expect(alive.map(({ process: { exitCode } }) => exitCode)).toEqual(alive.map(({ lines }) => (lines.at(-2)!.errors === 0 ? 0 : 3)));
    for (const { lines } of alive) expect(lines.at(-2)).toMatchObject({ kind: "finished", isComplete: true, partsLeft: 0 });
    expect(alive.flatMap(({ lines }) => lines).filter(({ kind, part }) => kind === "part-finished" && part === lost)).toHaveLength(1);

    const [found, expected] = [await bytesBelow(out), await bytesBelow(alone)];
    expect([...found.keys()]).toEqual([...expected.keys()]);
    expect(found).toEqual(expected);
    const keys = (await collect(await openDataset(out))).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(new Set(keys.map((key) => key.replace(/_w\d+$/u, ""))).size).toBe(numFiles - 1);
    expect(await collect(verifyDataset(out))).toEqual([]);
  });
});
