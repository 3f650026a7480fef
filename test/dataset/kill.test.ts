import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { buildPackage } from "./built-package.ts";
import { tinyModel, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { temporaryFolder, writeTree } from "./temporary-folder.ts";

/** Runs that are killed. */
const numKills = 20;

function script(corpus: string): string {
  return `
    import { TokenVocabulary, tokenizeDataset, vocabularyLayout } from "./dist/index.js";
    const layout = vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, specialTokens: { eos: {} } }));
    const outputs = [{ format: "webdataset", shardClips: 2 }, { format: "parquet" }, { format: "npy" }, { format: "jsonl" }, { format: "tokens", layout }];
    const inputs = [${JSON.stringify(corpus)}];
    for await (const { kind } of tokenizeDataset({ folder: process.argv[2], inputs, model: ${JSON.stringify(tinyModel)}, load: { threads: 1 }, numCodebooks: 2, window: { seconds: 0.5 }, partRows: 3, outputs, workers: 1 })) {
      if (kind === "plan" || kind === "finished") console.log(kind);
    }`;
}

/** Everything in a dataset, without the lock that a killed run leaves behind. */
async function resultIn(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  return new Map([...(await bytesBelow(folder))].filter(([name]) => !name.startsWith("lock-")));
}

test(`a run that is killed ${numKills} times ends with the bytes of one that was never interrupted`, { timeout: 300_000 }, async () => {
  const folder = await temporaryFolder();
  await buildPackage(folder);
  const corpus = join(folder, "corpus");
  const clips = Array.from(
    { length: 36 },
    (_, i) => [`${i % 4}/clip-${i}.wav`, i % 7 === 3 ? "not audio" : toneWav(i, 0.2 + (i % 5) * 0.2)] as const,
  );
  await writeTree(corpus, Object.fromEntries(clips));
  await writeFile(join(folder, "run.mjs"), script(corpus));
  const start = (out: string): ChildProcess =>
    spawn(process.execPath, [join(folder, "run.mjs"), join(folder, out)], { stdio: ["ignore", "pipe", "inherit"] });

  const whole = start("whole");
  const [begun] = await Promise.all([timeBetween(whole, "plan", "finished"), once(whole, "exit")]);
  const expected = await resultIn(join(folder, "whole"));
  expect(expected.size).toBeGreaterThan(100);

  let unfinished = 0;
  for (let kill = 0; kill < numKills; kill++) {
    const child = start("killed");
    const exit = once(child, "exit");
    await Promise.race([once(child.stdout!, "data"), exit]);
    // A third of the work at most, so that most kills hit a run that has more to do.
    await Promise.race([sleep(Math.random() * begun * 0.35), exit]);
    child.kill("SIGKILL");
    await exit;
    const names = await readdir(join(folder, "killed"));
    if (!names.includes("dataset.json")) {
      unfinished++;
      continue;
    }
    // It was done before the kill: the next run begins again.
    expect(await resultIn(join(folder, "killed"))).toEqual(expected);
    await rm(join(folder, "killed"), { recursive: true });
  }
  expect(unfinished).toBeGreaterThan(numKills / 2);
  await once(start("killed"), "exit");
  const found = await resultIn(join(folder, "killed"));
  expect([...found.keys()]).toEqual([...expected.keys()]);
  expect(found).toEqual(expected);
});

/** Milliseconds between two lines of a process. */
async function timeBetween(child: ChildProcess, first: string, second: string): Promise<number> {
  let begun = NaN;
  for await (const chunk of child.stdout!) {
    const lines = String(chunk).split("\n");
    if (lines.includes(first)) begun = performance.now();
    if (lines.includes(second)) return performance.now() - begun;
  }
  throw new Error(`the process ended without ${second}`);
}
