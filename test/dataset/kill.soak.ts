import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { builtUrl } from "../built-package.ts";
import { soakRuns } from "../long-searches.ts";
import { tinyModel, toneWav } from "./corpus.ts";
import { bytesBelow } from "./encoded-clips.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";

const numFiles = 36;
/** After how many rows each run is killed; in the long search at any moment after them. */
const kills = Array.from({ length: Math.ceil(soakRuns / 500) }, () => Math.floor((Math.random() * numFiles) / 3));

function script(corpus: string): string {
  return `
    import { tokenizeDataset, vocabularyLayout } from ${JSON.stringify(builtUrl("entries/dataset.ts"))};
    import { TokenVocabulary } from ${JSON.stringify(builtUrl("entries/patterns.ts"))};
    const layout = vocabularyLayout(new TokenVocabulary({ codebookSize: 1024, numCodebooks: 2, specialTokens: { eos: {} } }));
    const outputs = [{ format: "webdataset", shardClips: 2 }, { format: "parquet" }, { format: "npy" }, { format: "jsonl" }, { format: "tokens", layout }];
    const inputs = [${JSON.stringify(corpus)}];
    for await (const { kind } of tokenizeDataset({ folder: process.argv[2], inputs, model: ${JSON.stringify(tinyModel)}, load: { threads: 1 }, numCodebooks: 2, window: { seconds: 0.5 }, partRows: 3, outputs, decodeThreads: 1, maxCrashes: ${kills.length + 1} })) console.log(kind);`;
}

/** Everything in a dataset, without the lock that a killed run leaves behind. */
async function resultIn(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  return new Map([...(await bytesBelow(folder))].filter(([name]) => !name.startsWith("lock-")));
}

/** Waits until a process has told of so many rows after the plan, or ends. */
async function rowsOf(child: ChildProcess, count: number): Promise<void> {
  let rows = -1;
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line === "plan" || line === "row") rows++;
    if (rows >= count) return;
  }
}

test(`a run that is killed ${kills.length} times ends with the bytes of one that was never interrupted`, async () => {
  const folder = await temporaryFolder();
  const corpus = join(folder, "corpus");
  const clips = Array.from(
    { length: numFiles },
    (_, i) => [`${i % 4}/clip-${i}.wav`, i % 7 === 3 ? "not audio" : toneWav(i, 0.2 + (i % 5) * 0.2)] as const,
  );
  await writeTree(corpus, Object.fromEntries(clips));
  await writeFile(join(folder, "run.mjs"), script(corpus));
  const start = (out: string): ChildProcess =>
    spawn(process.execPath, [join(folder, "run.mjs"), join(folder, out)], { stdio: ["ignore", "pipe", "inherit"] });
  const runToTheEnd = async (out: string): Promise<void> => {
    const child = start(out);
    child.stdout!.resume();
    await once(child, "exit");
  };

  await runToTheEnd("whole");
  const expected = await resultIn(join(folder, "whole"));
  expect(expected.size).toBeGreaterThan(100);

  let unfinished = 0;
  for (const rows of kills) {
    const child = start("killed");
    const exit = once(child, "exit");
    await rowsOf(child, rows);
    await Promise.race([sleep(Math.random() * 50), exit]);
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
  expect(unfinished).toBeGreaterThan(kills.length / 2);
  await runToTheEnd("killed");
  const found = await resultIn(join(folder, "killed"));
  expect([...found.keys()]).toEqual([...expected.keys()]);
  expect(found).toEqual(expected);
});
